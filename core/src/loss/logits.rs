//! Losses of rows of logits, by name: what a run file, a conformance case and an objective agree on.

use burn::tensor::{Device, Int, Tensor, TensorData, activation::log_softmax};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    kernel::{Divergence, RowTerms, logit_rows, ranks},
};

/// The losses by name; p is the teacher, q the student, both at the same temperature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// KL(p ‖ q).
    #[default]
    Kl,
    /// −Σ p log q.
    SoftCrossEntropy,
    /// KL(q ‖ p).
    ReverseKl,
    /// β·KL(p ‖ m) + (1−β)·KL(q ‖ m), m = βp + (1−β)q.
    Js,
    /// KL(p ‖ αp + (1−α)q).
    SkewKl,
    /// KL(q ‖ αq + (1−α)p).
    SkewReverseKl,
    /// ½ Σ |p − q|.
    Tvd,
    /// Binary KL on the label.
    Tkd,
    /// KL among the other classes.
    DkdOnly,
    /// α·tkd + β·dkd_only.
    Dkd,
    /// Mean of (s − t)² over the classes, of the logits themselves.
    Mse,
}

impl Named {
    /// As run files and logs have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kl => "kl",
            Self::SoftCrossEntropy => "soft_cross_entropy",
            Self::ReverseKl => "reverse_kl",
            Self::Js => "js",
            Self::SkewKl => "skew_kl",
            Self::SkewReverseKl => "skew_reverse_kl",
            Self::Tvd => "tvd",
            Self::Tkd => "tkd",
            Self::DkdOnly => "dkd_only",
            Self::Dkd => "dkd",
            Self::Mse => "mse",
        }
    }

    /// As the table of methods has it.
    pub fn short(self) -> &'static str {
        match self {
            Self::Kl => "KL",
            Self::SoftCrossEntropy => "CE",
            Self::ReverseKl => "RKL",
            Self::Js => "JS",
            Self::SkewKl => "SKL",
            Self::SkewReverseKl => "SRKL",
            Self::Tvd => "TVD",
            Self::Tkd => "TKD",
            Self::DkdOnly => "NCKD",
            Self::Dkd => "DKD",
            Self::Mse => "MSE",
        }
    }
}

/// A loss of logits with its constants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogitLoss {
    /// Which.
    pub loss: Named,
    /// T: divides both models' logits; the loss is multiplied by T². Not used by `mse`.
    pub temperature: f64,
    /// Of `skew_kl` and `skew_reverse_kl`, from 0 to below 1; of `dkd`, the weight on the label's pair.
    pub alpha: Option<f64>,
    /// Of `js`, 0 to 1; of `dkd`, the weight on the other classes.
    pub beta: Option<f64>,
}

impl Default for LogitLoss {
    fn default() -> Self {
        Self { loss: Named::Kl, temperature: 1.0, alpha: None, beta: None }
    }
}

impl LogitLoss {
    /// Skew of DistiLLM.
    const ALPHA: f64 = 0.1;
    /// Balanced Jensen-Shannon.
    const BETA: f64 = 0.5;
    /// The weights of DKD on the label's pair and on the other classes.
    const DKD: [f64; 2] = [1.0, 8.0];

    /// Ranges that the types do not express. `at` is the place in the run file.
    ///
    /// # Errors
    /// [`Error::Input`] with the setting.
    pub fn check(&self, at: &str) -> Result<()> {
        within(at, "temperature", self.temperature, "a number above 0", |x| x > 0.0)?;
        match self.loss {
            Named::Dkd => {
                for (key, value) in [("alpha", self.alpha), ("beta", self.beta)] {
                    within(at, key, value.unwrap_or(0.0), "a number from 0", |x| x >= 0.0)?;
                }
                Ok(())
            }
            Named::SkewKl | Named::SkewReverseKl => {
                idle(at, "beta", self.beta)?;
                within(at, "alpha", self.alpha.unwrap_or(0.0), "a number from 0 to below 1", |x| {
                    (0.0..1.0).contains(&x)
                })
            }
            Named::Js => {
                idle(at, "alpha", self.alpha)?;
                within(at, "beta", self.beta.unwrap_or(0.0), "a number from 0 to 1", |x| (0.0..=1.0).contains(&x))
            }
            _ => {
                idle(at, "alpha", self.alpha)?;
                idle(at, "beta", self.beta)
            }
        }
    }

    /// The divergence that the row kernel computes for it. A mixture without one of its parts is
    /// the plain divergence from the other: js at β = 0 is KL, at β = 1 reverse KL.
    pub fn divergence(&self) -> Divergence {
        match self.loss {
            Named::Kl | Named::Tkd | Named::DkdOnly | Named::Dkd | Named::Mse => Divergence::Kl,
            Named::SoftCrossEntropy => Divergence::SoftCrossEntropy,
            Named::ReverseKl => Divergence::ReverseKl,
            Named::Tvd => Divergence::Tvd,
            Named::Js => match self.beta.unwrap_or(Self::BETA) {
                0.0 => Divergence::Kl,
                1.0 => Divergence::ReverseKl,
                beta => Divergence::Js(beta),
            },
            Named::SkewKl => match self.alpha.unwrap_or(Self::ALPHA) {
                0.0 => Divergence::Kl,
                alpha => Divergence::SkewKl(alpha),
            },
            Named::SkewReverseKl => match self.alpha.unwrap_or(Self::ALPHA) {
                0.0 => Divergence::ReverseKl,
                alpha => Divergence::SkewReverseKl(alpha),
            },
        }
    }

