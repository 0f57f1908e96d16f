//! Several teachers at once.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::kernel::{Divergence, logit_rows};

/// How several teachers become one lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blend {
    /// Every teacher weighs 1 / (1 + its own cross-entropy) on each row (Wu et al. 2021).
    #[default]
    Weighted,
    /// The mean of their losses.
    Losses,
    /// The loss of their mean logits.
    Logits,
}

/// Soft cross-entropy of `student`, `[rows, classes]`, with several teachers of the same shape at
/// temperature `temperature`, times T², mean over the `counted` rows; and the weights, `[rows]` of
/// each teacher. Weighted losses are summed over the teachers, as in the paper.
pub fn blended(
    teachers: &[Tensor<2>],
    student: Tensor<2>,
    labels: Tensor<1, Int>,
    temperature: f64,
    blend: Blend,
    counted: usize,
) -> (Tensor<1>, Vec<Tensor<1>>) {
    let scale = temperature * temperature / counted.max(1) as f64;
    let soft = |teacher: Tensor<2>| {
        logit_rows(student.clone(), Some(teacher), labels.clone(), temperature, Divergence::SoftCrossEntropy).divergence
    };
    let mean = Tensor::stack::<3>(teachers.to_vec(), 0).mean_dim(0).squeeze_dim::<2>(0);
    if blend == Blend::Logits {
        return (soft(mean).sum() * scale, vec![]);
    }
    let share = 1.0 / teachers.len().max(1) as f64;
    let weights: Vec<Tensor<1>> = teachers
        .iter()
        .map(|teacher| {
            let own = logit_rows(teacher.clone(), None, labels.clone(), 1.0, Divergence::Kl).hard.detach();
            match blend {
                Blend::Weighted => (own + 1.0).recip(),
                Blend::Losses | Blend::Logits => own.ones_like() * share,
            }
        })
        .collect();
    let losses = teachers.iter().zip(&weights).map(|(teacher, weight)| (soft(teacher.clone()) * weight.clone()).sum());
    let total = losses.reduce(|sum, loss| sum + loss).unwrap_or_else(|| student.clone().sum() * 0.0);
    (total * scale, weights)
}
