//! Models as commands name them: a Hugging Face directory, a run directory, a `.gguf` file, or `builtin:…`.

use std::time::{Duration, Instant};

use retort_core::{
    Error, Result, checkpoint,
    data::{self, Dataset, Encodings, Example, Kind, Tokenizer},
    model::{Config, Model, Task},
    platform::{Opened, Store},
    prune::COMPACT,
    run::Data,
    train::{Predictions, judge, predict},
};

/// A model with what it needs to read sentences.
pub struct Loaded {
    /// As it was named.
    pub name: String,
    /// Off the graph.
    pub model: Model,
    /// Its own.
    pub tokenizer: Tokenizer,
    /// The names of its classes; a language model has none.
    pub labels: Vec<String>,
}

/// Reads a classifier onto a device.
///
/// # Errors
/// [`Error::Input`] when there is no model, one that is no classifier, or one without a tokenizer.
pub async fn classifier(name: &str, opened: &Opened) -> Result<Loaded> {
    let loaded = load(name, Task::Classification, "a classifier", opened).await?;
    let labels = loaded.model.config().labels();
    Ok(Loaded { labels, ..loaded })
}

/// Reads a classifier of as many classes as the data have.
///
/// # Errors
/// As [`classifier`], and when it has more or fewer.
pub async fn classifier_of(name: &str, labels: &[String], opened: &Opened) -> Result<Loaded> {
    let loaded = classifier(name, opened).await?;
    let classes = |labels: &[String]| format!("{} classes ({})", labels.len(), labels.join(", "));
    match loaded.labels.len() == labels.len() {
        true => Ok(loaded),
        false => Err(Error::input(name, classes(labels), classes(&loaded.labels))),
    }
}

/// Reads a model that answers what the data ask: a classifier of their classes, or a language model.
///
/// # Errors
/// As [`classifier_of`] and [`language_model`].
pub async fn of_data(name: &str, dataset: &Dataset, opened: &Opened) -> Result<Loaded> {
    match dataset.kind {
        Kind::Classes => classifier_of(name, &dataset.labels, opened).await,
        Kind::Text | Kind::Instructions => language_model(name, opened).await,
    }
}

/// What is read.
#[derive(Debug, clap::Args)]
pub struct Read {
    /// A directory with train, dev and test files, one file, builtin:rotten-tomatoes or builtin:prose
    #[arg(long, value_name = "DATA", default_value = "builtin:rotten-tomatoes")]
    pub data: String,
    /// Longest sequence in tokens; longer ones are cut
    #[arg(long, value_name = "TOKENS", default_value_t = 64)]
    pub max_length: usize,
}

impl Read {
    /// The data.
    ///
    /// # Errors
    /// [`Error::Input`] when there are none, or they cannot be read.
    pub async fn dataset(&self) -> Result<Dataset> {
        data::load(&Data { source: self.data.clone(), ..Data::default() }).await
    }

    /// Texts as a model reads them, `longest` tokens at most.
    ///
    /// # Errors
    /// [`Error::Input`] when a text cannot be encoded.
    pub fn texts(&self, loaded: &Loaded, kind: Kind, examples: &[Example], longest: usize) -> Result<Encodings> {
        let (tokenizer, length) = (&loaded.tokenizer, self.max_length.min(longest));
        match kind {
            Kind::Classes => Encodings::new(tokenizer, examples, length),
            Kind::Text => Encodings::packed(tokenizer, examples.iter().map(|example| example.text.as_str()), length),
            Kind::Instructions => Encodings::responses(tokenizer, examples, &Data::default().template, length),
        }
    }
}

/// The number and the sentences of `train`, `dev` or `test`.
pub fn split<'a>(dataset: &'a Dataset, name: &str) -> (usize, &'a [Example]) {
    match name {
        "train" => (0, &dataset.train),
        "dev" => (1, &dataset.dev),
        _ => (2, &dataset.test),
    }
}

/// Reads a model that writes onto a device.
///
/// # Errors
/// [`Error::Input`] when there is no model, one that does not write, or one without a tokenizer.
pub async fn language_model(name: &str, opened: &Opened) -> Result<Loaded> {
    load(name, Task::CausalLm, "a language model that reads from left to right", opened).await
}

/// Reads a model that does whatever it does onto a device.
///
/// # Errors
/// [`Error::Input`] when there is no model, or one without a tokenizer.
pub async fn any(name: &str, opened: &Opened) -> Result<Loaded> {
    read(name, opened, |_, _| Ok(())).await
}

/// A model that does `task`, with its tokenizer.
async fn load(name: &str, task: Task, wanted: &str, opened: &Opened) -> Result<Loaded> {
    let does = |path: &str, config: &Config| {
        if config.task(path)? == task {
            return Ok(());
        }
        let found = config.architectures.first().map_or("another", String::as_str);
        Err(Error::input(path, wanted, format!("`{found}`")))
    };
    read(name, opened, does).await
}

/// A model with its tokenizer; `fits` is asked before its weights are read.
async fn read(name: &str, opened: &Opened, fits: impl FnOnce(&str, &Config) -> Result<()>) -> Result<Loaded> {
    let path = of_run(name).await?.unwrap_or_else(|| name.to_owned());
    let files = checkpoint::read_dir(&path).await?;
    let config = checkpoint::config(&path, &files)?;
    fits(&path, &config)?;
    let json = files.get("tokenizer.json");
    let json = json.ok_or_else(|| Error::input(&path, "a tokenizer.json beside the weights", "none"))?;
    let tokenizer = Tokenizer::from_bytes(&format!("{path}/tokenizer.json"), json)?;
    tokenizer.fits(config.vocab_size, &path)?;
    let model = checkpoint::load_model(&path, &files, &opened.device)?;
    Ok(Loaded { name: name.to_owned(), model, tokenizer, labels: vec![] })
}

/// Where a run directory keeps its student, if `name` is one.
async fn of_run(name: &str) -> Result<Option<String>> {
    let Ok(store) = Store::open_existing(name).await else { return Ok(None) };
    let found = store.read("student/config.json").await?.is_some();
    if !found && store.read("run.toml").await?.is_some() {
        return Err(Error::input(name, "a run that has ended, or `retort export` of it", "one that has not"));
    }
    let small = store.read(&format!("student/{COMPACT}config.json")).await?.is_some();
    let below = if small { COMPACT } else { "" };
    Ok(found.then(|| format!("{}/student/{below}", name.trim_end_matches('/'))))
}

impl Loaded {
    /// The most tokens it can read.
    pub fn longest(&self) -> usize {
        self.model.config().max_position_embeddings
    }

    /// Logits of sentences.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails.
    pub async fn predict(&self, encodings: &Encodings, opened: &Opened) -> Result<Predictions> {
        predict(&self.model, encodings, &opened.device).await
    }

    /// Texts per second: the median of passes over `encodings` after one that warms up.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails.
    pub async fn speed(&self, encodings: &Encodings, opened: &Opened) -> Result<f64> {
        let begun = Instant::now();
        judge(&self.model, encodings, None, &opened.device).await?;
        let mut passes = vec![];
        while passes.len() < 3 || (begun.elapsed() < Duration::from_secs(1) && passes.len() < 50) {
            let pass = Instant::now();
            judge(&self.model, encodings, None, &opened.device).await?;
            passes.push(pass.elapsed().as_secs_f64());
            if begun.elapsed() > Duration::from_secs(10) {
                break;
            }
        }
        passes.sort_by(f64::total_cmp);
        Ok(encodings.len() as f64 / passes[passes.len() / 2].max(1e-9))
    }
}
