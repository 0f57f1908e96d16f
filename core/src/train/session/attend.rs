//! Where the models of a run look in a text of one's own, asked in the middle of it.

use super::{
    super::attention::{Attention, Readers},
    Session,
};
use crate::{Result, data::Kind};

impl Session {
    /// Where the teacher, if there is one, and the student look now. A prompt stands in the run's template.
    ///
    /// # Errors
    /// As [`Readers::attention`].
    pub async fn attention(&self, text: &str, pair: Option<&str>) -> Result<Attention> {
        let student = self.setup.learners[0].frozen();
        let teacher = self.setup.teachers(self.phase_now().stage).first();
        let mut models: Vec<_> = teacher.map(|teacher| (self.teacher().to_owned(), teacher)).into_iter().collect();
        models.push(("student".to_owned(), &student));
        let readers = Readers {
            models,
            tokenizer: &self.setup.tokenizer,
            longest: self.run.data.max_length,
            device: &self.opened.device,
        };
        match self.setup.dataset.kind {
            Kind::Instructions if !text.trim().is_empty() => {
                readers.attention(&self.run.data.template.replace("{prompt}", text), pair).await
            }
            _ => readers.attention(text, pair).await,
        }
    }
}
