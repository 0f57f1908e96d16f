//! Learning from a teacher that learns to teach: what the student learns; how the teacher does is in
//! `train/teaching.rs`.
//!
//! Zhou, Xu, McAuley 2022, "BERT Learns to Teach: Knowledge Distillation with Meta Learning", section
//! 3; constants and the loss of softened probabilities from its code.
//!
//! ```text
//! L = α · T² · MSE(softmax(z/T), softmax(s/T)) + (1 − α) · CE(y, s) + β · PKD
//! ```
//!
//! `z` are the teacher's logits, `s` the student's, `[rows, classes]`; MSE is the mean over rows and
//! classes. PKD is that of `pkd` with the code's mean over width and layers, which is why β is so large.
//! Everything that the teacher has a part in is made of tensor operations, so that it can be
//! differentiated with respect to the teacher as well.

use burn::tensor::activation::softmax;
use retort_shaders::logit_rows::LEFT_OUT;
use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Seen, Term, cross_entropy::CrossEntropy, layers::Usual, pkd::Pkd};
use crate::{Result, model::Wants, recipe::Column};

/// The settings of distillation from a teacher that learns.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetaKd {
    /// T: divides both models' logits.
    pub temperature: f64,
    /// α: weight of the teacher, 0 to 1; the labels have the rest.
    pub alpha: f64,
    /// β: weight of the first token's states; 0 leaves them out.
    pub beta: f64,
    /// Which layers' states.
    pub map: LayerMap,
}

impl Default for MetaKd {
    fn default() -> Self {
        Self { temperature: 5.0, alpha: 0.5, beta: 100.0, map: LayerMap::Named(Usual::Skip) }
    }
}

impl MetaKd {
    fn patient(&self) -> Option<Pkd> {
        (self.beta > 0.0).then(|| Pkd { map: self.map.clone(), reference_reduction: true })
    }
}

impl Method for MetaKd {
    const NAME: &'static str = "metakd";
    const FORMULA: &'static str = "α·T²·MSE(softmax(z/T), softmax(s/T)) + (1−α)·CE(y, s) + β·PKD";
    const PAPER: &'static str = "Zhou, Xu, McAuley 2022, section 3";

    fn check(&self, at: &str) -> Result<()> {
        super::positive(at, "temperature", self.temperature)?;
        super::share(at, "alpha", self.alpha)?;
        super::from_zero(at, "beta", self.beta)
    }
}

impl Objective for MetaKd {
    fn wants(&self) -> Wants {
        self.patient().map_or_else(Wants::default, |patient| patient.wants())
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        self.patient().map_or(Ok(()), |patient| patient.fits(at, pair))
    }

    fn reaches_the_teacher(&self) -> bool {
        true
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        let layers = self.patient().map(|_| (Column::Layers, "MSE"));
        layers.into_iter().chain([(Column::Soft, "MSE"), (Column::Hard, "CE")]).collect()
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let [teacher, student] = [seen.teacher(Self::NAME)?, seen.student]
            .map(|trace| softmax(trace.logits() / self.temperature, 1));
        let counts = seen.batch.labels.clone().not_equal_elem(LEFT_OUT).float();
        let rows = (student - teacher).powf_scalar(2.0).mean_dim(1).squeeze_dim::<1>(1);
        let scale = self.temperature * self.temperature / seen.counted.max(1) as f64;
        let mut terms = vec![Term { name: "soft", weight: self.alpha, value: (rows * counts).sum() * scale }];
        for term in (CrossEntropy {}).terms(seen)? {
            terms.push(Term { weight: 1.0 - self.alpha, ..term });
        }
        for term in self.patient().map_or(Ok(vec![]), |patient| patient.terms(seen))? {
            terms.push(Term { weight: self.beta, ..term });
        }
        Ok(terms)
    }
}
