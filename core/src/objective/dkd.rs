//! Decoupled knowledge distillation: the label's pair and the other classes weighed apart.
//!
//! Zhao et al. 2022, "Decoupled Knowledge Distillation", section 3.
//!
//! ```text
//! L = CE(y, s) + min(progress / warmup, 1) · T² · [ α·KL(p_b ‖ q_b) + β·KL(p̂ ‖ q̂) ]
//! ```
//!
//! p and q are teacher's and student's probabilities at temperature T; `p_b` = (p_y, 1 − p_y), and
//! p̂ is p among the classes other than y. Plain KL is TCKD + (1 − p_y)·NCKD: a sure teacher hardly
//! teaches by its NCKD, which β brings back. Warm-up is a share of the phase (the paper's: 20 of 240
//! epochs).

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term, from_zero, positive, share};
use crate::{
    recipe::Column,
    Result,
    kernel::Divergence,
};

/// The settings of decoupled distillation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dkd {
    /// T: divides both models' logits.
    pub temperature: f64,
    /// α: weight of the label's pair.
    pub alpha: f64,
    /// β: weight of the other classes.
    pub beta: f64,
    /// Weight of the labels.
    pub hard: f64,
    /// Share of the phase over which the soft terms grow to their weight.
    pub warmup: f64,
}

impl Default for Dkd {
    fn default() -> Self {
        Self { temperature: 4.0, alpha: 1.0, beta: 8.0, hard: 1.0, warmup: 1.0 / 12.0 }
    }
}

impl Method for Dkd {
    const NAME: &'static str = "dkd";
    const FORMULA: &'static str = "CE(y, s) + min(progress/warmup, 1)·T²·[α·KL(p_b ‖ q_b) + β·KL(p̂ ‖ q̂)]";
    const PAPER: &'static str = "Zhao, Cui, Song, Qiu, Liang 2022, section 3";

    fn check(&self, at: &str) -> Result<()> {
        positive(at, "temperature", self.temperature)?;
        for (key, value) in [("alpha", self.alpha), ("beta", self.beta), ("hard", self.hard)] {
            from_zero(at, key, value)?;
        }
        share(at, "warmup", self.warmup)
    }
}

impl Objective for Dkd {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Soft, "DKD"), (Column::Hard, "CE")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let rows = seen.rows(Some(seen.teacher(Self::NAME)?), self.temperature, Divergence::Kl);
        let scale = 1.0 / seen.labelled.max(1) as f64;
        let squared = self.temperature * self.temperature * scale;
        let grown = if self.warmup > 0.0 { (seen.progress / self.warmup).min(1.0) } else { 1.0 };
        Ok(vec![
            Term { name: "tckd", weight: grown * self.alpha, value: rows.target.sum() * squared },
            Term { name: "nckd", weight: grown * self.beta, value: rows.rest.sum() * squared },
            Term { name: "cross_entropy", weight: self.hard, value: rows.hard.sum() * scale },
        ])
    }
}
