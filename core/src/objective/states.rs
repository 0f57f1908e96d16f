//! What can be asked of two hidden states.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::loss::{hidden_cosine, hidden_mse};

/// How far two hidden states are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum States {
    /// Mean squared error.
    #[default]
    Mse,
    /// 1 − cosine.
    Cosine,
}

impl States {
    /// As the table of methods has it.
    pub fn short(self) -> &'static str {
        match self {
            Self::Mse => "MSE",
            Self::Cosine => "cos",
        }
    }

    /// `[batch, length, width]` each; mean over what `mask` counts.
    pub fn of(self, teacher: Tensor<3>, student: Tensor<3>, mask: &Tensor<2>) -> Tensor<1> {
        match self {
            Self::Mse => hidden_mse(teacher, student, mask),
            Self::Cosine => hidden_cosine(teacher, student, mask),
        }
    }
}
