//! The pilot of STARK: what a few per cent of random sparsity do to how right and how sure a classifier is.
//!
//! Yang, Zhang, Song 2022, "Sparse Teachers Can Be Dense with Knowledge", figure 1. Weights of the layers'
//! matrices are set to 0 at random, in every matrix the same share (PyTorch's `random_unstructured`).
//! How sure a model is, is the variance of its probabilities over the C classes, mean over the texts:
//!
//! ```text
//! Var = (1/C) Σ_c (p_c − 1/C)²                  at most 1/4 of two classes
//! ```

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    Result, checkpoint,
    data::{Encodings, first},
    model::Model,
    score::single::in_layers,
    train::{Predictions, metrics, predict, probabilities},
};

/// How right and how sure a model is at a sparsity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Share of the weights that are 0.
    pub sparsity: f64,
    /// Of the draw of weights.
    pub seed: u64,
    /// Share of right answers.
    pub accuracy: f64,
    /// Var.
    pub confidence: f64,
}

/// `model` with a share of the weights of every matrix of its layers at 0, drawn by `seed`: round(share ·
/// weights), half to even. A larger share of the same seed holds every smaller one.
///
/// # Errors
/// [`crate::Error::Device`] when the weights cannot be read back.
pub async fn sparsified(model: &Model, share: f64, seed: u64, device: &Device) -> Result<Model> {
    let in_layers = in_layers(model);
    let mut tensors = checkpoint::tensors(model).await?;
    let matrices = tensors.iter_mut().filter(|(name, tensor)| in_layers(name, &tensor.shape));
    for (place, (_, tensor)) in matrices.enumerate() {
        let count = tensor.data.len();
        let zeros = (share * count as f64).round_ties_even() as usize;
        for weight in first(count, zeros, seed.wrapping_mul(0x9E37_79B9).wrapping_add(place as u64)) {
            tensor.data[weight] = 0.0;
        }
    }
    let empty = Model::empty("the sparse model", model.config(), device)?;
    checkpoint::assign("the sparse model", empty, tensors)
}

/// How right and how sure `model` is of texts whose classes are `labels`, at a sparsity.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails.
pub async fn point(
    model: &Model,
    texts: &Encodings,
    labels: &[usize],
    sparsity: f64,
    seed: u64,
    device: &Device,
) -> Result<Point> {
    let sparse = sparsified(model, sparsity, seed, device).await?;
    let (accuracy, confidence) = measured(&sparse, texts, labels, device).await?;
    Ok(Point { sparsity, seed, accuracy, confidence })
}

/// How right and how sure `model` is of texts whose classes are `labels`: its share of right answers, and Var.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails.
pub async fn measured(model: &Model, texts: &Encodings, labels: &[usize], device: &Device) -> Result<(f64, f64)> {
    let predictions = predict(model, texts, device).await?;
    Ok((metrics::accuracy(&predictions.choices(), labels), confidence(&predictions, labels.len())))
}

/// How sure `model` is of texts: Var.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails.
pub async fn sureness(model: &Model, texts: &Encodings, device: &Device) -> Result<f64> {
    Ok(confidence(&predict(model, texts, device).await?, texts.len()))
}

/// Var, mean over `count` texts.
fn confidence(predictions: &Predictions, count: usize) -> f64 {
    let even = 1.0 / predictions.classes as f64;
    let one = |row: usize| {
        let p = probabilities(predictions.row(row));
        p.iter().map(|p| (p - even).powi(2)).sum::<f64>() * even
    };
    (0..count).map(one).sum::<f64>() / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::model::tests::model;

    #[test]
    fn variance_by_hand() {
        // Even probabilities, and 3/4 to 1/4: (1/4)² on both sides.
        let predictions = Predictions { logits: vec![0.0, 0.0, 3f32.ln(), 0.0], classes: 2 };
        assert!((confidence(&predictions, 2) - 0.0625 / 2.0).abs() < 1e-7);
    }

    #[test]
    fn a_share_of_every_matrix_and_nothing_else_is_zero() {
        let device = Device::flex();
        let whole = model(&device);
        let tensors = |share: f64, seed: u64| {
            block_on(async { checkpoint::tensors(&sparsified(&whole, share, seed, &device).await?).await }).unwrap()
        };
        let (dense, tenth, fifth) = (tensors(0.0, 1), tensors(0.1, 1), tensors(0.2, 1));
        assert_eq!(dense, block_on(checkpoint::tensors(&whole)).unwrap());
        let zeros = |data: &[f32]| data.iter().filter(|weight| **weight == 0.0).count();
        for (name, before) in &dense {
            let matrix = name.contains(".layer.") && before.shape.len() == 2;
            let wanted =
                if matrix { (before.data.len() as f64 * 0.1).round_ties_even() as usize } else { zeros(&before.data) };
            assert_eq!(zeros(&tenth[name].data), wanted, "{name}");
            let held = tenth[name].data.iter().zip(&fifth[name].data).all(|(less, more)| *less != 0.0 || *more == 0.0);
            assert!(held, "{name}: a larger share holds the smaller one");
        }
        assert_ne!(tenth, tensors(0.1, 2));
    }
}
