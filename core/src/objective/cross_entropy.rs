//! Cross-entropy with the gold labels: learning without a teacher.
//!
//! ```text
//! L = − mean over labelled rows of log softmax(s)[y]
//! ```
//!
//! `s` are the student's logits, `[rows, classes]`; `y` the labels, −100 for a row that is left
//! out (the convention of PyTorch's `ignore_index`).

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term};
use crate::{
    recipe::Column,
    Result,
    kernel::Divergence,
};

/// Cross-entropy has no settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrossEntropy {}

impl Method for CrossEntropy {
    const NAME: &'static str = "cross_entropy";
    const FORMULA: &'static str = "CE(y, s)";
    const PAPER: &'static str = "maximum likelihood; the baseline of every distillation paper";

    fn check(&self, _at: &str) -> Result<()> {
        Ok(())
    }
}

impl Objective for CrossEntropy {
    fn needs_teacher(&self) -> bool {
        false
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Hard, "CE")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let rows = seen.rows(None, 1.0, Divergence::Kl);
        let scale = 1.0 / seen.labelled.max(1) as f64;
        Ok(vec![Term { name: "cross_entropy", weight: 1.0, value: rows.hard.sum() * scale }])
    }
}
