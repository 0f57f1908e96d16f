//! How much a loss feels each head and each neuron, to first order.
//!
//! A unit is multiplied by a gate ξ that is 1. Removing it takes the gate to 0 and changes the loss by
//! about −∂L/∂ξ, so |∂L/∂ξ| says what the unit matters (Molchanov et al. 2017, "Pruning
//! Convolutional Neural Networks"; Michel, Levy, Neubig 2019, "Are Sixteen Heads Really Better than
//! One?"; STARK, section 3.2). Slopes of one sign in one text and of the other in the next cancel
//! unless the absolute value is taken before they are summed; where it is taken is a choice
//! ([`Accumulate`]).
//!
//! ```text
//! batch     Σ over batches of | ∂L/∂ξ |                     STARK's and DynaBERT's code
//! example   Σ over texts of | ∂L/∂ξ of the text |           exact: one backward pass for all texts
//! token     Σ over tokens of | ∂L/∂ξ of the token |         Michel et al.
//! ```
//!
//! L is the mean over the batch, but of a text its own loss. A gate of every text's, or of every token's,
//! own costs no further pass: the model has as many gates, all at 1.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    data::Batch,
    model::{Gates, Model, Trace, Wants},
};

/// Where the absolute value of a slope is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accumulate {
    /// Of a batch's.
    #[default]
    Batch,
    /// Of each text's.
    Example,
    /// Of each token's.
    Token,
}

impl Accumulate {
    /// The gates, all at 1: how many rows of texts and of tokens have their own.
    fn gates(self, model: &Model, batch: &Batch) -> Gates {
        let [rows, length] = batch.ids.dims();
        let [rows, length] = match self {
            Self::Batch => [1, 1],
            Self::Example => [rows, 1],
            Self::Token => [rows, length],
        };
        Gates::ones(model.config(), [rows, length], &batch.mask.device()).require_grad()
    }
}

/// Something of a model's heads, and the same of its neurons.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Units<T> {
    /// Of the attention heads.
    pub heads: T,
    /// Of the feed-forward neurons.
    pub neurons: T,
}

impl Units<Vec<Tensor<1>>> {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let add =
            |ours: Vec<Tensor<1>>, theirs: Vec<Tensor<1>>| ours.into_iter().zip(theirs).map(|(x, y)| x + y).collect();
        Self { heads: add(self.heads, other.heads), neurons: add(self.neurons, other.neurons) }
    }
}

/// Σ |∂L/∂ξ| over one batch, `[heads]` and `[intermediate]` for each layer. `model` is on or off the graph;
/// `loss` makes L, `[1]`, of what the model shows of itself.
///
/// # Errors
/// What `loss` finds wrong.
pub fn sensitivity(
    model: &Model,
    batch: &Batch,
    accumulate: Accumulate,
    wants: &Wants,
    loss: impl FnOnce(&Trace) -> Result<Tensor<1>>,
) -> Result<Units<Vec<Tensor<1>>>> {
    let Units { heads, neurons } = slopes(model, batch, accumulate, wants, loss)?;
    let felt = |slopes: Vec<Tensor<3>>| slopes.into_iter().map(|slope| summed(slope.abs())).collect();
    Ok(Units { heads: felt(heads), neurons: felt(neurons) })
}

/// ∂L/∂ξ of one batch with its sign, `[1 or batch, 1 or length, units]` for each layer, as
/// `accumulate` has gates. What no path leads to is not felt.
///
/// # Errors
/// What `loss` finds wrong.
pub fn slopes(
    model: &Model,
    batch: &Batch,
    accumulate: Accumulate,
    wants: &Wants,
    loss: impl FnOnce(&Trace) -> Result<Tensor<1>>,
) -> Result<Units<Vec<Tensor<3>>>> {
    let gates = accumulate.gates(model, batch);
    let trace = model.forward(batch, wants, Some(&gates), None);
    let loss = match accumulate {
        // The mean over the texts is so many times smaller than the sum of their own.
        Accumulate::Example => loss(&trace)? * batch.rows as f64,
        Accumulate::Batch | Accumulate::Token => loss(&trace)?,
    };
    let gradients = loss.backward();
    let slope = |gate: Tensor<3>| gate.grad(&gradients).unwrap_or_else(|| gate.inner().zeros_like());
    let all = |gates: Vec<Tensor<3>>| gates.into_iter().map(slope).collect();
    Ok(Units { heads: all(gates.heads), neurons: all(gates.neurons) })
}

