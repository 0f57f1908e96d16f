//! Matching the teacher's logits, by any of the divergences in use.
//!
//! Forward KL: Hinton, Vinyals and Dean 2015. Reverse KL: Gu et al. 2024, "MiniLLM", at the level of
//! tokens. Generalised Jensen-Shannon: Agarwal et al. 2024, "On-policy distillation" (GKD). Skewed:
//! Ko et al. 2024, "DistiLLM". Total variation: Wen et al. 2023, "f-divergence minimization".
//! TKD and DKD alone: Zhong et al. 2024. MSE of logits: Ba and Caruana 2014.
//!
//! ```text
//! L = T² · mean over rows of D(softmax(z/T), softmax(s/T))        mse: mean of (s − z)²
//! ```
//!
//! `z` are the teacher's logits and `s` the student's, `[rows, classes]`.

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term};
use crate::{
    recipe::Column,
    Result,
    kernel::logit_rows,
    loss::{LogitLoss, Named},
};

/// The settings of logit matching.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logits {
    /// Which divergence.
    pub loss: Named,
    /// T: divides both models' logits; the loss is multiplied by T². Not used by `mse`.
    pub temperature: f64,
    /// Of `skew_kl` and `skew_reverse_kl`, from 0 to below 1; of `dkd`, the weight on the label's pair.
    pub alpha: Option<f64>,
    /// Of `js`, 0 to 1; of `dkd`, the weight on the other classes.
    pub beta: Option<f64>,
    /// Mean over the classes too, as the code of BERT-PKD, TAKD and TinyBERT has it.
    pub reference_reduction: bool,
}

impl Default for Logits {
    fn default() -> Self {
        let LogitLoss { loss, temperature, alpha, beta } = LogitLoss::default();
        Self { loss, temperature, alpha, beta, reference_reduction: false }
    }
}

impl Logits {
    fn inner(&self) -> LogitLoss {
        LogitLoss { loss: self.loss, temperature: self.temperature, alpha: self.alpha, beta: self.beta }
    }
}

impl Method for Logits {
    const NAME: &'static str = "logits";
    const FORMULA: &'static str = "T²·D(softmax(z/T), softmax(s/T))";
    const PAPER: &'static str = "Hinton 2015 (kl), Gu 2024 (reverse_kl), Agarwal 2024 (js), Ko 2024 (skew_*), Wen 2023 (tvd)";

    fn check(&self, at: &str) -> Result<()> {
        self.inner().check(at)
    }
}

impl Objective for Logits {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Soft, self.loss.short())]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?.logits.clone();
        let student = seen.student.logits.clone();
        let classes = student.dims()[1] as f64;
        let loss = self.inner();
        let value = match loss.loss {
            Named::Mse => {
                let counts = seen.batch.labels.clone().not_equal_elem(retort_shaders::logit_rows::LEFT_OUT).float();
                let rows = (student - teacher).powf_scalar(2.0).mean_dim(1).squeeze_dim::<1>(1);
                (rows * counts).sum() / seen.counted.max(1) as f64
            }
            _ => {
                let labels = seen.batch.labels.clone();
                let rows = logit_rows(student, Some(teacher), labels, loss.temperature, loss.divergence());
                loss.of(&rows, seen.counted, seen.labelled)
            }
        };
        let value = if self.reference_reduction { value / classes } else { value };
        Ok(vec![Term { name: "logits", weight: 1.0, value }])
    }
}
