//! What a model that was cut down can be written as.

use burn::tensor::Device;
use serde::Serialize;

use crate::{
    Result,
    checkpoint::Remake,
    model::{Config, Model, Size, Unit},
};

/// A form of the smaller model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A Hugging Face directory that `transformers` loads as it is: small.
    Stock,
    /// A Hugging Face directory that `transformers` loads, with zeros where units are gone: it computes the
    /// same, and is as large as its largest layer asks for.
    Padded,
    /// A directory that Retort loads, as small as the model is.
    Compact,
}

impl Target {
    /// What a model of `config` can be written as, and why not as the others.
    pub fn of(config: &Config) -> [(Self, Option<String>); 3] {
        let uneven = || {
            let sizes = config.sizes();
            let differ = |of: fn(&Size) -> usize| sizes.windows(2).any(|pair| of(&pair[0]) != of(&pair[1]));
            let what = match (differ(|size| size.heads), differ(|size| size.neurons)) {
                (true, true) => "heads and neurons",
                (true, false) => "heads",
                (false, true) => "neurons",
                (false, false) => return narrow(config),
            };
            format!("its layers have different numbers of {what}")
        };
        let stock = (!config.is_stock()).then(uneven);
        let dense = (!of_padded(config).is_stock()).then(|| narrow(config));
        [(Self::Stock, stock), (Self::Padded, dense), (Self::Compact, None)]
    }
}

/// Why even layers are not enough.
fn narrow(config: &Config) -> String {
    let (family, size) = (config.family.facts().model_type, config.size(0));
    let (heads, own, width) = (size.heads, config.head_size(), config.hidden_size);
    format!("in `{family}` all heads together are as wide as the model, and {heads} x {own} is not {width}")
}

/// The shape of the dense model.
fn of_padded(config: &Config) -> Config {
    let sizes = config.sizes();
    let neurons = sizes.iter().map(|size| size.neurons).max().unwrap_or(0).max(1);
    let size = Size { heads: config.num_attention_heads, groups: config.key_value_heads(), neurons };
    config.with_sizes(&vec![size; sizes.len()], config.hidden_size, config.head_size())
}

/// The model with zeros in the place of units that its layers lack.
///
/// # Errors
/// [`crate::Error::Input`] when Retort cannot run such a model.
pub fn padded(model: &Model, device: &Device) -> Result<Model> {
    let sizes = model.config().sizes();
    let there = |unit: Unit| match unit {
        Unit::Neuron { layer, neuron } => neuron < sizes[layer].neurons,
        Unit::Head { layer, head, .. } => head < sizes[layer].heads,
        Unit::Fixed(_) | Unit::Hidden(_) => true,
    };
    Remake::new(model, &of_padded(model.config()), |unit| Some(unit).filter(|unit| there(*unit)))?.model(model, device)
}
