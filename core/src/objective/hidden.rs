//! Matching hidden states, layer by layer.
//!
//! Mean squared error over mapped layers: Jiao et al. 2020, "TinyBERT", section 3. Cosine of the last
//! layer: Sanh et al. 2019, "DistilBERT", section 3.
//!
//! ```text
//! mse:     Σ over pairs (m, n) of mean over tokens and width of (H^S_m W − H^T_n)²
//! cosine:  Σ over pairs (m, n) of mean over tokens of 1 − cos(H^S_m W, H^T_n)
//! ```
//!
//! W is learned and the same for all layers, as in TinyBERT's code; without `projection` there is
//! none, and the two must be equally wide.

use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Projection, Seen, Term, states::States};
use crate::{Result, model::Wants, recipe::Column};

/// The settings of hidden state matching.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hidden {
    /// `mse` or `cosine`.
    pub loss: States,
    /// Which layers.
    pub map: LayerMap,
    /// A learned matrix from the student's width to the teacher's.
    pub projection: bool,
    /// Mean over padding too, as the original code has it.
    pub reference_reduction: bool,
}

impl Method for Hidden {
    const NAME: &'static str = "hidden";
    const FORMULA: &'static str = "Σ_layers MSE(H^S_m W, H^T_n) or 1 − cos";
    const PAPER: &'static str = "Jiao et al. 2020, section 3 (mse); Sanh et al. 2019, section 3 (cosine)";
}

impl Objective for Hidden {
    fn wants(&self) -> Wants {
        Wants { hidden: true, ..Wants::default() }
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        self.map.pairs(at, pair.student.num_hidden_layers, pair.teacher.num_hidden_layers)?;
        pair.same_width(at, self.projection)
    }

    fn projections(&self, pair: &Pair) -> Vec<Projection> {
        if self.projection { vec![pair.projection(Self::NAME)] } else { vec![] }
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        let column = if self.map == LayerMap::TOP { Column::Last } else { Column::Layers };
        vec![(column, self.loss.short())]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let mask = seen.mask(self.reference_reduction);
        let mut sum = None;
        for [m, n] in self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())? {
            let student = seen.project(self.projection.then_some(Self::NAME), seen.student.hidden(m)?)?;
            let term = self.loss.of(teacher.hidden(n)?, student, &mask);
            sum = super::add(sum, term);
        }
        Ok(Term::named("hidden", sum))
    }
}
