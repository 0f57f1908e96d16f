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

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Method, Objective, Seen, Term};
use crate::{
    Error, Result,
    loss::{self, LogitLoss, Named},
    recipe::Column,
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
    /// Which tokens are matched, by how unsure the teacher is of them (Zhong et al. 2024, section 3).
    pub tokens: Tokens,
    /// Share of the tokens that are hard, where only some are matched.
    pub k: f64,
    /// Mean over the classes too, as the code of BERT-PKD, TAKD and TinyBERT has it.
    pub reference_reduction: bool,
}

/// Some of a batch's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokens {
    /// Every one.
    #[default]
    All,
    /// Those of which the teacher is sure.
    Easy,
    /// The share of which it is least sure.
    Hard,
}

impl Default for Logits {
    fn default() -> Self {
        let LogitLoss { loss, temperature, alpha, beta } = LogitLoss::default();
        let k = loss::Atkd::default().k;
        Self { loss, temperature, alpha, beta, tokens: Tokens::All, k, reference_reduction: false }
    }
}

impl Logits {
    fn term(&self, value: Tensor<1>, classes: f64) -> Result<Vec<Term>> {
        let value = if self.reference_reduction { value / classes } else { value };
        Ok(vec![Term { name: self.loss.name(), weight: 1.0, value }])
    }

    fn inner(&self) -> LogitLoss {
        LogitLoss { loss: self.loss, temperature: self.temperature, alpha: self.alpha, beta: self.beta }
    }
}

impl Method for Logits {
    const NAME: &'static str = "logits";
    const FORMULA: &'static str = "T²·D(softmax(z/T), softmax(s/T))";
    const PAPER: &'static str = "Hinton 2015 (kl), Gu 2024 (reverse_kl), Agarwal 2024 (js), Ko 2024 (skew_*), Wen 2023 (tvd)";

    fn check(&self, at: &str) -> Result<()> {
        super::share(at, "k", self.k)?;
        if self.loss == Named::Mse && self.tokens != Tokens::All {
            return Err(Error::input(format!("{at}.tokens"), "all: mse has no easy and hard tokens", "some"));
        }
        self.inner().check(at)
    }
}

impl Objective for Logits {
    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Soft, self.loss.short())]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let classes = seen.student.classes() as f64;
        let loss = self.inner();
        let value = match loss.loss {
            Named::Mse => {
                let counts = seen.batch.labels.clone().not_equal_elem(retort_shaders::logit_rows::LEFT_OUT).float();
                let student = seen.student.logits();
                let teacher = teacher.answer.beside(&student);
                let rows = (student - teacher).powf_scalar(2.0).mean_dim(1).squeeze_dim::<1>(1);
                (rows * counts).sum() / seen.counted.max(1) as f64
            }
            _ => {
                let rows = seen.rows(Some(teacher), loss.temperature, loss.divergence());
                let [hard, easy] = match self.tokens {
                    Tokens::All => return self.term(loss.of(&rows, seen.counted, seen.labelled), classes),
                    _ => loss::Atkd { k: self.k, ..loss::Atkd::default() }.split(rows.doubt.clone(), &seen.groups(false)),
                };
                let chosen = if self.tokens == Tokens::Hard { hard } else { easy };
                loss::mean(loss.rows(&rows), chosen)
            }
        };
        self.term(value, classes)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::*;
    use crate::{
        data::{Batch, HostBatch},
        model::{Answer, Trace},
        readback::read,
    };

    /// Four tokens of a vocabulary of three; the teacher is sure of the first and of the third.
    fn batch(device: &Device) -> Batch {
        let labels = vec![0, 1, 2, 0];
        HostBatch { ids: vec![0; 4], types: vec![0; 4], mask: vec![1.0; 4], labels, rows: 1, length: 4 }
            .to_device(device)
    }

    fn trace(values: [[f32; 3]; 4], device: &Device) -> Trace {
        let logits = Tensor::from_data(TensorData::from(values), device);
        Trace::of(Answer::Logits(logits))
    }

    fn value(tokens: Tokens) -> f64 {
        let device = Device::flex();
        let batch = batch(&device);
        let teacher = trace([[5.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 4.0], [0.5, 0.0, 0.0]], &device);
        let student = trace([[0.0; 3]; 4], &device);
        let logits = Logits { tokens, ..Logits::default() };
        let seen = Seen {
            student: &student,
            teachers: &[teacher],
            project: &|_, x| Ok(x),
            batch: &batch,
            counted: 4,
            labelled: 4,
            causal: true,
            progress: 0.0,
        };
        let terms = logits.terms(&seen).unwrap();
        assert_eq!(terms[0].name, "kl");
        f64::from(pollster::block_on(read(terms[0].value.clone())).unwrap()[0])
    }

    #[test]
    fn some_tokens_alone() {
        // KL from a uniform student: log 3 less the teacher's entropy.
        let kl = |logits: [f64; 3]| {
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            3.0f64.ln() + logits.iter().map(|logit| (logit.exp() / sum) * (logit - sum.ln())).sum::<f64>()
        };
        let each = [[5.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 4.0], [0.5, 0.0, 0.0]].map(kl);
        // τ is the second largest certainty: k = 1/2 of four, ⌊0.5 · 3⌋ = 1, so three are hard.
        for (tokens, wanted) in [
            (Tokens::All, each.iter().sum::<f64>() / 4.0),
            (Tokens::Easy, each[0]),
            (Tokens::Hard, (each[1] + each[2] + each[3]) / 3.0),
        ] {
            assert!((value(tokens) - wanted).abs() < 1e-5, "{tokens:?}: {} {wanted}", value(tokens));
        }
    }
}
