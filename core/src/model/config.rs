//! A model's shape and vocabulary, as Hugging Face's `config.json` spells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Most layers a configuration may ask for; far above any BERT, low enough to be safe.
const MOST_LAYERS: usize = 1024;

/// The activation between the two feed-forward matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// x Φ(x), with the exact error function.
    #[default]
    Gelu,
    /// The tanh approximation of GELU.
    GeluNew,
    /// max(x, 0).
    Relu,
}

/// What a model puts on top of the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// One of several classes for the whole text.
    Classification,
    /// A token for every place.
    MaskedLm,
}

impl Task {
    const ALL: [(Self, &str); 2] =
        [(Self::Classification, "BertForSequenceClassification"), (Self::MaskedLm, "BertForMaskedLM")];
}

/// A BERT's `config.json`. Keys that Retort does not know are kept and written back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The class of `transformers` that the checkpoint belongs to.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// `bert`.
    #[serde(default)]
    pub model_type: String,
    /// Token ids.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Attention heads of each layer.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Kinds of sentence: the first and the second of a pair.
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    /// Added to the variance in every layer norm.
    #[serde(default = "default_eps")]
    pub layer_norm_eps: f64,
    /// Activation of the feed-forward layers.
    #[serde(default)]
    pub hidden_act: Activation,
    /// Dropout on embeddings and on what attention and feed-forward add.
    #[serde(default = "default_dropout")]
    pub hidden_dropout_prob: f64,
    /// Dropout on attention probabilities.
    #[serde(default = "default_dropout")]
    pub attention_probs_dropout_prob: f64,
    /// Dropout before the classifier; absent: as [`Config::hidden_dropout_prob`].
    #[serde(default)]
    pub classifier_dropout: Option<f64>,
    /// Standard deviation of first weights.
    #[serde(default = "default_range")]
    pub initializer_range: f64,
    /// The token that fills short sentences; its first embedding is zero.
    #[serde(default = "zero")]
    pub pad_token_id: Option<usize>,
    /// Names of the classes.
    #[serde(default)]
    pub id2label: BTreeMap<usize, String>,
    /// Everything else that the file said.
    #[serde(skip)]
    other: Map<String, Value>,
}

fn two() -> usize {
    2
}
fn zero() -> Option<usize> {
    Some(0)
}
fn default_eps() -> f64 {
    1e-12
}
fn default_dropout() -> f64 {
    0.1
}
fn default_range() -> f64 {
    0.02
}

impl Config {
    /// The usual BERT for sentences of `labels`, with the shape of BERT base.
    pub fn classifier(vocab_size: usize, max_length: usize, labels: &[String]) -> Self {
        Self {
            architectures: vec!["BertForSequenceClassification".into()],
            model_type: "bert".into(),
            vocab_size,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            max_position_embeddings: max_length,
            type_vocab_size: two(),
            layer_norm_eps: default_eps(),
            hidden_act: Activation::Gelu,
            hidden_dropout_prob: default_dropout(),
            attention_probs_dropout_prob: default_dropout(),
            classifier_dropout: None,
            initializer_range: default_range(),
            pad_token_id: zero(),
            id2label: labels.iter().cloned().enumerate().collect(),
            other: Map::new(),
        }
    }

    /// The same vocabulary and classes in another shape. `dropout` goes on hidden states and on
    /// attention probabilities.
    pub fn with_shape(&self, layers: usize, hidden: usize, heads: usize, intermediate: usize, dropout: f64) -> Self {
        let mut config = self.with_dropout(dropout);
        config.num_hidden_layers = layers;
        config.hidden_size = hidden;
        config.num_attention_heads = heads;
        config.intermediate_size = intermediate;
        config
    }

    /// The same model with another dropout.
    pub fn with_dropout(&self, dropout: f64) -> Self {
        let mut config = self.clone();
        config.hidden_dropout_prob = dropout;
        config.attention_probs_dropout_prob = dropout;
        config.classifier_dropout = None;
        config.other.remove("_name_or_path");
        config
    }

    /// The same encoder for another task; `labels` are the classes of a classifier.
    ///
    /// # Errors
    /// [`Error::Input`] when the family has no such head.
    pub fn with_task(&self, task: Task, labels: &[String]) -> Result<Self> {
        if task == Task::Classification {
            return Ok(self.with_labels(labels));
        }
        let mut config = self.clone();
        config.architectures =
            Task::ALL.iter().filter(|(known, _)| *known == task).map(|(_, name)| (*name).into()).collect();
        Ok(config)
    }

