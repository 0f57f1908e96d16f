//! Matching what goes into the first layer.
//!
//! Jiao et al. 2020, "TinyBERT", section 3.
//!
//! ```text
//! L = mean over tokens and width of (E^S W − E^T)²
//! ```
//!
//! The paper has a W of its own here; the code shares the one of the hidden states (`shared`).

use serde::{Deserialize, Serialize};

use super::{Method, Objective, Pair, Projection, Seen, Term, hidden::Hidden, states::States};
use crate::{Error, Result, model::Wants, recipe::Column};

/// The settings of embedding matching.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Embeddings {
    /// `mse` or `cosine`.
    pub loss: States,
    /// A learned matrix from the student's width to the teacher's.
    pub projection: bool,
    /// That matrix begins as what changes nothing (HomoDistil).
    pub identity: bool,
    /// That matrix is the one of `hidden`.
    pub shared: bool,
    /// Mean over padding too, as the original code has it.
    pub reference_reduction: bool,
}

impl Embeddings {
    fn matrix(&self) -> Option<&'static str> {
        let name = if self.shared { Hidden::NAME } else { Self::NAME };
        self.projection.then_some(name)
    }
}

impl Method for Embeddings {
    const NAME: &'static str = "embeddings";
    const FORMULA: &'static str = "MSE(E^S W, E^T)";
    const PAPER: &'static str = "Jiao et al. 2020, section 3";
}

impl Objective for Embeddings {
    fn wants(&self) -> Wants {
        Wants { embeddings: true, ..Wants::default() }
    }

    fn fits(&self, at: &str, pair: &Pair) -> Result<()> {
        pair.projectable(at, self.projection, self.identity)
    }

    fn projections(&self, pair: &Pair) -> Vec<Projection> {
        let matrix = |name| Projection { identity: self.identity, ..pair.projection(name) };
        self.matrix().map(matrix).into_iter().collect()
    }

    fn cells(&self) -> Vec<(Column, &'static str)> {
        vec![(Column::Embeddings, self.loss.short())]
    }

    fn terms(&self, seen: &Seen) -> Result<Vec<Term>> {
        let lost = || Error::input(Self::NAME, "the embeddings of both models", "none recorded");
        let teacher = seen.teacher(Self::NAME)?.embeddings.clone().ok_or_else(lost)?;
        let student = seen.project(self.matrix(), seen.student.embeddings.clone().ok_or_else(lost)?)?;
        let value = self.loss.of(teacher, student, &seen.mask(self.reference_reduction));
        Ok(Term::named("embeddings", Some(value)))
    }
}
