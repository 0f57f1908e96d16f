//! Adaptive teaching: what a token teaches depends on how sure the teacher is of it.
//!
//! Zhong et al. 2024, "Revisiting Knowledge Distillation for Autoregressive Language Models",
//! section 4.
//!
//! ```text
//! u = 1 − p(y);  hard tokens: the share k with the largest u;  easy tokens: the others
//! L = λ · mean_easy D(p̂, q̂) + (1 − λ) · mean_hard [ D(p_b, q_b) + D(p̂, q̂) ]
//! ```
//!
//! `p_b` = (p_y, 1 − p_y) and p̂ is p among the tokens other than y. The paper prints a minus before
//! both sums; its code minimises them, as here. `y` is the next token of the text that is scored: the
//! data's, or the student's own where it wrote the text; never the teacher's favourite. The paper's D
//! is KL, or reverse KL for its reverse setting, where the split still asks the teacher; other
//! divergences split alike. The code always splits at the median, which is k = 0.5.

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term};
use crate::{
    recipe::Column,
    Error, Result,
    loss::{self, LogitLoss, Named},
};

/// The settings of adaptive teaching.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Atkd {
    /// λ: weight of the easy tokens, 0 to 1.
    pub lambda: f64,
    /// k: share of hard tokens, 0 to 1.
    pub k: f64,
    /// D: `kl`, `reverse_kl`, `js`, `skew_kl`, `skew_reverse_kl` or `tvd`.
    pub loss: Named,
    /// T: divides both models' logits.
    pub temperature: f64,
    /// Of `skew_kl` and `skew_reverse_kl`.
    pub alpha: Option<f64>,
    /// Of `js`.
    pub beta: Option<f64>,
    /// Tokens are ranked within each text instead of within the batch.
    pub per_text: bool,
}

impl Default for Atkd {
    fn default() -> Self {
        let loss::Atkd { lambda, k } = loss::Atkd::default();
        Self { lambda, k, loss: Named::Kl, temperature: 1.0, alpha: None, beta: None, per_text: false }
    }
}

impl Atkd {
    fn split(&self) -> loss::Atkd {
        loss::Atkd { lambda: self.lambda, k: self.k }
    }

    fn inner(&self) -> LogitLoss {
        LogitLoss { loss: self.loss, temperature: self.temperature, alpha: self.alpha, beta: self.beta }
    }
}

impl Method for Atkd {
    const NAME: &'static str = "atkd";
    const FORMULA: &'static str = "λ·mean_easy D(p̂, q̂) + (1 − λ)·mean_hard [D(p_b, q_b) + D(p̂, q̂)]";
    const PAPER: &'static str = "Zhong, Ding, Shen, Liu, Du, Tao 2024, section 4";

    fn check(&self, at: &str) -> Result<()> {
        if matches!(self.loss, Named::Tkd | Named::DkdOnly | Named::Dkd | Named::Mse | Named::SoftCrossEntropy) {
            let wanted = "`kl`, `reverse_kl`, `js`, `skew_kl`, `skew_reverse_kl` or `tvd`, which can be split";
            return Err(Error::input(format!("{at}.loss"), wanted, format!("{:?}", self.loss)));
        }
        self.split().check(at)?;
        self.inner().check(at)
    }
}

impl Objective for Atkd {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Soft, "ATKD")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let inner = self.inner();
        let rows = seen.rows(Some(seen.teacher(Self::NAME)?), inner.temperature, inner.divergence());
        let groups = seen.groups(self.per_text);
        let value = self.split().of(&rows, &groups);
        Ok(vec![Term { name: "atkd", weight: 1.0, value: value * (inner.temperature * inner.temperature) }])
    }
}
