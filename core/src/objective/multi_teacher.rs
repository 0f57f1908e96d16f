//! Several teachers, each weighed on every sample by how well it knows it.
//!
//! Wu et al. 2021, "One Teacher is Enough? Pre-trained Language Model Distillation from Multiple
//! Teachers", section 3.3.
//!
//! ```text
//! L = T² · Σ over teachers i of mean over rows of CE(softmax(z_i/T), softmax(s/T)) / (1 + CE(y, z_i))
//! ```
//!
//! The weight is a constant. Alternatives by name: the mean of the teachers' losses, or the loss of
//! their mean logits.

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term, positive};
use crate::{
    recipe::Column,
    Result,
    loss::{Blend, blended},
};

/// The settings of distillation from several teachers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MultiTeacher {
    /// `weighted`, `losses` or `logits`.
    pub blend: Blend,
    /// T: divides all logits.
    pub temperature: f64,
}

impl Default for MultiTeacher {
    fn default() -> Self {
        Self { blend: Blend::Weighted, temperature: 1.0 }
    }
}

impl Method for MultiTeacher {
    const NAME: &'static str = "multi_teacher";
    const FORMULA: &'static str = "T²·Σ_i CE(softmax(z_i/T), softmax(s/T)) / (1 + CE(y, z_i))";
    const PAPER: &'static str = "Wu, Wu, Huang 2021, section 3.3";

    fn check(&self, at: &str) -> Result<()> {
        positive(at, "temperature", self.temperature)
    }
}

impl Objective for MultiTeacher {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Soft, "CE")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        seen.teacher(Self::NAME)?;
        let teachers: Vec<_> = seen.teachers.iter().map(|trace| trace.logits.clone()).collect();
        let labels = seen.batch.labels.clone();
        let student = seen.student.logits.clone();
        let (value, _) = blended(&teachers, student, labels, self.temperature, self.blend, seen.counted);
        Ok(Term::named("multi_teacher", Some(value)))
    }
}