/// Over texts and tokens: `[units]`
pub(super) fn summed(slope: Tensor<3>) -> Tensor<1> {
    let [_, _, units] = slope.dims();
    slope.sum_dim(0).sum_dim(1).reshape([units])
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pollster::block_on;

    use super::*;
    use crate::{data::HostBatch, loss::cross_entropy, model::tests::model, readback::read, score::losses::friendly};

    /// These rows of three texts of other classes, the second one shorter.
    fn batch(rows: &[usize]) -> Batch {
        let texts = [([2, 5, 7, 3], 4, 0), ([2, 9, 3, 0], 3, 2), ([2, 4, 4, 3], 4, 1)];
        let picked: Vec<_> = rows.iter().map(|&row| texts[row]).collect();
        let host = HostBatch {
            ids: picked.iter().flat_map(|(ids, _, _)| ids.to_vec()).collect(),
            types: vec![0; 4 * rows.len()],
            mask: picked
                .iter()
                .flat_map(|(_, count, _)| (0..4).map(move |at| if at < *count { 1.0 } else { 0.0 }))
                .collect(),
            labels: picked.iter().map(|(_, _, label)| *label).collect(),
            rows: rows.len(),
            length: 4,
        };
        host.to_device(&Device::flex())
    }

    fn felt_by(rows: &[usize], accumulate: Accumulate) -> Vec<f32> {
        let (model, batch) = (model(&Device::flex()), batch(rows));
        let loss = |trace: &Trace| Ok(cross_entropy(trace.logits(), batch.labels.clone(), batch.labelled));
        let units = sensitivity(&model, &batch, accumulate, &Wants::default(), loss).unwrap();
        let all = units.heads.into_iter().chain(units.neurons);
        all.flat_map(|layer| block_on(read(layer)).unwrap()).collect()
    }

    fn close(found: &[f32], wanted: &[f32]) {
        let most = wanted.iter().fold(0.0f32, |most, value| most.max(*value));
        assert!(most > 1e-3 && found.len() == wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-5 * most.max(1.0), "{found} {wanted}");
        }
    }

    /// Gates of every text's own give what each text gives alone.
    #[test]
    fn all_texts_at_once_are_each_alone() {
        let alone: Vec<Vec<f32>> = (0..3).map(|row| felt_by(&[row], Accumulate::Batch)).collect();
        let sum: Vec<f32> = (0..alone[0].len()).map(|unit| alone.iter().map(|one| one[unit]).sum::<f32>()).collect();
        close(&felt_by(&[0, 1, 2], Accumulate::Example), &sum);
        close(&felt_by(&[1], Accumulate::Example), &alone[1]);
    }

    #[test]
    fn the_finer_the_absolute_value_the_larger_the_sum() {
        let [batch, example, token] =
            [Accumulate::Batch, Accumulate::Example, Accumulate::Token].map(|how| felt_by(&[0, 1, 2], how));
        for ((batch, example), token) in batch.iter().zip(&example).zip(&token) {
            // Of three texts the loss is the mean, of one its own.
            assert!(3.0 * batch <= example + 1e-5 && *example <= 3.0 * token + 1e-5, "{batch} {example} {token}");
        }
        assert!(3.0 * batch.iter().sum::<f32>() < 0.95 * example.iter().sum::<f32>(), "some signs differ");
    }

    #[test]
    fn a_teacher_that_is_its_student_is_no_friendlier_anywhere() {
        let (model, batch) = (model(&Device::flex()), batch(&[0, 1, 2]));
        let student = model.forward(&batch, &Wants::default(), None, None).logits();
        let loss = |trace: &Trace| Ok(friendly(trace.logits(), student, batch.labels.clone(), 2.0, batch.counted));
        let units = sensitivity(&model, &batch, Accumulate::Token, &Wants::default(), loss).unwrap();
        for layer in units.heads.into_iter().chain(units.neurons) {
            assert!(block_on(read(layer)).unwrap().iter().all(|felt| *felt < 1e-5));
        }
    }
}
