//! The cases `model`: a checkpoint, a batch, and everything that a forward and a backward pass of
//! `transformers` gave.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Gradients, Int, Tensor, TensorData, activation::log_softmax},
};
use serde_json::Value;

use super::{Answer, Answers, Array, Case, Fetch};
use crate::{
    Error, Result,
    checkpoint::{Files, load_model},
    model::{Inputs, Model, Path, Wants},
    readback::read_many,
};

/// Runs the case's checkpoint forward and backward on `device`, and gives `logits`, `loss`,
/// `hidden.0` (embeddings) and up, `attention.0` and up, and `grad.` with a parameter's name for
/// the ℓ2 norm of its gradient. Nothing for a family of models that is not known.
///
/// # Errors
/// As [`load_model`], and [`Error::Device`] when the device fails.
pub async fn run(case: &Case, fetch: &Fetch<'_>, device: &Device) -> Result<Answers> {
    let checkpoint = case.word("checkpoint")?;
    let mut files = Files::new();
    for name in ["config.json", "model.safetensors"] {
        files.insert(name.into(), fetch(format!("{checkpoint}/{name}")).await?);
    }
    let family: Option<Value> = serde_json::from_slice(&files["config.json"]).ok();
    if family.is_some_and(|config| config["model_type"] != "bert") {
        return Ok(None);
    }
    let asked = Question::read(case)?;
    let graph = device.clone().autodiff();
    let model = load_model(checkpoint, &files, &graph)?;
    let int = |values: &[i32]| {
        Tensor::<2, Int>::from_data(TensorData::new(values.to_vec(), [asked.rows, asked.length]), &graph)
    };
    let (ids, mask) = (int(&asked.ids), int(&asked.mask).float());
    let types = ids.zeros_like();
    let inputs = Inputs { ids: &ids, types: &types, mask: &mask };
    let wants = Wants { embeddings: true, hidden: true, probs: true, ..Wants::default() };
    let trace = model.forward(inputs, &wants, None, None);
    let loss = cross_entropy(trace.logits.clone(), &asked.labels);

    let mut all = vec![("loss".to_owned(), loss.clone()), ("logits".to_owned(), trace.logits.flatten(0, 1))];
    let hidden = trace.embeddings.into_iter().chain(trace.layers.iter().filter_map(|layer| layer.hidden.clone()));
    all.extend(hidden.enumerate().map(|(index, states)| (format!("hidden.{index}"), states.flatten(0, 2))));
    let probs = trace.layers.into_iter().filter_map(|layer| layer.probs);
    all.extend(probs.enumerate().map(|(index, probs)| (format!("attention.{index}"), probs.flatten(0, 3))));
    all.extend(gradient_norms(&model, &loss.backward()));

    let (names, tensors): (Vec<String>, Vec<Tensor<1>>) =
        all.into_iter().map(|(name, tensor)| (name, tensor.inner())).unzip();
    let values = read_many(tensors).await?;
    let answers: BTreeMap<String, Answer> = names
        .into_iter()
        .zip(values)
        .map(|(name, values)| {
            let counts = asked.counting(&name, values.len());
            (name, Answer { values, counts })
        })
        .collect();
    Ok(Some(answers))
}

/// A case's batch, row by row.
struct Question {
    /// `[rows * length]` token ids.
    ids: Vec<i32>,
    /// `[rows * length]`: 1 for a token, 0 for padding.
    mask: Vec<i32>,
    /// `[rows]`, or of a masked language model `[rows * length]`; −100 where there is none.
    labels: Vec<i32>,
    /// Sentences.
    rows: usize,
    /// Tokens of each, padding included.
    length: usize,
}

impl Question {
    fn read(case: &Case) -> Result<Self> {
        let (ids, mask) = (case.input("input_ids")?, case.input("attention_mask")?);
        let wrong = |found: &Array| {
            Error::input(&case.name, "input_ids and attention_mask of [rows, length]", format!("{:?}", found.shape))
        };
        let &[rows, length] = ids.shape.as_slice() else { return Err(wrong(ids)) };
        if mask.shape != ids.shape || rows * length == 0 {
            return Err(wrong(mask));
        }
        let labels = case.input("labels")?.integers();
        Ok(Self { ids: ids.integers(), mask: mask.integers(), labels, rows, length })
    }

    /// Which numbers of an answer belong to tokens alone.
    fn counting(&self, name: &str, size: usize) -> Vec<bool> {
        let real = |token: usize| self.mask[token] != 0;
        let tokens = self.mask.len();
        match name.split('.').next() {
            // [batch, heads, query, key]
            Some("attention") => {
                let first = |index: usize| index / (size / self.rows) * self.length;
                let query = |index: usize| first(index) + index / self.length % self.length;
                let key = |index: usize| first(index) + index % self.length;
                (0..size).map(|index| real(query(index)) && real(key(index))).collect()
            }
            // [batch, length, width]
            Some("hidden") => (0..size).map(|index| real(index / (size / tokens))).collect(),
            Some("logits") if self.labels.len() == tokens => {
                (0..size).map(|index| real(index / (size / tokens))).collect()
            }
            _ => vec![true; size],
        }
    }
}

/// Mean over the rows that have a label of −log softmax at it, `[1]`.
fn cross_entropy(logits: Tensor<2>, labels: &[i32]) -> Tensor<1> {
    let device = logits.device();
    let [rows, _] = logits.dims();
    let counted = labels.iter().filter(|&&label| label >= 0).count().max(1);
    let weights: Vec<f32> = labels.iter().map(|&label| if label < 0 { 0.0 } else { -1.0 / counted as f32 }).collect();
    let labels: Vec<i32> = labels.iter().map(|&label| label.max(0)).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [rows, 1]), &device);
    let weights = Tensor::<2>::from_data(TensorData::new(weights, [rows, 1]), &device);
    (log_softmax(logits, 1).gather(1, labels) * weights).sum()
}

/// `grad.` and the parameter's name, ‖gradient‖ `[1]`.
fn gradient_norms(model: &Model, gradients: &Gradients) -> Vec<(String, Tensor<1>)> {
    struct Norms<'a> {
        gradients: &'a Gradients,
        path: Path,
        found: Vec<(String, Tensor<1>)>,
    }

    impl ModuleVisitor for Norms<'_> {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                self.found.push((format!("grad.{}", self.path.name()), gradient.square().sum().sqrt()));
            }
        }
    }

    let mut norms = Norms { gradients, path: Path::default(), found: vec![] };
    model.visit(&mut norms);
    norms.found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_does_not_count() {
        // Two sentences of two tokens, the last of them padding; one head.
        let (ids, mask, labels) = (vec![1; 4], vec![1, 1, 1, 0], vec![0, 0]);
        let asked = Question { ids, mask, labels, rows: 2, length: 2 };
        assert_eq!(asked.counting("hidden.0", 4), [true, true, true, false]);
        assert_eq!(asked.counting("attention.0", 8), [true, true, true, true, true, false, false, false]);
        assert_eq!(asked.counting("logits", 4), [true; 4]);
    }

    #[test]
    fn rows_without_a_label_do_not_count() {
        // −log(3/4) of the first row alone.
        let logits = Tensor::<2>::from_floats([[3f32.ln(), 0.0], [5.0, 0.0]], &Device::flex());
        let loss = cross_entropy(logits, &[0, -100]).into_scalar::<f32>();
        assert!((loss - (4f32 / 3.0).ln()).abs() < 1e-6, "{loss}");
    }
}
