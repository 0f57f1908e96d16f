//! What a model makes of a split, and how good that is.

use burn::tensor::{Device, Tensor, activation::log_softmax};

use super::{event::Eval, metrics};
use crate::{
    Result,
    data::{Encodings, Masking},
    kernel::{Divergence, logit_rows},
    model::{Model, Task, Wants},
    readback::read,
};

/// Texts per batch when only looking.
const ROWS: usize = 64;
/// Most logits at a time: 64 MiB.
const LOGITS: usize = 1 << 24;

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
        classes = trace.classes();
        let values = read(trace.logits()).await?;
        logits.resize(encodings.len() * classes, 0.0);
        for (&index, row) in rows.iter().zip(values.chunks(classes)) {
            logits[index * classes..][..classes].copy_from_slice(row);
        }
    }
    Ok(Predictions { logits, classes })
}

/// How many texts of a split a language model is asked for at a time.
pub(super) fn at_once(vocabulary: usize, encodings: &Encodings) -> usize {
    (LOGITS / (vocabulary * encodings.longest()).max(1)).clamp(1, ROWS)
}

/// The sentences of a split, the shortest first.
pub(super) fn by_length(encodings: &Encodings) -> Vec<usize> {
    let lengths = encodings.lengths();
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| lengths[index]);
    order
}

/// What a model makes of every word that it is asked for, in the order in which they were asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// The likeliest token.
    pub choices: Vec<u32>,
    /// Whether that is the word.
    pub hits: Vec<bool>,
    /// −log of the word's probability.
    pub losses: Vec<f32>,
    /// The likeliest token's probability.
    pub confidences: Vec<f32>,
}

/// Asks `model` (off the graph) for the words of a split: those that `masking` hides, always the same
/// ones, or without it every next one.
///
/// # Errors
/// As [`predict`].
pub async fn words(model: &Model, encodings: &Encodings, masking: Option<&Masking>, device: &Device) -> Result<Words> {
    let mut words = Words::default();
    let vocabulary = model.config().vocab_size;
    for (seed, rows) in by_length(encodings).chunks(at_once(vocabulary, encodings)).enumerate() {
        let mut host = encodings.host(rows);
        if let Some(masking) = masking {
            host = masking.hide(host, seed as u64);
        }
        let batch = host.to_device(device);
        let logits = model.forward(&batch, &Wants::default(), None, None).logits();
        let hard = logit_rows(logits.clone(), None, batch.labels.clone(), 1.0, Divergence::Kl).hard;
        let (best, choice) = log_softmax(logits, 1).max_dim_with_indices(1);
        let [best, choice] = [best.exp(), choice.float()].map(|column| column.squeeze_dim::<1>(1));
        let values = read(Tensor::cat(vec![hard, best, choice], 0)).await?;
        let (hard, rest) = values.split_at(host.labels.len());
        let (best, choice) = rest.split_at(host.labels.len());
        for (place, &label) in host.labels.iter().enumerate().filter(|(_, label)| **label >= 0) {
            words.choices.push(choice[place] as u32);
            words.hits.push(choice[place] as i32 == label);
            words.losses.push(hard[place]);
            words.confidences.push(best[place]);
        }
    }
    Ok(words)
}

impl Words {
    /// Mean cross-entropy in nats.
    pub fn loss(&self) -> f64 {
        self.losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / self.losses.len().max(1) as f64
    }

    fn figures(&self, teacher: Option<&Self>) -> Eval {
        let right = self.hits.iter().filter(|hit| **hit).count();
        let count = self.hits.len();
        let same = |teacher: &Self| self.choices.iter().zip(&teacher.choices).filter(|(a, b)| a == b).count();
        let doubts = self.losses.iter().map(|&loss| -f64::from(-loss).exp_m1());
        Eval {
            accuracy: right as f64 / count.max(1) as f64,
            interval: metrics::wilson(right, count),
            loss: self.loss(),
            examples: count,
            agreement: teacher.map(|teacher| same(teacher) as f64 / count.max(1) as f64),
            calibration: Some(metrics::calibration(self.confidences.iter().copied().zip(self.hits.iter().copied()))),
            uncertainty: metrics::histogram(doubts),
            ..Eval::default()
        }
    }
}

/// What a model answers to a split.
#[derive(Debug, Clone, PartialEq)]
pub enum Answers {
    /// Classes.
    Classes(Predictions),
    /// Words.
    Words(Words),
}

/// What `model` (off the graph) answers to a split; an encoder that guesses words has those hidden
/// that `masking` says.
///
/// # Errors
/// As [`predict`].
pub async fn judge(
    model: &Model,
    encodings: &Encodings,
    masking: Option<&Masking>,
    device: &Device,
) -> Result<Answers> {
    Ok(match model.config().task("the model")? {
        Task::Classification => Answers::Classes(predict(model, encodings, device).await?),
        Task::MaskedLm => Answers::Words(words(model, encodings, masking, device).await?),
        Task::CausalLm => Answers::Words(words(model, encodings, None, device).await?),
    })
}

impl Answers {
    /// Their figures, beside the teacher's answers if there are any. `labels` are the classes.
    pub fn figures(&self, labels: &[usize], teacher: Option<&Self>) -> Eval {
        match (self, teacher) {
            (Self::Classes(own), Some(Self::Classes(teacher))) => figures(own, labels, Some(teacher)),
            (Self::Classes(own), _) => figures(own, labels, None),
            (Self::Words(own), Some(Self::Words(teacher))) if own.hits.len() == teacher.hits.len() => {
                own.figures(Some(teacher))
            }
            (Self::Words(own), _) => own.figures(None),
        }
    }
}

/// The figures of `predictions` against the labels, beside the teacher's choices if there are any.
pub fn figures(predictions: &Predictions, labels: &[usize], teacher: Option<&Predictions>) -> Eval {
    let choices = predictions.choices();
    let count = labels.len();
    let right = metrics::hits(&choices, labels);
    let answers: Vec<Vec<f64>> = (0..count).map(|row| probabilities(predictions.row(row))).collect();
    let loss: f64 = answers.iter().zip(labels).map(|(answer, &label)| -answer[label].max(f64::MIN_POSITIVE).ln()).sum();
    let agreement = teacher.map(|teacher| {
        let same = choices.iter().zip(teacher.choices()).filter(|(mine, theirs)| *mine == theirs).count();
        same as f64 / count.max(1) as f64
    });
    let sure = answers
        .iter()
        .zip(&choices)
        .zip(labels)
        .map(|((answer, &choice), &label)| (answer[choice] as f32, choice == label));
    Eval {
        accuracy: metrics::accuracy(&choices, labels),
        interval: metrics::wilson(right, count),
        loss: loss / count.max(1) as f64,
        f1: metrics::f1(&choices, labels),
        mcc: metrics::matthews(&choices, labels),
        examples: count,
        agreement,
        calibration: Some(metrics::calibration(sure)),
        ..Eval::default()
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
