//! The models: what they compute, what they show of it, and what their weights are called.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};

pub mod bert;
pub mod config;
pub mod init;
pub mod layers;
mod memory;
#[cfg(test)]
pub(crate) mod tests;
pub mod trace;

pub use config::{Config, Task};
pub use memory::{MemoryEstimate, memory_estimate};
pub use trace::{Gates, Inputs, LayerTrace, Trace, Wants};

use crate::Result;

/// A model of one of the families that Retort knows.
#[derive(Module, Debug)]
pub enum Model {
    /// BERT with a classifier or a masked-language-model head.
    Bert(bert::Bert),
}

impl Model {
    /// The model of `config` on `device` (with or without autodiff). Its parameters take no memory
    /// until [`crate::checkpoint::assign`] gives them values.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when Retort cannot run such a model.
    pub fn empty(at: &str, config: &Config, device: &Device) -> Result<Self> {
        Ok(Self::Bert(bert::Bert::new(at, config, device)?))
    }

    /// Runs the model over a batch.
    ///
    /// `wants` says what is recorded beside the logits. `gates` multiply heads and neurons.
    /// `noise` seeds dropout; without it nothing is dropped.
    ///
    /// # Panics
    /// When the batch is longer than the model's positions, or the gates have another shape than
    /// the model. Ids outside of the vocabulary are the caller's mistake too, and not found here.
    pub fn forward<'a>(
        &self,
        batch: impl Into<Inputs<'a>>,
        wants: &Wants,
        gates: Option<&Gates>,
        noise: Option<u64>,
    ) -> Trace {
        let noise = layers::Noise(noise);
        match self {
            Self::Bert(bert) => bert.forward(batch.into(), wants, gates, noise),
        }
    }

    /// Shape, classes, vocabulary.
    pub fn config(&self) -> &Config {
        match self {
            Self::Bert(bert) => bert.config(),
        }
    }

    /// Every parameter's Hugging Face name and shape.
    pub fn named(&self) -> Vec<(String, Vec<usize>)> {
        let mut names = Names::default();
        self.visit(&mut names);
        names.found
    }

    /// How many numbers are learned.
    pub fn parameters(&self) -> usize {
        self.num_params()
    }
}

/// Where a visitor stands in a model, and what Hugging Face calls the parameter there.
#[derive(Debug, Clone, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// For [`ModuleVisitor::enter_module`].
    pub fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// For [`ModuleVisitor::exit_module`].
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// The parameter's Hugging Face name, such as
    /// `bert.encoder.layer.0.attention.self.query.weight`.
    pub fn name(&self) -> String {
        let (last, stem) = match self.0.split_last() {
            Some((last, stem)) => (last.as_str(), stem),
            None => ("", &[][..]),
        };
        let is_layer = |part: &&String| part.parse::<usize>().is_ok();
        let layer = stem.iter().find(is_layer).map_or("", String::as_str);
        let stem: Vec<&str> = stem.iter().map(|part| if is_layer(&part) { "#" } else { part }).collect();
        let stem = stem.join(".");
        let known = bert::NAMES.iter().find(|(here, _)| *here == stem);
        let theirs = known.map_or(stem.as_str(), |(_, theirs)| theirs);
        format!("{}.{last}", theirs.replace('#', layer))
    }
}

#[derive(Default)]
struct Names {
    path: Path,
    found: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.path.name(), param.lazy_shape().to_vec()));
    }
}