    /// The loss of the rows' terms, `[1]`: mean over the rows that count (of what is split at the
    /// label: over the labelled ones), times T². Not for `mse`, which is no function of the terms.
    pub fn of(&self, terms: &RowTerms, counted: usize, labelled: usize) -> Tensor<1> {
        let counted = match self.loss {
            Named::Tkd | Named::DkdOnly | Named::Dkd => labelled,
            _ => counted,
        };
        self.rows(terms).sum() / counted.max(1) as f64
    }

    /// What each row comes to, times T², `[rows]`.
    pub fn rows(&self, terms: &RowTerms) -> Tensor<1> {
        let [on_label, on_rest] = [self.alpha.unwrap_or(Self::DKD[0]), self.beta.unwrap_or(Self::DKD[1])];
        let rows = match self.loss {
            Named::Tkd => terms.target.clone(),
            Named::DkdOnly => terms.rest.clone(),
            Named::Dkd => terms.target.clone() * on_label + terms.rest.clone() * on_rest,
            _ => terms.divergence.clone(),
        };
        rows * (self.temperature * self.temperature)
    }
}

/// A setting must be a number that `fits`.
pub(crate) fn within(at: &str, key: &str, value: f64, wanted: &str, fits: impl Fn(f64) -> bool) -> Result<()> {
    if value.is_finite() && fits(value) {
        return Ok(());
    }
    Err(Error::input(format!("{at}.{key}"), wanted, value.to_string()))
}

/// A constant that the loss does not have.
fn idle(at: &str, key: &str, value: Option<f64>) -> Result<()> {
    match value {
        None => Ok(()),
        Some(value) => {
            Err(Error::input(format!("{at}.{key}"), "nothing: this loss has no such constant", value.to_string()))
        }
    }
}

/// Adaptive teaching for autoregressive models (Zhong et al. 2024): the terms of the divergence,
/// rearranged by how uncertain the teacher is of the label.
///
/// ```text
/// u = 1 − p(label);  hard: the share k of the tokens with the largest u, ties included; easy: the rest
/// L = λ · mean over easy of D(p̂, q̂) + (1 − λ) · mean over hard of [ D(p_b, q_b) + D(p̂, q̂) ]
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Atkd {
    /// λ: weight of the easy tokens, 0 to 1.
    pub lambda: f64,
    /// k: share of hard tokens, 0 to 1.
    pub k: f64,
}

impl Default for Atkd {
    fn default() -> Self {
        Self { lambda: 0.2, k: 0.5 }
    }
}

impl Atkd {
    /// Ranges that the types do not express.
    ///
    /// # Errors
    /// [`Error::Input`] with the setting.
    pub fn check(&self, at: &str) -> Result<()> {
        for (key, value) in [("lambda", self.lambda), ("k", self.k)] {
            within(at, key, value, "a number from 0 to 1", |x| (0.0..=1.0).contains(&x))?;
        }
        Ok(())
    }

    /// 1 for a hard row, 1 for an easy one, `[rows]` each, by the teacher's `doubt`, which is in the
    /// order of its uncertainty. Rows are ranked within their group; those of a negative one do not count
    /// and are neither.
    ///
    /// With n rows in a group and their uncertainties in order, τ is the one at position
    /// ⌊(1 − k)(n − 1)⌋; hard rows are those from τ on. No more than that many lie below τ, so a
    /// row is hard when more rows than that are no larger than it: a matter of its rank.
    pub fn split(&self, doubt: Tensor<1>, groups: &Tensor<1, Int>) -> [Tensor<1>; 2] {
        let [rank, size] = ranks(doubt, groups.clone());
        let counts = size.clone().greater_elem(0.0).float();
        let position = self.positions(rank.dims()[0], &rank.device()).gather(0, size.int());
        let hard = rank.greater(position).float() * counts.clone();
        [hard.clone(), counts - hard]
    }

    /// ⌊(1 − k)(n − 1)⌋ for groups of n = 0 to `most` rows. From the host, whose `f64` does not
    /// round 0.7 · 10 below 7.
    fn positions(&self, most: usize, device: &Device) -> Tensor<1> {
        let position = |n: usize| ((1.0 - self.k) * n.saturating_sub(1) as f64).floor() as f32;
        Tensor::from_data(TensorData::new((0..=most).map(position).collect::<Vec<_>>(), [most + 1]), device)
    }

    /// The loss, `[1]`. A group of rows that is empty counts 0.
    pub fn of(&self, terms: &RowTerms, groups: &Tensor<1, Int>) -> Tensor<1> {
        let [hard, easy] = self.split(terms.doubt.clone(), groups);
        mean(terms.rest.clone(), easy) * self.lambda
            + mean(terms.target.clone() + terms.rest.clone(), hard) * (1.0 - self.lambda)
    }
}

/// Mean of the rows that are `chosen` (1, others 0), `[1]`; 0 of none.
pub fn mean(rows: Tensor<1>, chosen: Tensor<1>) -> Tensor<1> {
    let count = chosen.clone().sum().clamp_min(1.0);
    (rows * chosen).sum() / count
}

/// Cross-entropy of rows of logits with their labels at temperature 1, mean over the `labelled` rows, `[1]`.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, labelled: usize) -> Tensor<1> {
    logit_rows(logits, None, labels, 1.0, Divergence::Kl).hard.sum() / labelled.max(1) as f64
}

/// How sure distributions are, `[1]` each: the variance (1/C) Σ (p − 1/C)², and the entropy in
/// nats; means over the rows of `logits`, `[rows, classes]`.
pub fn confidence(logits: Tensor<2>) -> [Tensor<1>; 2] {
    let [_, classes] = logits.dims();
    let log_p = log_softmax(logits, 1);
    let p = log_p.clone().exp();
    let variance = (p.clone() - 1.0 / classes as f64).powf_scalar(2.0).mean();
    let entropy = -(p * log_p).sum_dim(1).mean();
    [variance, entropy]
}
