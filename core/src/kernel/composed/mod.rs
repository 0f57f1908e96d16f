//! The kernels' mathematics in Burn's own operations, differentiated by Burn: what the kernels are
//! checked against and measured against.
//!
//! [`instead`] has a whole program compute this way, slower, so that a run can be compared with the same
//! run on the kernels, and a difference laid to one kind of them.

use std::{fmt, str::FromStr, sync::OnceLock};

use burn::tensor::{Int, Tensor};

use super::{Bend, Divergence, Form, RowTerms, Step, Stepped, Weights};
use crate::{Error, Result};

mod layers;
mod rows;

pub use layers::{activation, adamw, affine, layer_norm, length, masked_softmax, product};
pub use rows::{losses, split, terms};

/// A kind of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Products of matrices, with or without a bias.
    Products,
    /// Layer norms.
    Norms,
    /// Attention without its matrices.
    Attention,
    /// Attention's softmax.
    Softmax,
    /// Activations.
    Activations,
    /// Losses of rows of logits, where they are whole.
    Losses,
    /// The optimiser.
    Optimizer,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Products, Self::Norms, Self::Attention, Self::Softmax, Self::Activations, Self::Losses, Self::Optimizer];

    fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Norms => "norms",
            Self::Attention => "attention",
            Self::Softmax => "softmax",
            Self::Activations => "activations",
            Self::Losses => "losses",
            Self::Optimizer => "optimizer",
        }
    }

    /// What is asked to take its place, if anything.
    pub(super) fn instead(self) -> Option<&'static Plain> {
        INSTEAD.get().filter(|(kinds, _)| kinds.contains(&self)).map(|(_, plain)| plain)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            Error::input("kind of kernels", crate::run::one_of(text, &names), format!("`{text}`"))
        })
    }
}

/// What takes the kernels' places. A program that never asks for it has none of Burn's code for it.
pub(super) struct Plain {
    pub affine: fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>, Weights) -> Tensor<2>,
    pub product: fn(Tensor<4>, Tensor<4>, Form) -> Tensor<4>,
    pub layer_norm: fn(Tensor<2>, Tensor<1>, Tensor<1>, f64) -> Tensor<2>,
    pub masked_softmax: fn(Tensor<4>, Tensor<4>, f64) -> Tensor<4>,
    pub activation: fn(Tensor<1>, Bend) -> Tensor<1>,
    pub terms: fn(Tensor<2>, Option<Tensor<2>>, Tensor<1, Int>, f64, Divergence) -> RowTerms,
    pub length: fn(&[&Tensor<1>]) -> Tensor<1>,
    pub adamw: fn(Tensor<1>, Tensor<1>, [Tensor<1>; 2], Tensor<1>, Step) -> Stepped,
}

static INSTEAD: OnceLock<(Vec<Kind>, Plain)> = OnceLock::new();

/// From now on, computes what these kernels would in Burn's own operations. The first call counts.
pub fn instead(of: Vec<Kind>) {
    let plain = Plain {
        affine: layers::affine,
        product: layers::product,
        layer_norm: layers::layer_norm,
        masked_softmax: layers::masked_softmax,
        activation: layers::activation,
        terms: rows::terms,
        length: layers::length,
        adamw: layers::adamw,
    };
    INSTEAD.get_or_init(|| (of, plain));
}
