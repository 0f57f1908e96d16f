//! Taking units out of models, so that the models really become smaller.
//!
//! A [`Cut`] says what is left: numbers of the residual stream, heads and the numbers of each, neurons.
//! [`select`] makes one of scores; [`Cut::apply`] slices every matrix that reads or writes what is gone;
//! [`Target`] says what the smaller model can be written as.

use std::collections::BTreeSet;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    checkpoint::Remake,
    model::{Config, Gates, Model, Size, Unit},
};

mod export;
mod select;
mod targets;
#[cfg(test)]
mod tests;

pub use export::{COMPACT, difference, files};
pub use select::{Share, Spread, select};
pub use targets::{Target, padded};

/// What is left of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Numbers of the residual stream that stay.
    pub hidden: Vec<usize>,
    /// Of each layer what stays.
    pub layers: Vec<LayerCut>,
}

/// What is left of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCut {
    /// Heads that stay.
    pub heads: Vec<HeadCut>,
    /// Neurons that stay.
    pub neurons: Vec<usize>,
}

/// What is left of a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadCut {
    /// Which, counted from 0.
    pub head: usize,
    /// Numbers of its query and key that stay.
    pub scores: Vec<usize>,
    /// Numbers of its value that stay, as many.
    pub values: Vec<usize>,
}

impl Cut {
    /// Everything stays.
    pub fn nothing(config: &Config) -> Self {
        let all = |count: usize| (0..count).collect::<Vec<_>>();
        let dims = all(config.head_size());
        let head = |head| HeadCut { head, scores: dims.clone(), values: dims.clone() };
        let layer = |size: Size| LayerCut { heads: (0..size.heads).map(head).collect(), neurons: all(size.neurons) };
        Self { hidden: all(config.hidden_size), layers: config.sizes().into_iter().map(layer).collect() }
    }

    /// The shape of what is left of a model of `config`.
    ///
    /// # Errors
    /// [`Error::Input`] when the cut is of another model, leaves nothing, or takes heads apart that the
    /// family cannot.
    pub fn config(&self, at: &str, config: &Config) -> Result<Config> {
        self.check(at, config)?;
        let sizes: Vec<Size> = self.layers.iter().zip(config.sizes()).map(|(layer, size)| layer.size(size)).collect();
        Ok(config.with_sizes(&sizes, self.hidden.len(), self.head_dim(config)))
    }

    /// The width of a head that is left.
    fn head_dim(&self, config: &Config) -> usize {
        let mut heads = self.layers.iter().flat_map(|layer| &layer.heads);
        heads.next().map_or(config.head_size(), |head| head.scores.len())
    }

    fn check(&self, at: &str, config: &Config) -> Result<()> {
        let wrong = |wanted: String, found: String| Err(Error::input(at, wanted, found));
        let sizes = config.sizes();
        if self.layers.len() != sizes.len() {
            return wrong(format!("the model's {} layers", sizes.len()), self.layers.len().to_string());
        }
        let among = |kept: &[usize], count: usize| {
            kept.windows(2).all(|pair| pair[0] < pair[1]) && kept.last().is_none_or(|last| *last < count)
        };
        if !among(&self.hidden, config.hidden_size) {
            return wrong(format!("some of {} numbers in rising order", config.hidden_size), "others".into());
        }
        if self.hidden.is_empty() || self.layers.iter().all(|layer| layer.heads.is_empty() && layer.neurons.is_empty())
        {
            return wrong("something that is left of the model".into(), "nothing".into());
        }
        let dims = self.head_dim(config);
        for (index, (layer, size)) in self.layers.iter().zip(&sizes).enumerate() {
            let heads: Vec<usize> = layer.heads.iter().map(|head| head.head).collect();
            if !among(&heads, size.heads) || !among(&layer.neurons, size.neurons) {
                let wanted = format!("some of {} heads and {} neurons in layer {index}", size.heads, size.neurons);
                return wrong(wanted, "others".into());
            }
            let shared = size.shared();
            let groups: BTreeSet<usize> = heads.iter().map(|head| head / shared).collect();
            if groups.len() * shared != heads.len() {
                return wrong(format!("heads in groups of {shared} in layer {index}"), format!("{heads:?}"));
            }
            for head in &layer.heads {
                let own = [&head.scores, &head.values];
                if dims == 0 || own.iter().any(|kept| kept.len() != dims || !among(kept, config.head_size())) {
                    return wrong(format!("{dims} numbers of every head"), format!("others in layer {index}"));
                }
            }
        }
        if dims < config.head_size() && (config.turns() || config.key_value_heads() < config.num_attention_heads) {
            let found = format!("{dims} of {} in a model that turns its heads or shares them", config.head_size());
            return wrong("whole heads".into(), found);
        }
        Ok(())
    }

    /// How the smaller model comes from `model`.
    ///
    /// # Errors
    /// As [`Cut::config`].
    pub fn remake(&self, at: &str, model: &Model) -> Result<Remake> {
        let config = self.config(at, model.config())?;
        let of = |unit: Unit| match unit {
            Unit::Fixed(_) => Some(unit),
            Unit::Hidden(number) => self.hidden.get(number).map(|&number| Unit::Hidden(number)),
            Unit::Neuron { layer, neuron } => {
                let &neuron = self.layers[layer].neurons.get(neuron)?;
                Some(Unit::Neuron { layer, neuron })
            }
            Unit::Head { layer, head, part, dim } => {
                let head = self.layers[layer].heads.get(head)?;
                let dims = if part.scores() { &head.scores } else { &head.values };
                Some(Unit::Head { layer, head: head.head, part, dim: *dims.get(dim)? })
            }
        };
        Remake::new(model, &config, of)
    }

    /// What is left of `model`, on `device`.
    ///
    /// # Errors
    /// As [`Cut::config`].
    pub fn apply(&self, at: &str, model: &Model, device: &Device) -> Result<Model> {
        self.remake(at, model)?.model(model, device)
    }

    /// Factors that silence the heads and neurons that are gone: the whole model with them computes what the
    /// smaller one does, as far as only heads and neurons are gone.
    pub fn gates(&self, config: &Config, device: &Device) -> Gates {
        let gate = |kept: BTreeSet<usize>, count: usize| {
            let values: Vec<f32> = (0..count).map(|unit| if kept.contains(&unit) { 1.0 } else { 0.0 }).collect();
            Tensor::from_data(TensorData::new(values, [1, 1, count]), device)
        };
        let layers = || self.layers.iter().zip(config.sizes());
        Gates {
            heads: layers()
                .map(|(layer, size)| gate(layer.heads.iter().map(|head| head.head).collect(), size.heads))
                .collect(),
            neurons: layers()
                .map(|(layer, size)| gate(layer.neurons.iter().copied().collect(), size.neurons))
                .collect(),
        }
    }
}

impl LayerCut {
    fn size(&self, before: Size) -> Size {
        Size { heads: self.heads.len(), groups: self.heads.len() / before.shared(), neurons: self.neurons.len() }
    }
}
