//! What a model makes of a split, and how good that is.

use super::{event::Eval, metrics};
use crate::{
    Result,
    data::{Encodings, Masking},
    kernel::{Divergence, logit_rows},
    model::{Model, Wants},
    readback::read,
};
use burn::tensor::{Device, Tensor};

/// Sentences per batch when only looking.
const ROWS: usize = 64;

/// Logits of every example of a split, in the split's own order.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// `[examples * classes]`, row by row.
    pub logits: Vec<f32>,
    /// Classes.
    pub classes: usize,
}

impl Predictions {
    /// Logits of one example.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.logits[index * self.classes..][..self.classes]
    }

    /// The class with the largest logit, for every example; the first of equals.
    pub fn choices(&self) -> Vec<usize> {
        self.logits
            .chunks(self.classes)
            .map(|row| (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best }))
            .collect()
    }
}

/// softmax in f64.
pub fn probabilities(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max) as f64;
    let weights: Vec<f64> = logits.iter().map(|&logit| (logit as f64 - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Runs `model` (off the graph) over every example, short sentences together.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails.
pub async fn predict(model: &Model, encodings: &Encodings, device: &Device) -> Result<Predictions> {
    let mut logits = vec![];
    let mut classes = 0;
    for rows in by_length(encodings).chunks(ROWS) {
        let batch = encodings.host(rows).to_device(device);
        let trace = model.forward(&batch, &Wants::default(), None, None);
        classes = trace.logits.dims()[1];
        let values = read(trace.logits).await?;
        logits.resize(encodings.len() * classes, 0.0);
        for (&index, row) in rows.iter().zip(values.chunks(classes)) {
            logits[index * classes..][..classes].copy_from_slice(row);
        }
    }
    Ok(Predictions { logits, classes })
}

/// The sentences of a split, the shortest first.
fn by_length(encodings: &Encodings) -> Vec<usize> {
    let lengths = encodings.lengths();
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| lengths[index]);
    order
}

/// How well `model` (off the graph) guesses words that `masking` hides, always the same ones: of
/// every hidden word.
///
/// # Errors
/// As [`predict`].
pub async fn guess(model: &Model, encodings: &Encodings, masking: &Masking, device: &Device) -> Result<Eval> {
    let (mut right, mut count, mut loss) = (0.0, 0, 0.0);
    for (seed, rows) in by_length(encodings).chunks(ROWS).enumerate() {
        let batch = masking.hide(encodings.host(rows), seed as u64).to_device(device);
        let logits = model.forward(&batch, &Wants::default(), None, None).logits;
        let hits = logits.clone().argmax(1).squeeze_dim::<1>(1).equal(batch.labels.clone()).float().sum();
        let hard = logit_rows(logits, None, batch.labels.clone(), 1.0, Divergence::Kl).hard.sum();
        let sums = read(Tensor::cat(vec![hits, hard], 0)).await?;
        right += sums[0] as f64;
        loss += sums[1] as f64;
        count += batch.labelled;
    }
    let share = right / count.max(1) as f64;
    Ok(Eval {
        step: 0,
        who: String::new(),
        split: String::new(),
        accuracy: share,
        interval: metrics::wilson(right as usize, count),
        loss: loss / count.max(1) as f64,
        f1: 0.0,
        mcc: 0.0,
        examples: count,
        agreement: None,
    })
}

/// The figures of `predictions` against the labels, beside the teacher's choices if there are any.
pub fn figures(predictions: &Predictions, labels: &[usize], teacher: Option<&Predictions>) -> Eval {
    let choices = predictions.choices();
    let count = labels.len();
    let right = metrics::hits(&choices, labels);
    let loss: f64 = labels
        .iter()
        .enumerate()
        .map(|(index, &label)| -probabilities(predictions.row(index))[label].max(f64::MIN_POSITIVE).ln())
        .sum();
    let agreement = teacher.map(|teacher| {
        let same = choices.iter().zip(teacher.choices()).filter(|(mine, theirs)| *mine == theirs).count();
        same as f64 / count.max(1) as f64
    });
    Eval {
        step: 0,
        who: String::new(),
        split: String::new(),
        accuracy: metrics::accuracy(&choices, labels),
        interval: metrics::wilson(right, count),
        loss: loss / count.max(1) as f64,
        f1: metrics::f1(&choices, labels),
        mcc: metrics::matthews(&choices, labels),
        examples: count,
        agreement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_four_sentences() {
        // Choices 1, 0, 1, 0; labels 1, 0, 0, 0: three of four right.
        let predictions = Predictions { logits: vec![0.0, 2.0, 1.0, 0.0, 0.0, 0.5, 3.0, 0.0], classes: 2 };
        let teacher = Predictions { logits: vec![0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0], classes: 2 };
        let eval = figures(&predictions, &[1, 0, 0, 0], Some(&teacher));
        assert_eq!(eval.accuracy, 0.75);
        assert_eq!(eval.agreement, Some(0.75));
        // log(1 + e^−2), log(1 + e^−1), log(1 + e^0.5), log(1 + e^−3), over four.
        let losses = [(-2.0f64).exp(), (-1.0f64).exp(), 0.5f64.exp(), (-3.0f64).exp()];
        let wanted: f64 = losses.iter().map(|x| x.ln_1p()).sum::<f64>() / 4.0;
        assert!((eval.loss - wanted).abs() < 1e-12, "{} {wanted}", eval.loss);
    }

    #[test]
    fn equal_logits_choose_the_first_class() {
        assert_eq!(Predictions { logits: vec![1.0, 1.0, 1.0], classes: 3 }.choices(), [0]);
    }
}
