//! What is left of the layers of a model that was cut down.
//!
//! `config.json` has no words for layers that differ from each other, or for heads that together are not
//! as wide as the model. Such a model's has a key of Retort's own:
//!
//! ```text
//! "retort": { "head_dim": 32, "layers": [ { "heads": 4, "neurons": 256 }, { "heads": 1, "neurons": 180 } ] }
//! ```
//!
//! The other keys say what the layers were cut from, and `model_type` has `retort_` before the family's, so
//! that nobody else takes the model for what it is not.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Config, keys::Slot};
use crate::{Error, Result, model::Family};

/// The key.
const KEY: &str = "retort";
/// What comes before the family's name.
pub(super) const PREFIX: &str = "retort_";

/// Units of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Attention heads; without any, attention adds its bias alone.
    pub heads: usize,
    /// Heads of keys and values, each shared by as many attention heads.
    #[serde(skip)]
    pub groups: usize,
    /// Feed-forward neurons; without any, the layer adds its bias alone.
    pub neurons: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    head_dim: usize,
    layers: Vec<Size>,
}

impl Size {
    /// Attention heads that share one of keys and values; 1 where there are none.
    pub fn shared(&self) -> usize {
        self.heads.checked_div(self.groups).unwrap_or(1)
    }
}

impl Config {
    /// The units of a layer, counted from 0.
    pub fn size(&self, layer: usize) -> Size {
        self.layers.get(layer).copied().unwrap_or_else(|| self.whole())
    }

    /// The units of every layer.
    pub fn sizes(&self) -> Vec<Size> {
        (0..self.num_hidden_layers).map(|layer| self.size(layer)).collect()
    }

    /// The units of a layer of which nothing is gone.
    fn whole(&self) -> Size {
        Size { heads: self.num_attention_heads, groups: self.key_value_heads(), neurons: self.intermediate_size }
    }

    /// Whether all layers have as many heads as the configuration says.
    pub fn has_all_heads(&self) -> bool {
        self.layers.iter().all(|size| size.heads == self.num_attention_heads)
    }

    /// The model with these units in its layers and these widths, put down in the family's own keys where
    /// they have words for it.
    ///
    /// # Panics
    /// When there are not as many sizes as layers.
    #[must_use]
    pub fn with_sizes(&self, sizes: &[Size], hidden: usize, head: usize) -> Self {
        assert_eq!(sizes.len(), self.num_hidden_layers);
        let mut config = self.clone();
        config.hidden_size = hidden;
        if config.other("word_embed_proj_dim").is_some() {
            config.other.insert("word_embed_proj_dim".into(), hidden.into());
        }
        let alike =
            |of: fn(&Size) -> usize| Some(of(sizes.first()?)).filter(|&n| n > 0 && sizes.iter().all(|s| of(s) == n));
        if let Some(neurons) = alike(|size| size.neurons) {
            config.intermediate_size = neurons;
        }
        let sayable = |heads: &usize| self.says_head_dim() || heads * head == hidden;
        if let Some(heads) = alike(|size| size.heads).filter(sayable) {
            let groups = sizes.first().map(|size| size.groups);
            config.num_key_value_heads = config.num_key_value_heads.and(groups);
            config.num_attention_heads = heads;
        }
        let usual = config.hidden_size == head * config.num_attention_heads;
        config.head_dim = Some(head).filter(|_| !usual || config.head_dim.is_some());
        let whole = config.whole();
        config.layers = if sizes.iter().all(|size| *size == whole) { vec![] } else { sizes.to_vec() };
        config
    }

    /// The model with these of its layers, counted from 0.
    #[must_use]
    pub fn with_layers(&self, layers: &[usize]) -> Self {
        let mut config = self.clone();
        config.num_hidden_layers = layers.len();
        if !self.layers.is_empty() {
            config.layers = layers.iter().map(|&layer| self.size(layer)).collect();
        }
        config
    }

    /// Whether the family's `config.json` has a key for the width of a head.
    fn says_head_dim(&self) -> bool {
        self.family.facts().keys.iter().any(|(key, slot)| *key == "head_dim" && matches!(slot, Slot::MaybeSize(_)))
    }

    /// Whether queries and keys are turned by their places.
    pub fn turns(&self) -> bool {
        matches!(self.family, Family::GptNeox | Family::Llama)
    }

    /// What scores are divided by: the root of a head's width, unless the family is told otherwise.
    pub fn score_divisor(&self) -> f64 {
        match self.other("scale_attn_weights") {
            Some(Value::Bool(false)) if self.family == Family::Gpt2 => 1.0,
            _ => (self.head_size() as f64).sqrt(),
        }
    }

    /// What the scores of a layer are divided by.
    pub fn divisor(&self, layer: usize) -> f64 {
        let deeper = matches!(self.other("scale_attn_by_inverse_layer_idx"), Some(Value::Bool(true)));
        let layer = if deeper && self.family == Family::Gpt2 { (layer + 1) as f64 } else { 1.0 };
        self.score_divisor() * layer
    }

    /// Whether `transformers` can load such a model: it says everything in the family's own keys.
    pub fn is_stock(&self) -> bool {
        self.layers.is_empty() && (self.head_dim.is_none() || self.says_head_dim())
    }

