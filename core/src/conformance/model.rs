//! The cases `model`: a checkpoint, a batch, and everything that a forward and a backward pass of
//! `transformers` gave.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Gradients, Int, Tensor, TensorData, activation::log_softmax},
};

use serde_json::Value;

use super::{Answer, Answers, Case, Fetch, checkpoint_files};
use crate::{
    Error, Result,
    checkpoint::{Files, load_model},
    model::{Family, Inputs, Model, Path, Task, Wants},
    readback::read_many,
};

/// A case's batch, row by row.
#[derive(Debug, Clone)]
pub struct Question {
    /// `[rows * length]` token ids.
    pub ids: Vec<i64>,
    /// `[rows * length]`: 1 for a token, 0 for padding.
    pub mask: Vec<i64>,
    /// `[rows]`, or of a language model `[rows * length]`; −100 where there is none. A causal model is
    /// asked at each place for the label of the next.
    pub labels: Vec<i64>,
    /// Sentences.
    pub rows: usize,
}

/// Runs the case's checkpoint; see [`answers`].
pub async fn run(case: &Case, fetch: &Fetch<'_>, device: &Device) -> Result<Answers> {
    let at = case.word("checkpoint")?;
    let files = checkpoint_files(at, fetch).await?;
    let config: Value = serde_json::from_slice(&files["config.json"])
        .map_err(|error| Error::input(format!("{at}/config.json"), "JSON", error.to_string()))?;
    let model_type = config["model_type"].as_str().unwrap_or("none");
    if Family::of(model_type).is_none() {
        return Ok(Answers::Unknown(format!("the model type `{model_type}`")));
    }
    let (ids, mask, labels) = (case.input("input_ids")?, case.input("attention_mask")?, case.input("labels")?);
    let rows = match ids.shape[..] {
        [rows, length] if rows * length > 0 => rows,
        _ => return Err(Error::input(&case.name, "in.input_ids with rows and columns", format!("{:?}", ids.shape))),
    };
    if mask.shape != ids.shape || labels.shape.first() != Some(&rows) {
        return Err(Error::input(&case.name, "a mask and labels for every row of in.input_ids", "other sizes"));
    }
    let [ids, mask, labels] = [ids, mask, labels].map(|array| array.values.iter().map(|&value| value as i64).collect());
    let asked = Question { ids, mask, labels, rows };
    answers(at, &files, &asked, device).await.map(Answers::Known)
}

/// Runs the checkpoint `files` forward and backward on `device`, and gives what the case names
/// `out.*`: `logits`, `loss`, `hidden.0` (embeddings) and up, `attention.0` and up, and `grad.` with
/// a parameter's name for the ℓ2 norm of its gradient.
///
/// # Errors
/// As [`load_model`], and [`crate::Error::Device`] when the device fails.
pub async fn answers(at: &str, files: &Files, asked: &Question, device: &Device) -> Result<BTreeMap<String, Answer>> {
    let graph = device.clone().autodiff();
    let model = load_model(at, files, &graph)?;
    let length = asked.ids.len() / asked.rows;
    let int = |values: &[i64]| {
        let values: Vec<i32> = values.iter().map(|&value| value as i32).collect();
        Tensor::<2, Int>::from_data(TensorData::new(values, [asked.rows, length]), &graph)
    };
    let (ids, mask) = (int(&asked.ids), int(&asked.mask).float());
    let types = ids.zeros_like();
    let inputs = Inputs { ids: &ids, types: &types, mask: &mask };
    let wants = Wants { embeddings: true, hidden: true, probs: true, ..Wants::default() };
    let trace = model.forward(inputs, &wants, None, None);
    let causal = model.config().task(at)? == Task::CausalLm;
    let labels = if causal { shifted(&asked.labels, length) } else { asked.labels.clone() };
    let loss = cross_entropy(trace.logits(), &labels);

    let mut flat = vec![("loss".to_owned(), loss.clone()), ("logits".to_owned(), trace.logits().flatten(0, 1))];
    let hidden = trace.embeddings.into_iter().chain(trace.layers.iter().filter_map(|layer| layer.hidden.clone()));
    flat.extend(hidden.enumerate().map(|(index, states)| (format!("hidden.{index}"), states.flatten(0, 2))));
    let probs = trace.layers.into_iter().filter_map(|layer| layer.probs);
    flat.extend(probs.enumerate().map(|(index, probs)| (format!("attention.{index}"), probs.flatten(0, 3))));
    let mut all: Vec<(String, Tensor<1>)> = flat.into_iter().map(|(name, tensor)| (name, tensor.inner())).collect();
    all.extend(gradient_norms(&model, &loss.backward()));

    let (names, tensors): (Vec<String>, Vec<Tensor<1>>) = all.into_iter().unzip();
    let values = read_many(tensors).await?;
    Ok(names
        .into_iter()
        .zip(values)
        .map(|(name, values)| {
            let counts = counting(&name, values.len(), asked);
            (name, Answer { values, counts })
        })
        .collect())
}

/// For each place the label of the next, and none for the last: `[rows * length]`
fn shifted(labels: &[i64], length: usize) -> Vec<i64> {
    let next = |row: &[i64]| row.iter().skip(1).copied().chain([-100]).collect::<Vec<i64>>();
    labels.chunks(length).flat_map(next).collect()
}

