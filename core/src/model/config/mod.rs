//! A model's shape and vocabulary: Hugging Face's `config.json`, whichever family spells it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::family::{Family, Task};
use crate::{Error, Result};

pub mod keys;
mod sizes;
#[cfg(test)]
mod tests;

pub use sizes::Size;

/// Most layers a configuration may ask for; far above any model, low enough to be safe.
const MOST_LAYERS: usize = 1024;

/// The activation between the two feed-forward matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// x Φ(x), with the exact error function.
    #[default]
    Gelu,
    /// The tanh approximation of GELU.
    GeluNew,
    /// max(x, 0).
    Relu,
    /// x σ(x), also called swish.
    Silu,
}

impl Activation {
    /// The one that `transformers` calls so. It has several names for some.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "gelu" | "gelu_python" => Some(Self::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" | "gelu_python_tanh" => Some(Self::GeluNew),
            "relu" => Some(Self::Relu),
            "silu" | "swish" => Some(Self::Silu),
            _ => None,
        }
    }

    /// What `transformers` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gelu => "gelu",
            Self::GeluNew => "gelu_new",
            Self::Relu => "relu",
            Self::Silu => "silu",
        }
    }
}

/// A model's `config.json`: what every family has, under the names that BERT gives it. What only
/// one family has lies among the other keys, where the family's own file looks for it; so do keys
/// that Retort does not know, and all are written back.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How the model computes.
    pub family: Family,
    /// The class of `transformers` that the checkpoint belongs to.
    pub architectures: Vec<String>,
    /// Token ids.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Attention heads of each layer.
    pub num_attention_heads: usize,
    /// Heads of keys and values; absent: as many as attention heads.
    pub num_key_value_heads: Option<usize>,
    /// Width of a head; absent: the model's width divided among the heads.
    pub head_dim: Option<usize>,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Kinds of sentence, the first and the second of a pair; 0 in families that know none.
    pub type_vocab_size: usize,
    /// Added to the variance in every norm.
    pub layer_norm_eps: f64,
    /// Activation of the feed-forward layers.
    pub hidden_act: Activation,
    /// Dropout on what attention and feed-forward add.
    pub hidden_dropout_prob: f64,
    /// Dropout on attention probabilities.
    pub attention_probs_dropout_prob: f64,
    /// Dropout on embeddings; absent: as [`Config::hidden_dropout_prob`].
    pub embedding_dropout: Option<f64>,
    /// Dropout before the classifier; absent: as [`Config::hidden_dropout_prob`].
    pub classifier_dropout: Option<f64>,
    /// Standard deviation of first weights.
    pub initializer_range: f64,
    /// The token that fills short sentences.
    pub pad_token_id: Option<usize>,
    /// Names of the classes.
    pub id2label: BTreeMap<usize, String>,
    /// Units of each layer of a model that was cut down; empty: as above.
    pub layers: Vec<Size>,
    /// Everything that the file said.
    other: Map<String, Value>,
}

impl Config {
    /// What `transformers` takes for a `config.json` that says no more than `model_type`.
    fn defaults(family: Family) -> Self {
        let mut config = Self {
            family,
            architectures: vec![],
            vocab_size: 0,
            hidden_size: 0,
            num_hidden_layers: 0,
            num_attention_heads: 0,
            num_key_value_heads: None,
            head_dim: None,
            intermediate_size: 0,
            max_position_embeddings: 0,
            type_vocab_size: 0,
            layer_norm_eps: family.facts().eps,
            hidden_act: Activation::Gelu,
            hidden_dropout_prob: 0.0,
            attention_probs_dropout_prob: 0.0,
            embedding_dropout: None,
            classifier_dropout: None,
            initializer_range: 0.0,
            pad_token_id: None,
            id2label: BTreeMap::new(),
            layers: vec![],
            other: Map::new(),
        };
        config.read_keys("", &Map::new()).expect("no key is read, so none is wrong");
        config
    }

    /// The usual model of a family, with the shape of its base model and no head yet. `pad` fills
    /// texts, `end` ends them.
    pub fn of(family: Family, vocab_size: usize, max_length: usize, pad: u32, end: Option<u32>) -> Self {
        let mut config = Self::defaults(family);
        (config.vocab_size, config.max_position_embeddings) = (vocab_size, max_length);
        config.pad_token_id = Some(pad as usize);
        if !family.is_encoder() {
            for key in ["bos_token_id", "eos_token_id"] {
                config.other.insert(key.into(), end.into());
            }
        }
        config
    }

    /// The usual BERT for sentences of `labels`, with the shape of BERT base.
    pub fn classifier(vocab_size: usize, max_length: usize, labels: &[String]) -> Self {
        let base = Self::defaults(Family::Bert);
        Self { vocab_size, max_position_embeddings: max_length, ..base }.with_labels(labels)
    }