    /// The same encoder as a classifier of `labels`.
    pub fn with_labels(&self, labels: &[String]) -> Self {
        let mut config = self.clone();
        config.architectures = vec!["BertForSequenceClassification".into()];
        config.id2label = labels.iter().cloned().enumerate().collect();
        config.other.remove("num_labels");
        config.other.remove("problem_type");
        config
    }

    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`Error::Input`] when it is not the configuration of a BERT that Retort can run.
    pub fn from_json(at: &str, bytes: &[u8]) -> Result<Self> {
        let wrong = |error: serde_json::Error| Error::input(at, "a BERT configuration", error.to_string());
        let other: Map<String, Value> = serde_json::from_slice(bytes).map_err(wrong)?;
        let family = other.get("model_type").and_then(Value::as_str).unwrap_or("nothing");
        if family != "bert" {
            return Err(Error::input(format!("{at}: model_type"), "`bert`", format!("`{family}`")));
        }
        let mut config: Self = serde_json::from_value(Value::Object(other.clone())).map_err(wrong)?;
        config.other = other;
        config.check(at)?;
        Ok(config)
    }

    /// Writes `config.json` so that stock `transformers` loads the model.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let at = "config.json";
        let failed = |error: serde_json::Error| Error::storage(at, error);
        let Value::Object(known) = serde_json::to_value(self).map_err(failed)? else {
            return Err(Error::storage(at, "the configuration is not a JSON object"));
        };
        let mut map = self.other.clone();
        map.extend(known);
        // The weights are always written as float32.
        map.remove("torch_dtype");
        map.insert("dtype".into(), "float32".into());
        map.insert("tie_word_embeddings".into(), true.into());
        map.insert("position_embedding_type".into(), "absolute".into());
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
        serde_json::to_vec_pretty(&map).map_err(failed)
    }

    /// Names of the classes, in order; two unnamed ones when the file names none, as in
    /// `transformers`.
    pub fn labels(&self) -> Vec<String> {
        match self.id2label.is_empty() {
            true => vec!["LABEL_0".into(), "LABEL_1".into()],
            false => self.id2label.values().cloned().collect(),
        }
    }

    /// What the model puts on top of the encoder.
    ///
    /// # Errors
    /// [`Error::Input`] when that is nothing Retort has.
    pub fn task(&self, at: &str) -> Result<Task> {
        let wanted = || "`BertForSequenceClassification` or `BertForMaskedLM`";
        let found = self.architectures.first().map(String::as_str).unwrap_or("nothing");
        let known = Task::ALL.into_iter().find(|(_, name)| *name == found);
        known
            .map(|(task, _)| task)
            .ok_or_else(|| Error::input(format!("{at}: architectures"), wanted(), format!("`{found}`")))
    }

    /// Width of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Dropout before the classifier.
    pub fn head_dropout(&self) -> f64 {
        self.classifier_dropout.unwrap_or(self.hidden_dropout_prob)
    }

    /// Whether Retort can run such a model.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key that it cannot.
    pub fn check(&self, at: &str) -> Result<()> {
        let wrong = |key: &str, wanted: &str, found: String| Err(Error::input(format!("{at}: {key}"), wanted, found));
        for (key, size) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            if size == 0 {
                return wrong(key, "at least 1", "0".into());
            }
        }
        if self.num_hidden_layers > MOST_LAYERS {
            return wrong("num_hidden_layers", "at most 1024", self.num_hidden_layers.to_string());
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let wanted = format!("a multiple of the {} heads", self.num_attention_heads);
            return wrong("hidden_size", &wanted, self.hidden_size.to_string());
        }
        for (key, p) in [
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            ("attention_probs_dropout_prob", self.attention_probs_dropout_prob),
            ("classifier_dropout", self.head_dropout()),
        ] {
            if !(0.0..1.0).contains(&p) {
                return wrong(key, "a share from 0 up to but not including 1", p.to_string());
            }
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return wrong("layer_norm_eps", "a small positive number", self.layer_norm_eps.to_string());
        }
        if !(self.initializer_range >= 0.0 && self.initializer_range.is_finite()) {
            return wrong("initializer_range", "a standard deviation", self.initializer_range.to_string());
        }
        if self.id2label.keys().copied().ne(0..self.id2label.len()) {
            let found = format!("{:?}", self.id2label.keys().collect::<Vec<_>>());
            return wrong("id2label", "the classes 0, 1, 2 and so on", found);
        }
        self.check_other(at)
    }

    /// Keys that would change what the model computes.
    fn check_other(&self, at: &str) -> Result<()> {
        let text = |key: &str| self.other.get(key).and_then(Value::as_str);
        let flag = |key: &str| self.other.get(key).and_then(Value::as_bool);
        if let Some(kind) = text("position_embedding_type").filter(|kind| *kind != "absolute") {
            return Err(Error::input(format!("{at}: position_embedding_type"), "`absolute`", format!("`{kind}`")));
        }
        if let Some(kind) = text("problem_type").filter(|kind| *kind != "single_label_classification") {
            return Err(Error::input(
                format!("{at}: problem_type"),
                "`single_label_classification`",
                format!("`{kind}`"),
            ));
        }
        for key in ["is_decoder", "add_cross_attention"] {
            if flag(key) == Some(true) {
                return Err(Error::input(format!("{at}: {key}"), "false, for an encoder", "true"));
            }
        }
        let masked = self.architectures.first().is_some_and(|name| name == "BertForMaskedLM");
        if masked && flag("tie_word_embeddings") == Some(false) {
            return Err(Error::input(
                format!("{at}: tie_word_embeddings"),
                "true: the decoder shares the word embeddings",
                "false",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(changes: &[(&str, Value)]) -> Vec<u8> {
        let mut map = Map::new();
        for (key, value) in [
            ("model_type", Value::from("bert")),
            ("architectures", serde_json::json!(["BertForSequenceClassification"])),
            ("vocab_size", 30.into()),
            ("hidden_size", 8.into()),
            ("num_hidden_layers", 1.into()),
            ("num_attention_heads", 2.into()),
            ("intermediate_size", 12.into()),
            ("max_position_embeddings", 16.into()),
            ("gradient_checkpointing", false.into()),
        ] {
            map.insert(key.into(), value);
        }
        for (key, value) in changes {
            map.insert((*key).into(), value.clone());
        }
        serde_json::to_vec(&map).unwrap()
    }

    #[test]
    fn absent_keys_take_the_defaults_of_transformers_and_unknown_ones_are_kept() {
        let config = Config::from_json("config.json", &json(&[("dtype", "float16".into())])).unwrap();
        assert_eq!((config.layer_norm_eps, config.type_vocab_size, config.pad_token_id), (1e-12, 2, Some(0)));
        assert_eq!(config.labels(), ["LABEL_0", "LABEL_1"]);
        let written: Value = serde_json::from_slice(&config.to_json().unwrap()).unwrap();
        assert_eq!(written["gradient_checkpointing"], false);
        assert_eq!(written["dtype"], "float32");
        assert_eq!(written["label2id"], serde_json::json!({"LABEL_0": 0, "LABEL_1": 1}));
    }

    #[test]
    fn eleven_classes_keep_their_order() {
        let labels: Vec<String> = (0..11).map(|class| format!("class {class}")).collect();
        let config = Config::classifier(30, 16, &labels);
        let back = Config::from_json("config.json", &config.to_json().unwrap()).unwrap();
        assert_eq!(back.labels(), labels);
        assert_eq!(back.to_json().unwrap(), config.to_json().unwrap());
    }

    #[test]
    fn what_cannot_be_run_is_named() {
        for (key, value, says) in [
            ("hidden_act", Value::from("silu"), "silu"),
            ("position_embedding_type", "relative_key".into(), "wanted `absolute`, found `relative_key`"),
            ("model_type", "roberta".into(), "wanted `bert`, found `roberta`"),
            ("num_attention_heads", 3.into(), "hidden_size: wanted a multiple of the 3 heads, found 8"),
            ("num_attention_heads", 0.into(), "num_attention_heads: wanted at least 1, found 0"),
            ("num_hidden_layers", 5000.into(), "wanted at most 1024, found 5000"),
            ("hidden_dropout_prob", 1.0.into(), "hidden_dropout_prob"),
            ("classifier_dropout", (-0.5).into(), "classifier_dropout"),
            ("layer_norm_eps", 0.0.into(), "layer_norm_eps"),
            ("problem_type", "regression".into(), "problem_type"),
            ("is_decoder", true.into(), "is_decoder"),
            ("vocab_size", "many".into(), "invalid type: string \"many\""),
            ("id2label", serde_json::json!({"0": "a", "2": "b"}), "id2label: wanted the classes 0, 1, 2"),
        ] {
            let error = Config::from_json("dir/config.json", &json(&[(key, value)])).unwrap_err().to_string();
            assert!(error.contains(says) && error.starts_with("dir/config.json"), "{key}: {error}");
        }
        let error = Config::from_json("c", b"{").unwrap_err().to_string();
        assert!(error.contains("wanted a BERT configuration"), "{error}");
        let config = Config::from_json("c", &json(&[("architectures", serde_json::json!(["BertModel"]))])).unwrap();
        assert!(config.task("c").unwrap_err().to_string().contains("`BertModel`"));
    }
}
