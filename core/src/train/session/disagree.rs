//! Where teacher and student disagree on dev, asked in the middle of a run.

use super::{
    super::{
        disagree::{Disagreements, of_classes, of_words},
        evaluate::predict,
    },
    Session,
    stages::WORDS,
};
use crate::{
    Error, Result,
    data::Masking,
    model::{Model, Task},
};

impl Session {
    /// Where whoever teaches and the student disagree on dev now; the `most` texts on which they do most are told.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher, or one that answers something else; [`Error::Device`] when the
    /// device fails.
    pub async fn disagreements(&self, most: usize) -> Result<Disagreements> {
        let student = self.setup.learners[0].frozen();
        let task = student.config().task("the student")?;
        let answers = |teacher: &&Model| teacher.config().task("").is_ok_and(|theirs| theirs == task);
        let teacher = self.setup.teachers.iter().chain(&self.setup.pretrained).find(answers);
        let Some(teacher) = teacher else {
            let found = if self.setup.teachers.is_empty() { "none" } else { "one that answers something else" };
            return Err(Error::input("the run", format!("a teacher that answers {}", task.name()), found));
        };
        let (who, device) = (self.teacher(), &self.opened.device);
        let dev = &self.setup.encodings[1];
        if task == Task::Classification {
            let (theirs, own) = (predict(teacher, dev, device).await?, predict(&student, dev, device).await?);
            let (labels, examples) = (&self.setup.classes, &self.setup.dataset.dev);
            return Ok(Disagreements::Classes(of_classes(who, labels, examples, [&theirs, &own], most)));
        }
        let masking = match task {
            Task::MaskedLm => Some(Masking::new(&self.setup.tokenizer, WORDS)?),
            Task::Classification | Task::CausalLm => None,
        };
        let told = of_words(who, [teacher, &student], (dev, masking.as_ref()), &self.setup.tokenizer, most, device);
        Ok(Disagreements::Words(told.await?))
    }
}