    /// Takes Retort's own key from `json`.
    pub(super) fn read_sizes(&mut self, at: &str, json: &Map<String, Value>) -> Result<()> {
        let Some(value) = json.get(KEY) else { return Ok(()) };
        let at = format!("{at}: {KEY}");
        let sizes: Sizes = serde_json::from_value(value.clone())
            .map_err(|error| Error::input(&at, "`head_dim` and `layers`", error.to_string()))?;
        let wrong = |wanted: String, found: String| Err(Error::input(&at, wanted, found));
        if sizes.layers.len() != self.num_hidden_layers {
            return wrong(format!("{} layers", self.num_hidden_layers), sizes.layers.len().to_string());
        }
        if sizes.head_dim == 0 {
            return wrong("a `head_dim` of at least 1".into(), "0".into());
        }
        let (most, shared) = (self.whole(), self.whole().shared());
        for (index, size) in sizes.layers.iter().enumerate() {
            if size.heads > most.heads || size.neurons > most.neurons || !size.heads.is_multiple_of(shared) {
                let wanted = format!(
                    "at most {} heads, in groups of {}, and {} neurons in layer {index}",
                    most.heads, shared, most.neurons
                );
                return wrong(wanted, format!("{} and {}", size.heads, size.neurons));
            }
        }
        let sizes_of = |size: &Size| Size { groups: size.heads / shared, ..*size };
        let all: Vec<Size> = sizes.layers.iter().map(sizes_of).collect();
        *self = self.with_sizes(&all, self.hidden_size, sizes.head_dim);
        Ok(())
    }

    /// Puts Retort's own key into `json`, where the family's have no words.
    pub(super) fn write_sizes(&self, json: &mut Map<String, Value>) -> Result<()> {
        json.remove(KEY);
        if !self.is_stock() {
            let sizes = Sizes { head_dim: self.head_size(), layers: self.sizes() };
            let value = serde_json::to_value(sizes).map_err(|error| Error::storage("config.json", error))?;
            json.insert(KEY.into(), value);
            json.insert("model_type".into(), format!("{PREFIX}{}", self.family.facts().model_type).into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(family: Family) -> Config {
        Config::of(family, 40, 16, 0, Some(1)).with_shape(2, 32, 4, 24, 0.0)
    }

    fn sizes(config: &Config, units: [[usize; 2]; 2]) -> Vec<Size> {
        let shared = config.num_attention_heads / config.key_value_heads();
        units.map(|[heads, neurons]| Size { heads, groups: heads / shared, neurons }).to_vec()
    }

    fn again(config: &Config) -> Config {
        let mut config = config.clone();
        config.architectures = vec![config.family.facts().architectures[0].1.into()];
        Config::from_json("config.json", &config.to_json().unwrap()).unwrap()
    }

    #[test]
    fn what_a_family_can_say_is_said_in_its_own_keys() {
        let bert = config(Family::Bert);
        let thin = bert.with_sizes(&sizes(&bert, [[4, 20], [4, 20]]), 32, 8);
        assert!(thin.is_stock() && thin.layers.is_empty() && thin.intermediate_size == 20);
        // BERT's heads are together as wide as the model, Llama's need not be.
        let three = |config: &Config| config.with_sizes(&sizes(config, [[3, 24], [3, 24]]), 32, 8);
        assert!(!three(&bert).is_stock());
        let llama = three(&config(Family::Llama));
        assert!(llama.is_stock() && llama.num_attention_heads == 3 && llama.head_size() == 8);
        // Three heads of eight are as wide as a model of 24.
        let bert = three(&bert).with_sizes(&sizes(&bert, [[3, 24], [3, 24]]), 24, 8);
        assert!(bert.is_stock() && bert.num_attention_heads == 3 && bert.layers.is_empty());
        let bert = config(Family::Bert);
        // Narrower all over: as a narrower model.
        let narrow = bert.with_sizes(&sizes(&bert, [[4, 24], [4, 24]]), 24, 6);
        assert!(narrow.is_stock() && narrow.head_dim.is_none() && narrow.head_size() == 6);
    }

    #[test]
    fn what_it_cannot_is_read_back_as_it_was_written() {
        for family in Family::ALL {
            let whole = config(family);
            let cut = whole.with_sizes(&sizes(&whole, [[4, 24], [0, 7]]), 32, 8);
            let read = again(&cut);
            assert_eq!((read.sizes(), read.head_size()), (cut.sizes(), 8), "{family:?}");
            assert_eq!(read.with_layers(&[1]).sizes(), cut.sizes()[1..], "{family:?}");
        }
    }

    #[test]
    fn scores_are_divided_as_the_configuration_says() {
        let divisor = |json: &str| {
            let json = format!(r#"{{"model_type": "gpt2", "n_embd": 64, "n_head": 4, {json}}}"#);
            Config::from_json("c", json.as_bytes()).unwrap().divisor(2)
        };
        assert_eq!(divisor(r#""n_layer": 3"#), 4.0);
        assert_eq!(divisor(r#""scale_attn_weights": false"#), 1.0);
        assert_eq!(divisor(r#""scale_attn_by_inverse_layer_idx": true"#), 12.0);
    }

    #[test]
    fn sizes_that_no_layer_can_have_are_refused() {
        let bert = config(Family::Bert);
        let cut = bert.with_sizes(&sizes(&bert, [[4, 24], [1, 7]]), 32, 8);
        let mut cut = cut;
        cut.architectures = vec!["BertForMaskedLM".into()];
        let json = String::from_utf8(cut.to_json().unwrap()).unwrap();
        let error = |from: &str, to: &str| {
            assert!(json.contains(from), "{json}");
            Config::from_json("c", json.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
        };
        let wanted = "c: retort: wanted at most 4 heads, in groups of 1, and 24 neurons in layer 1, found 5 and 7";
        assert_eq!(error("\"heads\": 1", "\"heads\": 5"), wanted);
        assert!(error("\"neurons\": 7", "\"neuron\": 7").starts_with("c: retort: wanted `head_dim` and `layers`"));
    }
}
