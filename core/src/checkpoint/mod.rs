//! Weights on their way between files, the host and a device.

use std::collections::{BTreeMap, BTreeSet};

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Device, Tensor, TensorData},
};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    model::{Config, Family, Model, Path, Task, init},
    readback::read_many,
};

mod gguf;
mod hugging_face;
mod remake;
mod safetensors;
#[cfg(test)]
mod tests;

pub use gguf::gguf_files;
pub use hugging_face::{builtins, config, has_classifier, load_encoder, load_model, read_dir, save_model};
pub use remake::Remake;
pub use safetensors::{Metadata, Tensors, safetensors_read, safetensors_write};

/// A model's files by name, so that a directory, the program's assets and a browser's uploads are
/// read alike.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A tensor in the host's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Numbers, row by row.
    pub data: Vec<f32>,
}

/// A model with first weights drawn by `seed`: the same on every device.
///
/// # Errors
/// [`Error::Input`] when Retort cannot run such a model.
pub fn new_model(config: &Config, seed: u64, device: &Device) -> Result<Model> {
    let at = "the new model";
    let model = Model::empty(at, config, device)?;
    let draw = |(name, shape): (String, Vec<usize>)| {
        let data = init::draw(config, seed, &name, &shape);
        (name, HostTensor { shape, data })
    };
    let tensors = model.named().into_iter().map(draw).collect();
    assign(at, model, tensors)
}

/// A student that starts as its teacher with some of the layers (counted from 0, in the order
/// given): the teacher's embeddings, those layers, and its head.
///
/// # Errors
/// [`Error::Input`] when the teacher has no such layer.
pub fn from_layers(teacher: &Model, layers: &[usize], dropout: f64, device: &Device) -> Result<Model> {
    let config = layered(teacher.config(), layers, dropout)?;
    let student = Model::empty("student.init", &config, device)?;
    let values = collect(teacher);
    let named: BTreeMap<String, Tensor<1>> = student
        .named()
        .into_iter()
        .filter_map(|(name, _)| {
            let (_, tensor) = values.get(&source(config.family, &name, layers))?;
            Some((name, tensor.clone()))
        })
        .collect();
    Ok(student.map(&mut Place { path: Path::default(), value: |name: &str, _: &Device| named.get(name).cloned() }))
}

/// The configuration of a student that takes layers of a teacher of `config`, as [`from_layers`] makes it.
///
/// # Errors
/// [`Error::Input`] when the teacher has no such layer.
pub fn layered(config: &Config, layers: &[usize], dropout: f64) -> Result<Config> {
    let there = config.num_hidden_layers;
    match layers.iter().find(|&&layer| layer >= there) {
        None => Ok(config.with_dropout(dropout).with_layers(layers)),
        Some(layer) => {
            let wanted = format!("layers of the teacher, 0 to {}", there.saturating_sub(1));
            Err(Error::input("student.init", wanted, layer.to_string()))
        }
    }
}

/// The same model on another device, or on the graph of its own.
///
/// # Errors
/// [`Error::Input`] when Retort cannot run such a model.
pub fn copied(model: &Model, device: &Device) -> Result<Model> {
    with_weights_of(model, model.config(), device)
}

/// The same weights with another dropout.
///
/// # Errors
/// As [`copied`].
pub fn with_dropout(model: &Model, dropout: f64, device: &Device) -> Result<Model> {
    with_weights_of(model, &model.config().with_dropout(dropout), device)
}

/// A model of `config` with the weights of `model`, which has them all.
fn with_weights_of(model: &Model, config: &Config, device: &Device) -> Result<Model> {
    let values = collect(model);
    let value = |name: &str, _: &Device| values.get(name).map(|(_, tensor)| tensor.clone());
    Ok(Model::empty("the model", config, device)?.map(&mut Place { path: Path::default(), value }))
}

/// The same encoder under another head: for the classes `labels`, or for words. What the model does
/// not have is drawn by `seed`.
///
/// # Errors
/// [`Error::Input`] when its family has no such head.
pub fn with_task(model: &Model, task: Task, labels: &[String], seed: u64, device: &Device) -> Result<Model> {
    let config = model.config().with_task(task, labels)?;
    let next = Model::empty("the model", &config, device)?;
    let kept = collect(model);
    let mut values: BTreeMap<String, Tensor<1>> = BTreeMap::new();
    for (name, shape) in next.named() {
        let value = match kept.get(&name) {
            Some((before, tensor)) if *before == shape => tensor.clone(),
            _ => {
                let data = init::draw(&config, seed, &name, &shape);
                let length = data.len();
                Tensor::from_data(TensorData::new(data, [length]), &device.clone().without_autodiff())
            }
        };
        values.insert(name, value);
    }
    Ok(next.map(&mut Place { path: Path::default(), value: |name: &str, _: &Device| values.get(name).cloned() }))
}

