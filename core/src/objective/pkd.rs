//! Patient knowledge distillation: the first token's normalised states, layer by layer.
//!
//! Sun et al. 2019, "Patient Knowledge Distillation for BERT Model Compression", section 3.2.
//!
//! ```text
//! L = Σ over pairs (m, n) of mean over the batch of ‖ h^S_m/‖h^S_m‖ − h^T_n/‖h^T_n‖ ‖²
//! ```
//!
//! `h` are the states of the first token ([CLS]). The paper's map leaves the student's last layer to
//! the logits: `skip` takes every kth layer of the teacher, `last` its topmost ones. The code averages
//! over width and layers instead of summing, so its β reaches 1,000 (`reference_reduction`).

use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Seen, Term, layers::Usual};
use crate::{Result, loss::first_token_mse, model::Wants, recipe::Column};

/// The settings of patient distillation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pkd {
    /// Which layers.
    pub map: LayerMap,
    /// Mean over width and layers, as the original code has it.
    pub reference_reduction: bool,
}

impl Default for Pkd {
    fn default() -> Self {
        Self { map: LayerMap::Named(Usual::Skip), reference_reduction: false }
    }
}

impl Method for Pkd {
    const NAME: &'static str = "pkd";
    const FORMULA: &'static str = "Σ_layers ‖ h^S/‖h^S‖ − h^T/‖h^T‖ ‖², first token";
    const PAPER: &'static str = "Sun, Cheng, Gan, Liu 2019, section 3.2";
}

impl Objective for Pkd {
    fn wants(&self) -> Wants {
        Wants { hidden: true, ..Wants::default() }
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        self.map.pairs(at, pair.student.num_hidden_layers, pair.teacher.num_hidden_layers)?;
        pair.same_width(at, false)
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Layers, "MSE")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let pairs = self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())?;
        let mut sum = None;
        let mut terms = 1.0;
        for &[m, n] in &pairs {
            let student = seen.student.hidden(m)?;
            terms = (student.dims()[2] * pairs.len()) as f64;
            sum = super::add(sum, first_token_mse(teacher.hidden(n)?, student));
        }
        let share = if self.reference_reduction { 1.0 / terms } else { 1.0 };
        Ok(Term::named("pkd", sum.map(|sum| sum * share)))
    }
}