    /// The same vocabulary and classes in another shape. `dropout` goes on everything that the
    /// family drops. Where several heads share one of keys and values, as many share it as before,
    /// if that divides the new number of heads; else none do.
    pub fn with_shape(&self, layers: usize, hidden: usize, heads: usize, intermediate: usize, dropout: f64) -> Self {
        let mut config = self.with_dropout(dropout);
        config.num_hidden_layers = layers;
        config.hidden_size = hidden;
        config.num_attention_heads = heads;
        config.intermediate_size = intermediate;
        let shared = self.num_attention_heads.checked_div(self.key_value_heads()).unwrap_or(1).max(1);
        config.num_key_value_heads = self.num_key_value_heads.map(|_| match heads.is_multiple_of(shared) {
            true => heads / shared,
            false => heads,
        });
        config.head_dim = None;
        config.layers.clear();
        // OPT's width of the word embeddings; absent: the model's.
        config.other.remove("word_embed_proj_dim");
        config
    }

    /// The same model with another dropout.
    pub fn with_dropout(&self, dropout: f64) -> Self {
        let mut config = self.clone();
        config.set_dropout(dropout);
        config.other.remove("_name_or_path");
        config
    }

    /// The same layers for another task; `labels` are the classes of a classifier.
    ///
    /// # Errors
    /// [`Error::Input`] when the family has no such head.
    pub fn with_task(&self, task: Task, labels: &[String]) -> Result<Self> {
        let facts = self.family.facts();
        let architecture = self.family.architecture(task).ok_or_else(|| {
            let wanted = format!("a model with a head for {}", task.name());
            Error::input("the model", wanted, format!("`{}`", facts.model_type))
        })?;
        if task == Task::Classification {
            return Ok(self.with_labels(labels));
        }
        let mut config = self.clone();
        config.architectures = vec![architecture.into()];
        Ok(config)
    }