/// `model` under the head of `other`, which must be of its family and as wide.
pub fn with_head_of(model: Model, other: &Model) -> Model {
    let family = other.config().family;
    let mut head = collect(other);
    head.retain(|name, _| family.is_head(name));
    let value = |name: &str, _: &Device| head.get(name).map(|(_, tensor)| tensor.clone());
    model.map(&mut Place { path: Path::default(), value })
}

/// The teacher's name for the student's parameter `name`.
fn source(family: Family, name: &str, layers: &[usize]) -> String {
    let stem = family.facts().layer;
    let known = name.strip_prefix(stem).and_then(|tail| {
        let (index, rest) = tail.split_once('.')?;
        Some(format!("{stem}{}.{rest}", layers.get(index.parse::<usize>().ok()?)?))
    });
    known.unwrap_or_else(|| name.to_owned())
}

/// A module's weights; a model's by their Hugging Face names.
///
/// # Errors
/// [`Error::Device`] when they cannot be read back.
pub async fn tensors<M: Module>(model: &M) -> Result<Tensors> {
    let (named, flat): (Vec<_>, Vec<_>) =
        collect(model).into_iter().map(|(name, (shape, tensor))| ((name, shape), tensor)).unzip();
    let values = read_many(flat).await?;
    Ok(named.into_iter().zip(values).map(|((name, shape), data)| (name, HostTensor { shape, data })).collect())
}

/// SHA-256 over the weights as `model.safetensors` has them.
///
/// # Errors
/// As [`tensors`].
pub async fn hash(model: &Model) -> Result<String> {
    let bytes = safetensors_write(&tensors(model).await?, Metadata::new())?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Gives every parameter of `model` its values. The parameters stay on their device.
///
/// # Errors
/// [`Error::Input`] naming what is missing, left over, or of another shape; the model is then gone
/// and nothing was sent to the device.
pub fn assign(at: &str, model: Model, mut tensors: Tensors) -> Result<Model> {
    let named: BTreeMap<String, Vec<usize>> = model.named().into_iter().collect();
    let wanted: BTreeSet<&String> = named.keys().collect();
    let found: BTreeSet<&String> = tensors.keys().collect();
    if wanted != found {
        let missing: Vec<_> = wanted.difference(&found).copied().collect();
        let leftover: Vec<_> = found.difference(&wanted).copied().collect();
        return Err(strangers(at, &missing, &leftover));
    }
    for (name, shape) in &named {
        let tensor = &tensors[name];
        if tensor.shape != *shape {
            return Err(Error::input(
                format!("{at}: {name}"),
                format!("shape {shape:?}"),
                format!("{:?}", tensor.shape),
            ));
        }
    }
    let value = |name: &str, device: &Device| {
        let tensor = tensors.remove(name)?;
        let length = tensor.data.len();
        Some(Tensor::from_data(TensorData::new(tensor.data, [length]), device))
    };
    Ok(model.map(&mut Place { path: Path::default(), value }))
}

/// One sentence about tensors that are not both in the file and in the model.
fn strangers(at: &str, missing: &[&String], leftover: &[&String]) -> Error {
    let list = |names: &[&String]| match names {
        [] => String::new(),
        [one] => (*one).clone(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    };
    match (missing, leftover) {
        ([], _) => Error::input(at, "the model's tensors and no others", format!("also {}", list(leftover))),
        (_, []) => Error::input(at, list(missing), "no such tensor"),
        _ => Error::input(at, list(missing), format!("{} instead", list(leftover))),
    }
}

/// Every parameter: its name, its shape, its numbers `[numel]` off the graph.
pub(crate) fn collect<M: Module>(model: &M) -> BTreeMap<String, (Vec<usize>, Tensor<1>)> {
    struct Collect {
        path: Path,
        found: BTreeMap<String, (Vec<usize>, Tensor<1>)>,
    }

    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val().inner();
            let shape = tensor.dims().to_vec();
            self.found.insert(self.path.name(), (shape, tensor.flatten(0, D - 1)));
        }
    }

    let mut visitor = Collect { path: Path::default(), found: BTreeMap::new() };
    model.visit(&mut visitor);
    visitor.found
}

/// Puts values `[numel]` in the place of parameters, on the parameters' own device and as leaves
/// of their graph. A parameter for which there is none stays.
struct Place<F> {
    path: Path,
    value: F,
}

impl<F: FnMut(&str, &Device) -> Option<Tensor<1>>> ModuleMapper for Place<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let device = param.lazy_device();
        let plain = device.clone().without_autodiff();
        let Some(value) = (self.value)(&self.path.name(), &plain) else { return param };
        let shape = param.lazy_shape();
        let value = match shape.num_elements() {
            // To reshape, 0 means "as before".
            0 => Tensor::zeros(shape, &plain),
            _ => value.to_device(&plain).reshape(shape),
        };
        let value = if device.is_autodiff() { value.autodiff() } else { value };
        let mut placed = Param::from_tensor(value);
        placed.id = param.id;
        placed
    }
}
