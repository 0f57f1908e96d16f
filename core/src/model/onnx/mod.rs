//! A model as an ONNX graph, for every runtime that reads them: all families, layers of any sizes.
//!
//! Inputs are `input_ids` and `attention_mask`, of BERT also `token_type_ids`, `[batch, length]` each; the
//! output is `logits`, `[batch, classes]` or `[batch, length, vocabulary]`. The graph computes what the family's
//! file says, without dropout; texts are padded on the right.

use std::collections::BTreeMap;

use super::{Config, Family, Model, Path, Task, config::Activation};
use crate::{
    Result,
    checkpoint::{self, HostTensor},
};

mod graph;
mod layers;

use graph::{Graph, Setting};

/// The file's name beside `config.json`.
pub const ONNX: &str = "model.onnx";

/// `model` as an ONNX file.
///
/// # Errors
/// [`crate::Error::Device`] when the weights cannot be read back; [`crate::Error::Input`] when they are more
/// than one file can hold.
pub async fn onnx(model: &Model) -> Result<Vec<u8>> {
    let mut tensors = checkpoint::tensors(model).await?;
    let mut fields = Fields::default();
    burn::module::Module::visit(model, &mut fields);
    let by_field = fields.found.into_iter().filter_map(|(field, name)| Some((field, tensors.remove(&name)?)));
    let weights = by_field.collect();
    Writer { graph: Graph::default(), config: model.config(), weights, rotary: model.rotary() }.file()
}

/// Where parameters lie in the module, below its name: `layers.0.query.weight`.
#[derive(Default)]
struct Fields {
    path: Path,
    found: Vec<(String, String)>,
}

impl burn::module::ModuleVisitor for Fields {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, _: &burn::module::Param<burn::tensor::Tensor<D>>) {
        self.found.push((self.path.0[1..].join("."), self.path.name()));
    }
}

/// A graph of one model.
struct Writer<'a> {
    graph: Graph,
    config: &'a Config,
    weights: BTreeMap<String, HostTensor>,
    rotary: Option<super::rotary::Rotary>,
}

