//! A session as one hop of a chain: what its teacher is called, who came before, and what it leaves to
//! the next hop beside its student.

use super::{
    super::{chain::PRETRAINED, event::Eval},
    Session,
    stages::SPLITS,
};
use crate::{
    Result, checkpoint,
    model::Model,
    run::{Phase, Stage},
};

impl Session {
    /// What the one who teaches is called.
    pub(super) fn teacher(&self) -> &str {
        self.hop.as_ref().map_or("teacher", |hop| &hop.teacher)
    }

    /// The run's other models with their parameters: those of a chain so far, and whoever learns beside the
    /// student.
    pub(super) fn others(&self) -> Vec<(String, usize)> {
        let beside = self.setup.learners.iter().filter(|learner| !["student", "control"].contains(&&*learner.who));
        let beside = beside.map(|learner| (learner.who.clone(), learner.model.parameters()));
        self.before.iter().cloned().chain(beside).collect()
    }

    /// The teacher that everyone is compared with: the run's own, also where an assistant teaches.
    pub(super) async fn measure(&self) -> Result<Option<Model>> {
        match &self.run.teacher {
            Some(teacher) if self.teacher() != "teacher" => {
                let files = checkpoint::read_dir(&teacher.model).await?;
                checkpoint::load_model(&teacher.model, &files, &self.opened.device).map(Some)
            }
            _ => Ok(self.setup.teachers.first().cloned()),
        }
    }

    /// Evaluates the assistant that teaches, if one does, where the hop before did not.
    pub(super) async fn measure_mentor(&mut self) -> Result<()> {
        let name = self.teacher().to_owned();
        let Some(mentor) = self.setup.teachers.first().filter(|_| name != "teacher").cloned() else { return Ok(()) };
        for split in 1..=self.reported() {
            if self.elders_on(split).iter().any(|eval| eval.who == name) {
                continue;
            }
            let answers = self.answers(&mentor, split).await?;
            let eval = answers.figures(&self.setup.dataset.labels_of(split), self.taught[split - 1].as_ref());
            self.elders.push(self.named(eval, &name, split));
        }
        Ok(())
    }

    /// Figures of the chain's assistants so far on dev (1) or test (2).
    pub(super) fn elders_on(&self, split: usize) -> Vec<Eval> {
        let here = self.elders.iter().filter(|eval| eval.split.split(' ').next() == Some(SPLITS[split]));
        here.map(|eval| Eval { step: self.position.step, ..eval.clone() }).collect()
    }

    /// An assistant that goes from words to the task teaches the next one's words as it is now, where
    /// the run has a teacher of its own for them.
    pub(super) async fn hand_on(&self, phase: &Phase) -> Result<()> {
        let next = self.run.phases.get(self.position.phase + 1);
        let leaves_words = phase.stage != Stage::Task && next.is_some_and(|next| next.stage == Stage::Task);
        let teaches = self.hop.as_ref().is_some_and(|hop| hop.teaches());
        if !(teaches && leaves_words) || self.setup.pretrained.is_empty() {
            return Ok(());
        }
        for (name, bytes) in self.export().await? {
            self.store.write(&format!("{PRETRAINED}/{name}"), &bytes).await?;
        }
        Ok(())
    }
}
