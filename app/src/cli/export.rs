//! `retort export`: the student of a run as a Hugging Face directory.

use retort_core::{
    Error, Result, checkpoint,
    model::onnx::{ONNX, onnx},
    platform::{self, DeviceChoice, Store},
    prune::COMPACT,
    run::Run,
    train::{Chain, Stark, beside, uploads},
};

use super::{Exit, out};

/// Exports a student.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run directory
    #[arg(value_name = "RUNDIR")]
    run: String,
    /// Where to write config.json, model.safetensors, tokenizer.json and README.md
    #[arg(value_name = "DIR")]
    to: String,
    /// Also write the student as model.onnx
    #[arg(long)]
    onnx: bool,
}

/// Writes the student: the one the run ended with, or the one of its last checkpoint.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let store = Store::open_existing(&arguments.run).await?;
    let at = format!("{}/run.toml", arguments.run);
    let text = store.read("run.toml").await?.ok_or_else(|| Error::input(&at, "the file of a run", "nothing there"))?;
    let text = String::from_utf8(text).map_err(|error| Error::input(&at, "UTF-8 text", error.to_string()))?;
    let to = empty(&arguments.to).await?;
    let names = store.list("student").await?;
    if names.is_empty() {
        let run = Run::from_toml(&at, &text)?;
        uploads::offer(&store).await?;
        let opened = platform::open(DeviceChoice::Cpu).await?;
        if run.stark.is_some() {
            for (name, bytes) in Stark::open(run, store, opened, true).await?.export().await? {
                to.write(&name, &bytes).await?;
            }
            return written(&arguments, &to).await;
        }
        let chain = Chain::open(run, store, opened, true).await?;
        if let Some(hop) = chain.hop().filter(|hop| hop.teaches()) {
            let found = format!("one at hop {} of {}, {}", hop.number, hop.of, hop.learner);
            return Err(Error::input(&arguments.run, "a run that has come to its student", found));
        }
        for (name, bytes) in chain.export().await? {
            to.write(&name, &bytes).await?;
        }
    } else {
        copy(&store, "student", &to, "").await?;
        copy(&store, COMPACT.trim_end_matches('/'), &to, COMPACT).await?;
        for name in beside(&Run::from_toml(&at, &text)?) {
            copy(&store, &name, &to, &format!("{name}/")).await?;
        }
    }
    written(&arguments, &to).await
}

/// Adds the graph, if it is asked for, and says what there is.
async fn written(arguments: &Arguments, to: &Store) -> Result<Exit> {
    if arguments.onnx {
        let path = match to.read(&format!("{COMPACT}config.json")).await? {
            Some(_) => format!("{}/{COMPACT}", arguments.to),
            None => arguments.to.clone(),
        };
        let opened = platform::open(DeviceChoice::Cpu).await?;
        let student = checkpoint::load_model(&path, &checkpoint::read_dir(&path).await?, &opened.device)?;
        to.write(ONNX, &onnx(&student).await?).await?;
    }
    out::line(format!("{} is a Hugging Face directory: {}", arguments.to, to.list("").await?.join(", ")))?;
    Ok(Exit::Fine)
}

/// A directory to write a model into; one with files in it is somebody's.
///
/// # Errors
/// [`Error::Input`] when there are files in it.
pub async fn empty(dir: &str) -> Result<Store> {
    match Store::open_existing(dir).await {
        Ok(there) if !there.list("").await?.is_empty() => {
            Err(Error::input(dir, "an empty directory or none", "one with files in it"))
        }
        _ => Store::open(dir).await,
    }
}

/// Copies the files of a directory in one store to another.
async fn copy(from: &Store, dir: &str, to: &Store, below: &str) -> Result<()> {
    for name in from.list(dir).await? {
        if let Some(bytes) = from.read(&format!("{dir}/{name}")).await? {
            to.write(&format!("{below}{name}"), &bytes).await?;
        }
    }
    Ok(())
}
