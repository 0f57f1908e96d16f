//! Matching attention distributions, head by head.
//!
//! Wang et al. 2020, "MiniLM", section 3.1.
//!
//! ```text
//! L = Σ over pairs (m, n) of mean over heads and queries of KL(softmax A^T_n ‖ softmax A^S_m)
//! ```
//!
//! The paper matches the last layers. The distributions are those before dropout, over real keys.

use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Seen, Term};
use crate::{Result, loss::attention_kl, model::Wants, recipe::Column};

/// The settings of attention matching.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttentionProbs {
    /// Which layers.
    pub map: LayerMap,
}

impl Default for AttentionProbs {
    fn default() -> Self {
        Self { map: LayerMap::TOP }
    }
}

impl Method for AttentionProbs {
    const NAME: &'static str = "attention_probs";
    const FORMULA: &'static str = "Σ_layers KL(softmax A^T_n ‖ softmax A^S_m)";
    const PAPER: &'static str = "Wang et al. 2020 (MiniLM), section 3.1";
}

impl Objective for AttentionProbs {
    fn wants(&self) -> Wants {
        Wants { scores: true, ..Wants::default() }
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        self.map.pairs(at, pair.student.num_hidden_layers, pair.teacher.num_hidden_layers)?;
        pair.same_heads(at)
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Probs, "KL")]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let teacher = seen.teacher(Self::NAME)?;
        let mut sum = None;
        for [m, n] in self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())? {
            let t = teacher.scores(n)?;
            let s = seen.student.scores(m)?;
            sum = super::add(sum, attention_kl(t, s, &seen.batch.mask, seen.causal));
        }
        Ok(Term::named("attention_probs", sum))
    }
}
