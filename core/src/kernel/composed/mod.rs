//! The kernels' mathematics in Burn's own operations, differentiated by Burn: what the kernels are
//! checked against and measured against.
//!
//! [`instead`] has a whole program compute this way, slower, so that a run can be compared with the same
//! run on the kernels, and a difference laid to one kind of them.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU8, Ordering},
};

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
    pub const ALL: [Self; 6] =
        [Self::Products, Self::Norms, Self::Softmax, Self::Activations, Self::Losses, Self::Optimizer];

    fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Norms => "norms",
            Self::Softmax => "softmax",
            Self::Activations => "activations",
            Self::Losses => "losses",
            Self::Optimizer => "optimizer",
        }
    }

    /// Whether Burn's operations are asked to take its place.
    pub(super) fn replaced(self) -> bool {
        REPLACED.load(Ordering::Relaxed) & self.bit() != 0
    }

    fn bit(self) -> u8 {
        1 << self as u8
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

static REPLACED: AtomicU8 = AtomicU8::new(0);

/// From now on, computes what these kernels would in Burn's own operations.
pub fn instead(of: &[Kind]) {
    REPLACED.store(of.iter().map(|kind| kind.bit()).sum(), Ordering::Relaxed);
}
