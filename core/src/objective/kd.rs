//! Knowledge distillation: the student matches the teacher's softened class probabilities.
//!
//! Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", section 2.
//!
//! ```text
//! L = (1 − α) · CE(y, softmax(s)) + α · T² · KL( softmax(z/T) ‖ softmax(s/T) )
//! ```
//!
//! `z` are the teacher's logits and `s` the student's, `[rows, classes]`; `y` are the labels. Each
//! term is a mean over the rows that have what it asks for. T² keeps the size of the soft term's gradient when T
//! grows. Here α weighs the *soft* term, as in Hinton's paper; some code bases weigh the hard one.

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term, positive, share};
use crate::{
    recipe::Column,
    Result,
    kernel::Divergence,
};

/// The settings of knowledge distillation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kd {
    /// T: divides both models' logits.
    pub temperature: f64,
    /// α: share of the soft term, 0 to 1.
    pub alpha: f64,
}

impl Default for Kd {
    fn default() -> Self {
        Self { temperature: 2.0, alpha: 0.5 }
    }
}

impl Method for Kd {
    const NAME: &'static str = "kd";
    const FORMULA: &'static str = "(1 − α)·CE(y, s) + α·T²·KL(softmax(z/T) ‖ softmax(s/T))";
    const PAPER: &'static str = "Hinton, Vinyals, Dean 2015, section 2";

    fn check(&self, at: &str) -> Result<()> {
        positive(at, "temperature", self.temperature)?;
        share(at, "alpha", self.alpha)
    }
}

impl Objective for Kd {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Soft, "KL"), (Column::Hard, "CE")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let rows = seen.rows(Some(teacher), self.temperature, Divergence::Kl);
        let [counted, labelled] = [seen.counted, seen.labelled].map(|count| count.max(1) as f64);
        let squared = self.temperature * self.temperature;
        Ok(vec![
            Term { name: "kd", weight: self.alpha, value: rows.divergence.sum() * (squared / counted) },
            Term { name: "cross_entropy", weight: 1.0 - self.alpha, value: rows.hard.sum() / labelled },
        ])
    }
}
