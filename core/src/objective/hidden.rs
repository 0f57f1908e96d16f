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
//! W is learned and the same for all layers, as in TinyBERT's code, or with `apart` one for each (Liang et al.
//! 2023, "HomoDistil", section 3); without `projection` there is none, and the two must be equally wide.

use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Projection, Seen, Term, named, states::States};
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
    /// That matrix begins as what changes nothing (HomoDistil).
    pub identity: bool,
    /// Every layer has a matrix of its own, and is a term of its own (HomoDistil).
    pub apart: bool,
    /// Mean over padding too, as the original code has it.
    pub reference_reduction: bool,
}

impl Hidden {
    /// The matrix of a student's layer.
    fn matrix(&self, layer: usize) -> String {
        if self.apart { format!("{}-{layer}", Self::NAME) } else { Self::NAME.to_owned() }
    }
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
        pair.projectable(at, self.projection, self.identity)
    }

    fn projections(&self, pair: &Pair) -> Vec<Projection> {
        let count = match (self.projection, self.apart) {
            (true, true) => pair.student.num_hidden_layers,
            (projection, _) => usize::from(projection),
        };
        let matrix = |layer| Projection { identity: self.identity, ..pair.projection(&self.matrix(layer)) };
        (0..count).map(matrix).collect()
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        let column = if self.map == LayerMap::TOP { Column::Last } else { Column::Layers };
        vec![(column, self.loss.short())]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let mask = seen.mask(self.reference_reduction);
        let (mut sum, mut terms) = (None, vec![]);
        for [m, n] in self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())? {
            let matrix = self.matrix(m);
            let student = seen.project(self.projection.then_some(&matrix), seen.student.hidden(m)?)?;
            let term = self.loss.of(teacher.hidden(n)?, student, &mask);
            match self.apart {
                true => terms.extend(Term::named(named("hidden", m), Some(term))),
                false => sum = super::add(sum, term),
            }
        }
        terms.extend(Term::named("hidden", sum));
        Ok(terms)
    }
}
