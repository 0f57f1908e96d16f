//! Matching attention before the softmax, layer by layer and head by head.
//!
//! Jiao et al. 2020, "TinyBERT", section 3.
//!
//! ```text
//! L = Σ over pairs (m, n) of mean over heads and pairs of real tokens of (A^S_m − A^T_n)²
//! ```
//!
//! A = q kᵀ / √head, not its softmax. The code averages over padding as well, with 0 in its place
//! (`reference_reduction`).

use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Seen, Term};
use crate::{Result, loss::scores_mse, model::Wants, recipe::Column};

/// The settings of score matching.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttentionScores {
    /// Which layers.
    pub map: LayerMap,
    /// Mean over padding too, as the original code has it.
    pub reference_reduction: bool,
}

impl Method for AttentionScores {
    const NAME: &'static str = "attention_scores";
    const FORMULA: &'static str = "Σ_layers MSE(A^S_m, A^T_n), before softmax";
    const PAPER: &'static str = "Jiao et al. 2020, section 3";
}

impl Objective for AttentionScores {
    fn wants(&self) -> Wants {
        Wants { scores: true, ..Wants::default() }
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        self.map.pairs(at, pair.student.num_hidden_layers, pair.teacher.num_hidden_layers)?;
        pair.same_heads(at)
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Scores, "MSE")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let mut sum = None;
        for [m, n] in self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())? {
            let t = teacher.scores(n)?;
            let s = seen.student.scores(m)?;
            let term = match self.reference_reduction {
                true => {
                    let keys = seen.batch.mask.clone().unsqueeze_dims::<4>(&[1, 2]);
                    ((s - t).powf_scalar(2.0) * keys).mean()
                }
                false => scores_mse(t, s, &seen.batch.mask),
            };
            sum = super::add(sum, term);
        }
        Ok(Term::named("attention_scores", sum))
    }
}
