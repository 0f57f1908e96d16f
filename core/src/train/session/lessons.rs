//! The batches of a step: what is read or written, what the teachers say to it, what is learned.

use burn::tensor::Device;

use super::{
    super::{
        kept::Kept,
        learner::{Lesson, Scalars},
        teaching::{self, TUTOR},
        writing::{self, Authors},
    },
    Session,
};
use crate::{
    Result, checkpoint,
    data::{Batch, HostBatch},
    model::{Model, Task, Trace, Wants},
    platform::Store,
    run::Phase,
};

impl Session {
    /// Forward and backward over the batches of one step, for every learner. What the student writes
    /// for itself is its own; the control reads the data. Gives the sentences that were read, and their tokens.
    pub(super) async fn learn(&mut self, phase: &Phase, steps: usize) -> Result<[usize; 2]> {
        let device = &self.opened.device;
        let (mut examples, mut tokens) = (0, 0);
        for micro in 0..phase.accumulate {
            let index = self.position.phase_step * phase.accumulate + micro;
            let Some(order) = &mut self.order else { break };
            let noise = noise(self.run.seed, self.position.phase, index);
            let (texts, rows) = (self.setup.train(phase.stage), order.batch(index));
            let mut host = texts.host(&rows);
            if let Some(masking) = &self.masking {
                host = masking.hide(host, noise);
            }
            let read = host.to_device(device);
            examples += read.rows;
            tokens += host.tokens();
            let tutor = self.tutor(phase).map(|tutor| self.setup.learners[tutor].frozen());
            let teachers = tutor.as_ref().map_or(self.setup.teachers(phase.stage), std::slice::from_ref);
            let written = match &phase.writing {
                Some(writing) => {
                    let at = format!("phases.{}.writing", self.position.phase);
                    let student = self.setup.learners[0].frozen();
                    let authors = Authors { student: &student, teacher: teachers.first() };
                    let batch = writing::batch(&at, writing, authors, texts, &rows, noise).await?;
                    Some(batch.to_device(device))
                }
                None => None,
            };
            let own = written.as_ref().unwrap_or(&read);
            let wants = self.setup.learners.iter().fold(Wants::default(), |wants, l| wants.union(&l.wants()));
            let teachers = answers(&mut self.kept, teachers, &host, own, &wants, device).await?;
            for (index, learner) in self.setup.learners.iter_mut().enumerate() {
                learner.learn(&Lesson {
                    batch: if index == 0 { own } else { &read },
                    teachers: &teachers,
                    noise: Some(noise),
                    progress: self.position.phase_step as f64 / steps as f64,
                    share: 1.0 / phase.accumulate as f64,
                })?;
            }
        }
        Ok([examples, tokens])
    }

    /// Where among the learners the teacher is that learns to teach in this phase.
    pub(super) fn tutor(&self, phase: &Phase) -> Option<usize> {
        phase.teaching.as_ref()?;
        self.setup.learners.iter().position(|learner| learner.who == TUTOR)
    }

    /// Where the teacher learns to teach, its step before the student's.
    pub(super) fn teach(&mut self, phase: &Phase, lr: f64, steps: usize) -> Result<Option<(String, Scalars)>> {
        let (Some(teaching), Some(tutor)) = (&phase.teaching, self.tutor(phase)) else { return Ok(None) };
        let (Some(order), Some(quiz)) = (&mut self.order, &mut self.quiz) else { return Ok(None) };
        let step = self.position.phase_step;
        let texts = self.setup.train(phase.stage);
        let read = |rows: Vec<usize>| texts.host(&rows).to_device(&self.opened.device);
        let batches = [read(order.batch(step * phase.accumulate)), read(quiz.batch(step))];
        let progress = step as f64 / steps as f64;
        let [student, tutor] = self.setup.learners.get_disjoint_mut([0, tutor]).expect("two learners");
        teaching::teach(student, tutor, [&batches[0], &batches[1]], teaching, progress)?;
        let rate = lr * teaching.lr / phase.optimizer.lr;
        Ok(Some((TUTOR.to_owned(), tutor.take_step(rate, &phase.optimizer))))
    }

    /// The teacher's kept answers, if the run keeps any and they can teach this phase.
    pub(super) async fn keep(&self, phase: &Phase) -> Result<Option<Kept>> {
        let keep = self.run.teacher.as_ref().and_then(|teacher| teacher.keep.as_ref());
        let (Some(keep), [teacher]) = (keep, self.setup.teachers(phase.stage)) else { return Ok(None) };
        let hidden = self.masking.as_ref().is_some_and(|masking| masking.share > 0.0);
        let looked_into = self.setup.learners.iter().any(|learner| learner.looks_inside());
        if hidden || looked_into || phase.writing.is_some() || phase.teaching.is_some() {
            return Ok(None);
        }
        let names = [checkpoint::hash(teacher).await?, self.setup.dataset.hash.clone(), self.setup.tokenizer.hash()];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let config = teacher.config();
        let classes = match self.setup.task(phase.stage) {
            Task::Classification => config.labels().len(),
            _ => config.vocab_size,
        };
        let store = Store::open(&keep.at).await?;
        Kept::open(store, &names, keep.top, classes).await.map(Some)
    }
}

/// What the teachers say to a batch: as it was kept, or now.
async fn answers(
    kept: &mut Option<Kept>,
    teachers: &[Model],
    host: &HostBatch,
    batch: &Batch,
    wants: &Wants,
    device: &Device,
) -> Result<Vec<Trace>> {
    let ask = |teacher: &Model| teacher.forward(batch, wants, None, None);
    match (kept, teachers) {
        (Some(kept), [teacher]) => {
            let answer = kept.answer(host, device, || ask(teacher).logits()).await?;
            Ok(vec![Trace::of(answer)])
        }
        _ => Ok(teachers.iter().map(ask).collect()),
    }
}

/// A seed for every batch of every phase.
pub(super) fn noise(seed: u64, phase: usize, index: usize) -> u64 {
    let place = ((phase as u64) << 48) | index as u64;
    seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03)
}