    /// The same encoder as a classifier of `labels`. A family that has no classifier stays what it
    /// is.
    pub fn with_labels(&self, labels: &[String]) -> Self {
        let mut config = self.clone();
        if let Some(architecture) = self.family.architecture(Task::Classification) {
            config.architectures = vec![architecture.into()];
        }
        config.id2label = labels.iter().cloned().enumerate().collect();
        config.other.remove("num_labels");
        config.other.remove("problem_type");
        config
    }

    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`Error::Input`] when it is not the configuration of a model that Retort can run.
    pub fn from_json(at: &str, bytes: &[u8]) -> Result<Self> {
        let wrong = |error: serde_json::Error| Error::input(at, "a model's configuration", error.to_string());
        let other: Map<String, Value> = serde_json::from_slice(bytes).map_err(wrong)?;
        let model_type = other.get("model_type").and_then(Value::as_str).unwrap_or("nothing");
        let model_type = model_type.strip_prefix(sizes::PREFIX).unwrap_or(model_type);
        let mut config = Self::defaults(Family::named(&format!("{at}: model_type"), model_type)?);
        config.read_keys(at, &other)?;
        let named = |key: &str| other.get(key).filter(|value| !value.is_null()).cloned();
        if let Some(names) = named("architectures") {
            config.architectures = serde_json::from_value(names)
                .map_err(|error| Error::input(format!("{at}: architectures"), "a list of names", error.to_string()))?;
        }
        if let Some(labels) = named("id2label") {
            config.id2label = serde_json::from_value(labels).map_err(|error| {
                Error::input(format!("{at}: id2label"), "the classes' names by their numbers", error.to_string())
            })?;
        }
        config.other = other;
        let own = config.other.clone();
        config.read_sizes(at, &own)?;
        config.check(at)?;
        Ok(config)
    }

    /// Writes `config.json` so that stock `transformers` loads the model.
    ///
    /// # Errors
    /// [`Error::Storage`] when the keys cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let at = "config.json";
        let mut map = self.other.clone();
        self.write_keys(&mut map);
        map.insert("architectures".into(), self.architectures.clone().into());
        map.insert("model_type".into(), self.family.facts().model_type.into());
        // The weights are always written as float32.
        map.remove("torch_dtype");
        map.insert("dtype".into(), "float32".into());
        map.insert("tie_word_embeddings".into(), self.tied().into());
        self.write_sizes(&mut map)?;
        if self.task(at).is_ok_and(|task| task == Task::Classification) {
            let labels = self.labels();
            let ids: Map<String, Value> =
                labels.iter().enumerate().map(|(id, label)| (label.clone(), id.into())).collect();
            let names: Map<String, Value> =
                labels.into_iter().enumerate().map(|(id, label)| (id.to_string(), label.into())).collect();
            map.insert("id2label".into(), names.into());
            map.insert("label2id".into(), ids.into());
            map.insert("problem_type".into(), "single_label_classification".into());
        } else {
            map.remove("id2label");
            map.remove("label2id");
        }
        serde_json::to_vec_pretty(&map).map_err(|error| Error::storage(at, error))
    }

    /// Names of the classes, in order; two unnamed ones when the file names none, as in
    /// `transformers`.
    pub fn labels(&self) -> Vec<String> {
        match self.id2label.is_empty() {
            true => vec!["LABEL_0".into(), "LABEL_1".into()],
            false => self.id2label.values().cloned().collect(),
        }
    }

    /// What the model puts on top of its layers.
    ///
    /// # Errors
    /// [`Error::Input`] when that is nothing Retort has.
    pub fn task(&self, at: &str) -> Result<Task> {
        self.family.task(at, self.architectures.first().map_or("nothing", String::as_str))
    }

    /// Width of one attention head.
    pub fn head_size(&self) -> usize {
        self.head_dim.unwrap_or_else(|| self.hidden_size.checked_div(self.num_attention_heads).unwrap_or(0))
    }

    /// Heads of keys and values.
    pub fn key_value_heads(&self) -> usize {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    /// Dropout before the classifier.
    pub fn head_dropout(&self) -> f64 {
        self.classifier_dropout.unwrap_or(self.hidden_dropout_prob)
    }

    /// Dropout on embeddings.
    pub fn embedding_dropout(&self) -> f64 {
        self.embedding_dropout.unwrap_or(self.hidden_dropout_prob)
    }

    /// Whether a language model's head shares the word embeddings. Encoders always do.
    pub fn tied(&self) -> bool {
        let said = self.other.get("tie_word_embeddings").and_then(Value::as_bool);
        self.family.is_encoder() || said.unwrap_or(self.family.facts().tied)
    }

    /// The tokens that end a text.
    pub fn end_tokens(&self) -> Vec<u32> {
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        match self.other.get("eos_token_id") {
            Some(Value::Array(ids)) => ids.iter().filter_map(id).collect(),
            Some(value) => id(value).into_iter().collect(),
            None => self.family.facts().end.into_iter().collect(),
        }
    }

    /// A key that only this family has; `None` when it is absent or null.
    pub(super) fn other(&self, key: &str) -> Option<&Value> {
        self.other.get(key).filter(|value| !value.is_null())
    }

    /// A yes or no that only this family has.
    pub(super) fn flag(&self, at: &str, key: &str, default: bool) -> Result<bool> {
        match self.other(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(Error::input(format!("{at}: {key}"), "true or false", other.to_string())),
        }
    }

    /// Refuses a key that would change what the model computes, unless it is `wanted`, or absent.
    pub(super) fn only(&self, at: &str, key: &str, wanted: impl Into<Value>, why: &str) -> Result<()> {
        let wanted = wanted.into();
        match self.other(key) {
            Some(found) if *found != wanted => {
                Err(Error::input(format!("{at}: {key}"), format!("{}{why}", plain(&wanted)), plain(found)))
            }
            _ => Ok(()),
        }
    }

    /// Whether Retort can run such a model.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key that it cannot.
    pub fn check(&self, at: &str) -> Result<()> {
        let wrong = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}: {key}"), wanted, found));
        self.check_keys(at)?;
        if self.num_hidden_layers > MOST_LAYERS {
            return wrong("num_hidden_layers", "at most 1024", self.num_hidden_layers.to_string());
        }
        if self.head_dim.is_none() && !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let wanted = format!("a multiple of the {} heads", self.num_attention_heads);
            return wrong("hidden_size", &wanted, self.hidden_size.to_string());
        }
        if !self.num_attention_heads.is_multiple_of(self.key_value_heads()) {
            let wanted = format!("a divisor of the {} heads", self.num_attention_heads);
            return wrong("num_key_value_heads", &wanted, self.key_value_heads().to_string());
        }
        if self.id2label.keys().copied().ne(0..self.id2label.len()) {
            let found = format!("{:?}", self.id2label.keys().collect::<Vec<_>>());
            return wrong("id2label", "the classes 0, 1, 2 and so on", found);
        }
        self.only(at, "problem_type", "single_label_classification", "")?;
        self.only(at, "add_cross_attention", false, ", for a model that reads one text")?;
        for (key, wanted) in [("quantization_config", "weights that are not quantised"), ("sliding_window", "none")] {
            if let Some(found) = self.other(key) {
                return wrong(key, wanted, found.to_string());
            }
        }
        if self.family.is_encoder() && self.task(at).is_ok_and(|task| task == Task::MaskedLm) {
            self.only(at, "tie_word_embeddings", true, ": the decoder shares the word embeddings")?;
        }
        (self.family.facts().check)(at, self)
    }
}

/// A value as an error shows it: words in backticks.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("`{text}`"))
}
