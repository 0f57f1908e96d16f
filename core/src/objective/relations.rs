//! Matching relations: how queries, keys or values of a text attend to each other.
//!
//! Values, in the model's own heads: Wang et al. 2020, "MiniLM", section 3.2. Queries, keys and values
//! regrouped into relation heads, so that the models' heads need not match: Wang et al. 2021,
//! "MiniLMv2", section 3.1.
//!
//! ```text
//! L = Σ over chosen Z of mean over relation heads and tokens of
//!         KL( softmax(Z^T Z^Tᵀ/√d_T) ‖ softmax(Z^S Z^Sᵀ/√d_S) ),   d = width / relation heads
//! ```
//!
//! One layer of each: the last, or for large teachers one further down (BERT-large: 21 of 24).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{LayerMap, Method, Objective, Pair, Seen, Term};
use crate::{
    recipe::Column,
    Error, Result,
    loss::relation_kl,
    model::{Config, LayerTrace, Wants},
};

/// Whose relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Queries.
    Q,
    /// Keys.
    K,
    /// Values.
    V,
}

impl Of {
    fn taken(self, layer: &LayerTrace) -> Option<Tensor<4>> {
        match self {
            Self::Q => layer.q.clone(),
            Self::K => layer.k.clone(),
            Self::V => layer.v.clone(),
        }
    }

    fn column(self) -> Column {
        match self {
            Self::Q => Column::Queries,
            Self::K => Column::Keys,
            Self::V => Column::Values,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Q => "q_relations",
            Self::K => "k_relations",
            Self::V => "v_relations",
        }
    }
}

/// The settings of relation matching.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Relations {
    /// Of which of `q`, `k`, `v`.
    pub of: Vec<Of>,
    /// Relation heads; absent: the models' own, which must then be equal.
    pub heads: Option<usize>,
    /// Which layers.
    pub map: LayerMap,
}

impl Default for Relations {
    fn default() -> Self {
        Self { of: vec![Of::Q, Of::K, Of::V], heads: None, map: LayerMap::TOP }
    }
}

impl Method for Relations {
    const NAME: &'static str = "relations";
    const FORMULA: &'static str = "Σ_{Z ∈ q,k,v} KL(softmax(Z^T Z^Tᵀ/√d) ‖ softmax(Z^S Z^Sᵀ/√d))";
    const PAPER: &'static str = "Wang et al. 2020 (MiniLM), section 3.2; Wang et al. 2021 (MiniLMv2), section 3.1";

    fn check(&self, at: &str) -> Result<()> {
        if self.of.is_empty() {
            return Err(Error::input(format!("{at}.of"), "some of `q`, `k`, `v`", "none"));
        }
        Ok(())
    }
}

impl Objective for Relations {
    fn wants(&self) -> Wants {
        Wants { qkv: true, ..Wants::default() }
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        let pairs = self.map.pairs(at, pair.student.num_hidden_layers, pair.teacher.num_hidden_layers)?;
        let Some(heads) = self.heads else { return pair.same_heads(at) };
        let width = |config: &Config, layer| config.size(layer).heads * config.head_size();
        for [student, teacher] in pairs {
            for (who, width) in [("teacher", width(pair.teacher, teacher)), ("student", width(pair.student, student))] {
                if heads == 0 || width == 0 || width % heads != 0 {
                    let wanted = format!("relation heads that divide the {who}'s width of {width}");
                    return Err(Error::input(format!("{at}.heads"), wanted, heads.to_string()));
                }
            }
        }
        Ok(())
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        self.of.iter().map(|of| (of.column(), "KL")).collect()
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let lost = || Error::input(Self::NAME, "queries, keys and values of both models", "none recorded");
        let teacher = seen.teacher(Self::NAME)?;
        let pairs = self.map.pairs(Self::NAME, seen.student.layers.len(), teacher.layers.len())?;
        let mut terms = vec![];
        for &of in &self.of {
            let mut sum = None;
            for &[m, n] in &pairs {
                let t = of.taken(&teacher.layers[n]).ok_or_else(lost)?;
                let s = of.taken(&seen.student.layers[m]).ok_or_else(lost)?;
                let heads = self.heads.unwrap_or(s.dims()[1]);
                sum = super::add(sum, relation_kl(t, s, &seen.batch.mask, heads, seen.causal));
            }
            terms.extend(Term::named(of.name(), sum));
        }
        Ok(terms)
    }
}
