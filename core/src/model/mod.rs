//! The models: what they compute, what they show of it, and what their weights are called.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::{Device, Tensor},
};

pub mod attention;
mod axes;
pub mod bert;
pub mod cache;
pub mod config;
pub mod decoder;
pub mod distilbert;
pub mod family;
#[cfg(test)]
mod family_tests;
pub mod gpt2;
pub mod gpt_neox;
pub mod heads;
pub mod init;
pub mod layers;
pub mod llama;
mod memory;
pub mod onnx;
mod operations;
pub mod opt;
pub mod rotary;
#[cfg(test)]
pub(crate) mod tests;
pub mod trace;

pub use axes::{Axes, Part, Unit};
pub use cache::Cache;
pub use config::{Config, Size};
pub use family::{Family, Task};
pub use memory::{MemoryEstimate, MemoryParts, Whole, memory_estimate};
pub(crate) use memory::{mebibytes, parameters};
pub use trace::{Answer, Gates, Inputs, LayerTrace, Likeliest, Trace, Wants};

use crate::{Error, Result};
use decoder::Decoder;

/// A model of one of the families that Retort knows.
#[derive(Module, Debug)]
pub enum Model {
    /// BERT with a classifier or a masked-language-model head.
    Bert(bert::Bert),
    /// DistilBERT with a classifier or a masked-language-model head.
    DistilBert(distilbert::DistilBert),
    /// GPT-2 with a language-model head.
    Gpt2(gpt2::Gpt2),
    /// OPT with a language-model head.
    Opt(opt::Opt),
    /// GPT-NeoX with a language-model head.
    GptNeox(gpt_neox::GptNeox),
    /// Llama with a language-model head.
    Llama(llama::Llama),
}

impl Model {
    /// The model of `config` on `device` (with or without autodiff). Its parameters take no memory
    /// until [`crate::checkpoint::assign`] gives them values.
    ///
    /// # Errors
    /// [`Error::Input`] when Retort cannot run such a model.
    pub fn empty(at: &str, config: &Config, device: &Device) -> Result<Self> {
        config.check(at)?;
        config.task(at)?;
        Ok(match config.family {
            Family::Bert => Self::Bert(bert::Bert::new(at, config, device)?),
            Family::DistilBert => Self::DistilBert(distilbert::DistilBert::new(at, config, device)?),
            Family::Gpt2 => Self::Gpt2(gpt2::Gpt2::new(config, device)),
            Family::Opt => Self::Opt(opt::Opt::new(at, config, device)?),
            Family::GptNeox => Self::GptNeox(gpt_neox::GptNeox::new(at, config, device)?),
            Family::Llama => Self::Llama(llama::Llama::new(at, config, device)?),
        })
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
        let (inputs, noise) = (batch.into(), layers::Noise(noise));
        match self.kind() {
            Kind::Bert(bert) => bert.forward(inputs, wants, gates, noise),
            Kind::DistilBert(distilbert) => distilbert.forward(inputs, wants, gates, noise),
            Kind::Causal(decoder) => decoder::forward(decoder, inputs, wants, gates, noise),
        }
    }

    /// Reads more tokens of texts that `cache` remembers, some or none of each, and gives the logits
    /// after each text's last token: `[batch, vocabulary]`. The row of a text that reads none holds
    /// nothing of use.
    ///
    /// # Errors
    /// [`Error::Input`] when the model is not causal, a text becomes longer than its positions, or a
    /// token is not in its vocabulary.
    pub fn read(&self, cache: &mut Cache, tokens: &[Vec<u32>]) -> Result<Tensor<2>> {
        match self.kind() {
            Kind::Causal(decoder) => cache.read(decoder, tokens),
            _ => Err(Error::input(
                "the model",
                "one that reads from left to right",
                format!("`{}`", self.config().family.facts().model_type),
            )),
        }
    }

    /// Shape, classes, vocabulary.
    pub fn config(&self) -> &Config {
        match self.kind() {
            Kind::Bert(bert) => bert.config(),
            Kind::DistilBert(distilbert) => distilbert.config(),
            Kind::Causal(decoder) => decoder.config(),
        }
    }

    /// How it turns queries and keys, if it does.
    fn rotary(&self) -> Option<rotary::Rotary> {
        match self.kind() {
            Kind::Causal(decoder) => decoder.rotary().copied(),
            Kind::Bert(_) | Kind::DistilBert(_) => None,
        }
    }

    /// The causal families are asked in the same way.
    fn kind(&self) -> Kind<'_> {
        match self {
            Self::Bert(bert) => Kind::Bert(bert),
            Self::DistilBert(distilbert) => Kind::DistilBert(distilbert),
            Self::Gpt2(decoder) => Kind::Causal(decoder),
            Self::Opt(decoder) => Kind::Causal(decoder),
            Self::GptNeox(decoder) => Kind::Causal(decoder),
            Self::Llama(decoder) => Kind::Causal(decoder),
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

/// A model as it is asked.
enum Kind<'a> {
    Bert(&'a bert::Bert),
    DistilBert(&'a distilbert::DistilBert),
    Causal(&'a dyn Decoder),
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
        let mut names = Family::ALL.into_iter().flat_map(|family| family.facts().names);
        let known = names.find(|(here, _)| *here == stem);
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
