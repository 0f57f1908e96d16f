//! The step to come on one example, taken apart in the middle of a run, which is left as it was.

use web_time::Instant;

use super::{
    super::{
        apart::{Apart, Ask, Specimen, Which},
        companions::is_companion,
        schedule,
        setup::Encode,
    },
    Session, Stage,
    lessons::noise,
};
use crate::{
    Error, Result,
    data::{Example, HostBatch},
    model::Task,
    run::Phase,
};

impl Session {
    /// The step to come on one example. What is learned from is that of the phase in progress, or of the next where
    /// one has ended.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such example or weight, no step to come, or companions beside the student;
    /// [`Error::Device`] when the device fails.
    pub async fn take_apart(&mut self, example: &Specimen, which: Option<&Which>) -> Result<Apart> {
        self.arrive().await?;
        if self.setup.learners.iter().any(|learner| is_companion(&learner.who)) {
            return Err(Error::input("the run", "a student that learns alone", "companions beside it"));
        }
        let phase = &self.run.phases[self.position.phase];
        let steps = self.plan[self.position.phase];
        let host = self.specimen(example, phase)?;
        let tutor = self.tutor(phase).map(|tutor| self.setup.learners[tutor].frozen());
        let teachers = tutor.as_ref().map_or(self.setup.teachers(phase.stage), std::slice::from_ref);
        let learner = &self.setup.learners[0];
        let ask = Ask {
            learner,
            teachers,
            host: &host,
            tokenizer: &self.setup.tokenizer,
            classes: &self.setup.classes,
            objectives: &self.setup.learned(phase),
            settings: &phase.optimizer,
            lr: schedule::rate(&phase.optimizer, self.position.phase_step, steps),
            steps: [self.position.step, self.position.phase_step, steps],
            phase: self.position.phase,
            device: &self.opened.device,
        };
        ask.answer(which).await
    }

    /// Goes to where the next thing is a step, as [`Session::next`] would; what happens on the way is told by that.
    async fn arrive(&mut self) -> Result<()> {
        self.since = Instant::now();
        loop {
            match self.stage {
                Stage::Opening => self.start().await?,
                Stage::Phase => self.begin_phase().await?,
                Stage::Training => break,
                Stage::Ending | Stage::Over => {
                    return Err(Error::input("the run", "a step to come", "a run whose steps are all taken"));
                }
            }
        }
        self.clock();
        Ok(())
    }

    /// An example as a batch of one.
    fn specimen(&self, example: &Specimen, phase: &Phase) -> Result<HostBatch> {
        let host = match example {
            Specimen::Train { index } => {
                let texts = self.setup.train(phase.stage);
                if *index >= texts.len() {
                    let wanted = format!("one of the {} that are learned from, counted from 0", texts.len());
                    return Err(Error::input("the example", wanted, index.to_string()));
                }
                texts.host(&[*index])
            }
            Specimen::Own { text, pair, label } => {
                if text.trim().is_empty() {
                    return Err(Error::input("the example", "a text", "none"));
                }
                let label = match self.setup.task(phase.stage) {
                    Task::Classification => self.class(label.as_deref())?,
                    Task::MaskedLm | Task::CausalLm => 0,
                };
                let one = Example { text: text.clone(), pair: pair.clone(), label };
                let family = self.setup.learners[0].model.config().family;
                let (run, tokenizer, kind) = (&self.run, &self.setup.tokenizer, self.setup.dataset.kind);
                let texts = Encode { run, tokenizer, kind, family }.all(&[one])?;
                if texts.is_empty() {
                    return Err(Error::input("the example", "a text of two tokens or more", format!("{text:?}")));
                }
                texts.host(&[0])
            }
        };
        let seed = noise(self.run.seed, self.position.phase, self.position.phase_step * phase.accumulate);
        Ok(match &self.masking {
            Some(masking) => masking.hide(host, seed),
            None => host,
        })
    }

    /// The place of a class by its name, the model's or the data's.
    fn class(&self, label: Option<&str>) -> Result<usize> {
        let known = [&self.setup.classes, &self.setup.dataset.labels];
        let place = |name: &str| known.iter().find_map(|labels| labels.iter().position(|label| label == name));
        label.and_then(place).ok_or_else(|| {
            let found = label.map_or("none".to_owned(), |label| format!("`{label}`"));
            Error::input("the example's label", self.setup.classes.join(" or "), found)
        })
    }
}