impl Writer<'_> {
    fn file(mut self) -> Result<Vec<u8>> {
        let ids = self.graph.input("input_ids");
        let mask = self.graph.input("attention_mask");
        let (hidden, seen) = (self.embedded(&ids, &mask)?, self.seen(&ids, &mask));
        let angles = self.angles(&ids);
        let mut x = hidden;
        for layer in 0..self.config.num_hidden_layers {
            x = self.layer(layer, x, &seen, angles.as_ref())?;
        }
        let task = self.config.task("model.onnx")?;
        let logits = match task {
            Task::Classification => self.classified(&x),
            Task::MaskedLm => self.guessed(&x),
            Task::CausalLm => self.continued(&x),
        };
        let (classes, words) = (self.config.labels().len().to_string(), self.config.vocab_size.to_string());
        let dims: &[&str] = match task {
            Task::Classification => &["batch", &classes],
            _ => &["batch", "length", &words],
        };
        let mut notes = vec![("architecture", self.config.architectures.join(""))];
        if task == Task::Classification {
            notes.push(("labels", self.config.labels().join(", ")));
        }
        self.graph.file(&logits, dims, &notes)
    }

    /// What goes into the first layer.
    fn embedded(&mut self, ids: &str, mask: &str) -> Result<String> {
        let (family, config) = (self.config.family, self.config);
        let below = if family.is_encoder() { "embeddings." } else { "" };
        let word = self.table(&format!("{below}word"));
        let words = self.graph.op("Gather", &[&word, ids], &[]);
        let places = match family {
            Family::Llama | Family::GptNeox => return Ok(words),
            Family::Opt => {
                // The first token that is not padding is number 0; two rows of the table come before it.
                let axis = self.graph.int(1);
                let count = self.graph.op("CumSum", &[mask, &axis], &[]);
                let count = self.graph.op("Mul", &[&count, mask], &[]);
                let one = self.graph.int(1);
                self.graph.op("Add", &[&count, &one], &[])
            }
            _ => self.range(ids),
        };
        let position = self.table(&format!("{below}position"));
        let positions = self.graph.op("Gather", &[&position, &places], &[]);
        let mut sum = self.graph.op("Add", &[&words, &positions], &[]);
        if family == Family::Bert {
            let kinds = self.graph.input("token_type_ids");
            let kind = self.table("embeddings.kind");
            let kinds = self.graph.op("Gather", &[&kind, &kinds], &[]);
            sum = self.graph.op("Add", &[&sum, &kinds], &[]);
        }
        Ok(if config.family.is_encoder() { self.norm(&sum, "embeddings.norm") } else { sum })
    }

    /// 0, 1, 2 … of a text's length.
    fn range(&mut self, ids: &str) -> String {
        let shape = self.graph.op("Shape", &[ids], &[("start", Setting::Int(1)), ("end", Setting::Int(2))]);
        let axes = self.graph.ints(&[0]);
        let length = self.graph.op("Squeeze", &[&shape, &axes], &[]);
        let (zero, one) = (self.graph.int(0), self.graph.int(1));
        self.graph.op("Range", &[&zero, &length, &one], &[])
    }

    /// What is added to scores: far below them where a token is not to be seen.
    fn seen(&mut self, ids: &str, mask: &str) -> String {
        let numbers = |graph: &mut Graph, x: &str| graph.op("Cast", &[x], &[("to", Setting::Int(1))]);
        let mask = numbers(&mut self.graph, mask);
        let one = self.graph.number(1.0);
        let gone = self.graph.op("Sub", &[&mask, &one], &[]);
        let far = self.graph.number(1e9);
        let gone = self.graph.op("Mul", &[&gone, &far], &[]);
        let axes = self.graph.ints(&[1, 2]);
        let padding = self.graph.op("Unsqueeze", &[&gone, &axes], &[]);
        if self.config.family.is_encoder() {
            return padding;
        }
        let places = self.range(ids);
        let (rows, columns) = (self.graph.ints(&[1]), self.graph.ints(&[0]));
        let rows = self.graph.op("Unsqueeze", &[&places, &rows], &[]);
        let columns = self.graph.op("Unsqueeze", &[&places, &columns], &[]);
        let later = self.graph.op("Greater", &[&columns, &rows], &[]);
        let later = numbers(&mut self.graph, &later);
        let far = self.graph.number(-1e9);
        let later = self.graph.op("Mul", &[&later, &far], &[]);
        self.graph.op("Add", &[&padding, &later], &[])
    }

    /// Cosines and sines of every place, `[length, turned / 2]`.
    fn angles(&mut self, ids: &str) -> Option<[String; 2]> {
        let rotary = self.rotary?;
        let (half, places) = (rotary.turned / 2, self.config.max_position_embeddings);
        let speed = |i: usize| libm::pow(rotary.theta, -(2.0 * i as f64) / rotary.turned as f64);
        let angles = (0..places).flat_map(|place| (0..half).map(move |i| place as f64 * speed(i)));
        let (sines, cosines): (Vec<f32>, Vec<f32>) =
            angles.map(libm::sincos).map(|(sine, cosine)| (sine as f32, cosine as f32)).unzip();
        let range = self.range(ids);
        Some([("cosines", cosines), ("sines", sines)].map(|(name, values)| {
            let table = self.graph.numbers(name, &[places, half], &values);
            self.graph.op("Gather", &[&table, &range], &[])
        }))
    }

    /// Of a classifier: the first token's state through two matrices.
    fn classified(&mut self, x: &str) -> String {
        let first = self.graph.int(0);
        let first = self.graph.op("Gather", &[x, &first], &[("axis", Setting::Int(1))]);
        let pooled = self.linear(&first, "head.Classifier.pooler");
        let squash = if self.config.family == Family::DistilBert { "Relu" } else { "Tanh" };
        let pooled = self.graph.op(squash, &[&pooled], &[]);
        self.linear(&pooled, "head.Classifier.classes")
    }

    /// Of an encoder that guesses words: every state against the word embeddings.
    fn guessed(&mut self, x: &str) -> String {
        let dense = self.linear(x, "head.MaskedLm.dense");
        let dense = self.activated(&dense);
        let normed = self.norm(&dense, "head.MaskedLm.norm");
        let logits = self.against("embeddings.word", &normed);
        let bias = self.bias("head.MaskedLm.bias");
        self.graph.op("Add", &[&logits, &bias], &[])
    }

    /// Of a decoder: every state, normed, against the head or the word embeddings.
    fn continued(&mut self, x: &str) -> String {
        let x = if self.weights.contains_key("norm.weight") { self.norm(x, "norm") } else { x.to_owned() };
        match self.weights.contains_key("head.weight") {
            true => self.linear(&x, "head"),
            false => self.against("word", &x),
        }
    }

    /// A matrix whose rows are looked up.
    fn table(&mut self, field: &str) -> String {
        let name = format!("{field}.weight");
        let tensor = self.weights[&name].clone();
        self.graph.numbers(&name, &tensor.shape, &tensor.data)
    }

    /// `x` against the rows of a table that is there already.
    fn against(&mut self, field: &str, x: &str) -> String {
        let turned = self.graph.op("Transpose", &[&format!("{field}.weight")], &[("perm", Setting::Ints(&[1, 0]))]);
        self.graph.op("MatMul", &[x, &turned], &[])
    }

    fn bias(&mut self, name: &str) -> String {
        let tensor = self.weights[name].clone();
        self.graph.numbers(name, &tensor.shape, &tensor.data)
    }

    /// x Wᵀ + b.
    fn linear(&mut self, x: &str, field: &str) -> String {
        let weight = self.weights[&format!("{field}.weight")].clone();
        // GPT-2's matrices lie the other way round.
        let turned = self.config.family == Family::Gpt2 && field.starts_with("layers.");
        let weight = if turned { weight } else { layers::transposed(&weight) };
        let weight = self.graph.numbers(&format!("{field}.weight"), &weight.shape, &weight.data);
        let product = self.graph.op("MatMul", &[x, &weight], &[]);
        let bias = format!("{field}.bias");
        match self.weights.contains_key(&bias) {
            true => {
                let bias = self.bias(&bias);
                self.graph.op("Add", &[&product, &bias], &[])
            }
            false => product,
        }
    }

    fn norm(&mut self, x: &str, field: &str) -> String {
        let weight = self.bias(&format!("{field}.weight"));
        let eps = self.config.layer_norm_eps as f32;
        if self.weights.contains_key(&format!("{field}.bias")) {
            let bias = self.bias(&format!("{field}.bias"));
            let settings = [("axis", Setting::Int(-1)), ("epsilon", Setting::Float(eps))];
            return self.graph.op("LayerNormalization", &[x, &weight, &bias], &settings);
        }
        let square = self.graph.op("Mul", &[x, x], &[]);
        let axes = self.graph.ints(&[-1]);
        let mean = self.graph.op("ReduceMean", &[&square, &axes], &[]);
        let eps = self.graph.number(eps);
        let sum = self.graph.op("Add", &[&mean, &eps], &[]);
        let size = self.graph.op("Sqrt", &[&sum], &[]);
        let normed = self.graph.op("Div", &[x, &size], &[]);
        self.graph.op("Mul", &[&normed, &weight], &[])
    }

    fn activated(&mut self, x: &str) -> String {
        match self.config.hidden_act {
            Activation::Gelu => self.graph.op("Gelu", &[x], &[]),
            Activation::GeluNew => self.graph.op("Gelu", &[x], &[("approximate", Setting::Word("tanh"))]),
            Activation::Relu => self.graph.op("Relu", &[x], &[]),
            Activation::Silu => {
                let open = self.graph.op("Sigmoid", &[x], &[]);
                self.graph.op("Mul", &[x, &open], &[])
            }
        }
    }
}