/// Mean over the rows that have a label of −log softmax at it, `[1]`.
fn cross_entropy(logits: Tensor<2>, labels: &[i64]) -> Tensor<1> {
    let device = logits.device();
    let [rows, _] = logits.dims();
    let counted = labels.iter().filter(|&&label| label >= 0).count().max(1);
    let weights: Vec<f32> = labels.iter().map(|&label| if label < 0 { 0.0 } else { -1.0 / counted as f32 }).collect();
    let labels: Vec<i32> = labels.iter().map(|&label| label.max(0) as i32).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [rows, 1]), &device);
    let weights = Tensor::<2>::from_data(TensorData::new(weights, [rows, 1]), &device);
    (log_softmax(logits, 1).gather(1, labels) * weights).sum()
}

/// Which of a tensor's numbers belong to tokens alone.
fn counting(name: &str, size: usize, asked: &Question) -> Vec<bool> {
    let real = |token: usize| asked.mask[token] != 0;
    let tokens = asked.mask.len();
    let length = tokens / asked.rows;
    match name.split('.').next() {
        // [batch, heads, query, key]
        Some("attention") => {
            let sentence = size / asked.rows;
            let query = |index: usize| index / sentence * length + index / length % length;
            let key = |index: usize| index / sentence * length + index % length;
            (0..size).map(|index| real(query(index)) && real(key(index))).collect()
        }
        // [batch, length, width]
        Some("hidden") => (0..size).map(|index| real(index / (size / tokens))).collect(),
        Some("logits") if asked.labels.len() == tokens => {
            (0..size).map(|index| real(index / (size / tokens))).collect()
        }
        _ => vec![true; size],
    }
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
    use ::safetensors::SafeTensors;

    use super::*;
    use crate::{checkpoint::read_dir, model::tests::devices, platform::read_file};

    const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance");

    fn integers(case: &SafeTensors, name: &str) -> Vec<i64> {
        let data = case.tensor(name).unwrap().data();
        data.as_chunks::<8>().0.iter().map(|&eight| i64::from_le_bytes(eight)).collect()
    }

    /// The error of `got` as a share of what is allowed.
    fn share(name: &str, got: &Answer, want: &[f32]) -> f32 {
        assert_eq!(got.values.len(), want.len(), "{name}");
        let tolerance = if name.starts_with("grad.") { 5e-4 } else { 1e-4 };
        let counted = || got.values.iter().zip(want).zip(&got.counts).filter(|(_, counts)| **counts);
        let largest = counted().map(|((_, want), _)| want.abs()).fold(0.0, f32::max);
        let worst = counted().map(|((got, want), _)| (got - want).abs()).fold(0.0, f32::max);
        assert!(counted().all(|((got, _), _)| got.is_finite()), "{name}");
        worst / (1e-6 + tolerance * largest)
    }

    fn check(name: &str, checkpoint: &str) {
        let bytes = pollster::block_on(read_file(&format!("{CASES}/{name}.safetensors"))).unwrap();
        let case = SafeTensors::deserialize(&bytes).unwrap();
        let asked = Question {
            ids: integers(&case, "in.input_ids"),
            mask: integers(&case, "in.attention_mask"),
            labels: integers(&case, "in.labels"),
            rows: case.tensor("in.input_ids").unwrap().shape()[0],
        };
        let files = pollster::block_on(read_dir(&format!("{CASES}/checkpoints/{checkpoint}"))).unwrap();
        for device in devices() {
            let answers = pollster::block_on(answers(checkpoint, &files, &asked, &device)).unwrap();
            let mut worst = (0.0, String::new());
            for (name, tensor) in case.tensors() {
                let Some(name) = name.strip_prefix("out.") else { continue };
                let want: Vec<f32> =
                    tensor.data().as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
                let share = share(name, &answers[name], &want);
                if share > worst.0 {
                    worst = (share, name.to_owned());
                }
            }
            println!("{name} on {device:?}: at worst {:.4} of what is allowed, {}", worst.0, worst.1);
            assert!(worst.0 <= 1.0, "{device:?} {worst:?}");
            let expected = case.names().iter().filter(|name| name.starts_with("out.")).count();
            assert_eq!(answers.len(), expected, "{name}");
        }
    }

    #[test]
    fn a_classifier_agrees_with_transformers() {
        check("model-bert", "bert");
    }

    #[test]
    fn a_masked_language_model_agrees_with_transformers() {
        check("model-bert_mlm", "bert_mlm");
    }

    #[test]
    fn distilbert_agrees_with_transformers() {
        check("model-distilbert", "distilbert");
    }

    #[test]
    fn gpt2_agrees_with_transformers() {
        check("model-gpt2", "gpt2");
    }

    #[test]
    fn opt_agrees_with_transformers() {
        check("model-opt", "opt");
    }

    #[test]
    fn gpt_neox_agrees_with_transformers() {
        check("model-gpt_neox", "gpt_neox");
    }

    #[test]
    fn llama_agrees_with_transformers() {
        check("model-llama", "llama");
    }

    #[test]
    fn a_causal_model_is_asked_for_the_next_label() {
        assert_eq!(shifted(&[1, 2, 3, 4, -100, -100], 3), [2, 3, -100, -100, -100, -100]);
    }

    #[test]
    fn padding_does_not_count() {
        // Two sentences of two tokens, the second with one padded; one head.
        let asked = Question { ids: vec![1; 4], mask: vec![1, 1, 1, 0], labels: vec![0, 0], rows: 2 };
        assert_eq!(counting("hidden.0", 4, &asked), [true, true, true, false]);
        assert_eq!(counting("attention.0", 8, &asked), [true, true, true, true, true, false, false, false]);
        assert_eq!(counting("logits", 4, &asked), [true; 4]);
    }
}
