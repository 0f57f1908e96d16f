//! Directories as Hugging Face lays them out: `config.json`, `model.safetensors`, `tokenizer.json`.

use std::collections::BTreeMap;

use burn::tensor::Device;

use super::safetensors::Tensors;
use super::{Files, assign, gguf, safetensors_read, safetensors_write, tensors};
use crate::{
    Error, Result,
    model::{Config, Model, Task, init},
    platform,
};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";

/// Where the models that come with the program lie among its assets.
const BUILTIN: &[(&str, &str)] = &[
    ("builtin:rotten-tomatoes", "rotten-tomatoes/teacher"),
    ("builtin:rotten-tomatoes-words", "rotten-tomatoes/words"),
    ("builtin:rotten-tomatoes-deep", "rotten-tomatoes/deep"),
    ("builtin:prose-large", "prose/large"),
    ("builtin:prose-small", "prose/small"),
    ("builtin:prose-student", "prose/student"),
];

/// The names of the models that come with the program.
pub fn builtins() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

/// Reads a directory or a built-in model: `config.json`, `model.safetensors`, and
/// `tokenizer.json` if there is one. A path that ends in `.gguf` is a file of llama.cpp's, and so is
/// `model.gguf` of a directory that has no `config.json`.
///
/// # Errors
/// [`Error::Input`] when a file is missing, or the weights are in a format that is not read.
pub async fn read_dir(path: &str) -> Result<Files> {
    let mut files = Files::new();
    if path.starts_with("builtin:") {
        let known = BUILTIN.iter().find(|(name, _)| *name == path);
        let (_, dir) = known.ok_or_else(|| {
            let names: Vec<&str> = builtins().collect();
            Error::input(path, names.join(" or "), format!("`{path}`"))
        })?;
        for name in [CONFIG, WEIGHTS, TOKENIZER] {
            files.insert(name.into(), platform::builtin(&format!("{dir}/{name}")).await?);
        }
        return Ok(files);
    }
    if path.to_lowercase().ends_with(".gguf") {
        return gguf::gguf_files(path, platform::read_file(path).await?);
    }
    let dir = path.trim_end_matches('/');
    let read = async |name: &str| platform::read_file(&format!("{dir}/{name}")).await;
    match read(CONFIG).await {
        Ok(config) => files.insert(CONFIG.into(), config),
        Err(error) => {
            let bytes = read(gguf::NAME).await.map_err(|_| error)?;
            return gguf::gguf_files(&format!("{dir}/{}", gguf::NAME), bytes);
        }
    };
    match read(WEIGHTS).await {
        Ok(bytes) => files.insert(WEIGHTS.into(), bytes),
        Err(error @ Error::Input { .. }) => return Err(other_weights(dir).await.unwrap_or(error)),
        Err(error) => return Err(error),
    };
    match read(TOKENIZER).await {
        Ok(bytes) => files.insert(TOKENIZER.into(), bytes),
        Err(Error::Input { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(files)
}

/// What to say of a directory whose weights are in another form.
async fn other_weights(dir: &str) -> Option<Error> {
    for (name, advice) in [
        ("model.safetensors.index.json", "one model.safetensors; this model is split over several files"),
        ("pytorch_model.bin", "model.safetensors; pickled weights can run code and are not read"),
    ] {
        if platform::read_file(&format!("{dir}/{name}")).await.is_ok() {
            return Some(Error::input(dir, advice, name));
        }
    }
    None
}

/// Where a file is, for errors: all of a GGUF file's are in itself.
fn place(at: &str, files: &Files, name: &str) -> String {
    if files.contains_key(gguf::NAME) { at.to_owned() } else { format!("{at}/{name}") }
}

/// The configuration among a model's files.
///
/// # Errors
/// [`Error::Input`] when it is missing, or not that of a model that Retort can run.
pub fn config(at: &str, files: &Files) -> Result<Config> {
    let at = place(at, files, CONFIG);
    Config::from_json(&at, files.get(CONFIG).ok_or_else(|| Error::input(&at, "a configuration", "no file"))?)
}

fn weights(at: &str, files: &Files, config: &Config) -> Result<Tensors> {
    let at = place(at, files, WEIGHTS);
    if let Some(bytes) = files.get(gguf::NAME) {
        return gguf::tensors(&at, bytes, config);
    }
    let bytes = files.get(WEIGHTS).ok_or_else(|| Error::input(&at, "weights", "no file"))?;
    let (tensors, _) = safetensors_read(&at, bytes)?;
    Ok(tensors.into_iter().map(|(name, tensor)| (today(config, &name), tensor)).collect())
}

/// The name that `transformers` gives a parameter today: BERT's first checkpoints called the
/// weight and the bias of a layer norm by the paper's letters, and some families' files call the head
/// by another name.
fn today(config: &Config, name: &str) -> String {
    for (there, here) in config.family.facts().renamed {
        if let Some(rest) = name.strip_prefix(there) {
            return format!("{here}{rest}");
        }
    }
    match (name.strip_suffix("LayerNorm.gamma"), name.strip_suffix("LayerNorm.beta")) {
        (Some(stem), _) => format!("{stem}LayerNorm.weight"),
        (_, Some(stem)) => format!("{stem}LayerNorm.bias"),
        _ => name.to_owned(),
    }
}

/// The name that a parameter has in the files that `transformers` writes.
fn on_disk(config: &Config, name: &str) -> String {
    let known = config.family.facts().renamed.iter().find_map(|(there, here)| {
        let rest = name.strip_prefix(here)?;
        Some(format!("{there}{rest}"))
    });
    known.unwrap_or_else(|| name.to_owned())
}

/// Names as a whole model has them, where the file is that of a plain `BertModel` or `GPT2Model`,
/// whose names lack the beginning. `model` has the names that are wanted.
fn prefixed(tensors: Tensors, model: &Model) -> Tensors {
    let prefix = model.config().family.facts().prefix;
    if tensors.keys().any(|name| name.starts_with(prefix)) {
        return tensors;
    }
    let heads: Vec<String> =
        model.named().into_iter().map(|(name, _)| name).filter(|name| !name.starts_with(prefix)).collect();
    let copies = model.config().family.facts().copies;
    let of_head = |name: &str| heads.iter().any(|head| head == name) || copies.iter().any(|(copy, _)| *copy == name);
    let whole = |name: String| if of_head(&name) { name } else { format!("{prefix}{name}") };
    tensors.into_iter().map(|(name, tensor)| (whole(name), tensor)).collect()
}

/// Whether the checkpoint has a classifier of its own.
///
/// # Errors
/// [`Error::Input`] when `config.json` is not that of a model that Retort can run.
pub fn has_classifier(at: &str, files: &Files) -> Result<bool> {
    let config = config(at, files)?;
    Ok(config.task(at).is_ok_and(|task| task == Task::Classification))
}

/// The model of a directory, with every tensor of the file in its place.
///
/// # Errors
/// [`Error::Input`] naming what is missing, left over, or of another shape.
pub fn load_model(at: &str, files: &Files, device: &Device) -> Result<Model> {
    let config = config(at, files)?;
    let task = config.task(&place(at, files, CONFIG))?;
    let model = Model::empty(&place(at, files, CONFIG), &config, device)?;
    let mut tensors = weights(at, files, &config)?;
    let at = place(at, files, WEIGHTS);
    let facts = config.family.facts();
    if task == Task::CausalLm {
        tensors = prefixed(tensors, &model);
    }
    if task != Task::Classification {
        if config.tied() {
            for (copy, original) in facts.copies {
                tied(&at, &mut tensors, copy, original)?;
            }
        }
        tensors.retain(|name, _| !facts.unused.iter().any(|unused| name.starts_with(unused)));
    }
    assign(&at, model, tensors)
}

/// Leaves out a tensor that is another one again.
fn tied(at: &str, tensors: &mut Tensors, copy: &str, original: &str) -> Result<()> {
    match tensors.remove(copy) {
        Some(tensor) if tensors.get(original) != Some(&tensor) => {
            Err(Error::input(format!("{at}: {copy}"), format!("the numbers of {original}, which it shares"), "others"))
        }
        _ => Ok(()),
    }
}

/// A classifier of `labels` on the encoder of a directory that has none, or another one: a plain
/// `BertModel` (whose names lack `bert.`), a sentence encoder, a masked language model. What the
/// encoder does not bring is drawn by `seed`.
///
/// # Errors
/// As [`load_model`], and [`Error::Input`] when the model is no encoder.
pub fn load_encoder(at: &str, files: &Files, labels: &[String], seed: u64, device: &Device) -> Result<Model> {
    let config = config(at, files)?.with_labels(labels);
    let facts = config.family.facts();
    if !config.family.is_encoder() {
        return Err(Error::input(at, "an encoder, for a classifier", format!("`{}`", facts.model_type)));
    }
    let model = Model::empty(&format!("{at}/{CONFIG}"), &config, device)?;
    let mut tensors = weights(at, files, &config)?;
    if !tensors.keys().any(|name| name.starts_with(facts.prefix)) {
        tensors = tensors.into_iter().map(|(name, tensor)| (format!("{}{name}", facts.prefix), tensor)).collect();
    }
    tensors.retain(|name, _| name.starts_with(facts.prefix));
    for (name, shape) in model.named() {
        if config.family.is_head(&name) {
            let data = || init::draw(&config, seed, &name, &shape);
            tensors.entry(name.clone()).or_insert_with(|| super::HostTensor { data: data(), shape: shape.clone() });
        }
    }
    assign(&format!("{at}/{WEIGHTS}"), model, tensors)
}

/// The model as `config.json` and `model.safetensors` for `transformers`.
///
/// # Errors
/// [`Error::Device`] when the weights cannot be read back.
pub async fn save_model(model: &Model) -> Result<Files> {
    let named = |(name, tensor): (String, _)| (on_disk(model.config(), &name), tensor);
    let weights = safetensors_write(&tensors(model).await?.into_iter().map(named).collect(), BTreeMap::new())?;
    Ok(Files::from([(CONFIG.into(), model.config().to_json()?), (WEIGHTS.into(), weights)]))
}
