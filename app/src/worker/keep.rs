//! The one run that the browser keeps, and the visitor's files that it needs.
//!
//! ```text
//! retort/current      which of the two directories below is the run; written last
//! retort/a, retort/b  run directories, as natively; `uploads/` in them are the visitor's files
//! ```

use retort_core::{
    Error, Result,
    checkpoint::{Files, safetensors_read},
    platform::{self, Store},
    run::Run,
    train::{Event, history, place, stark::standing},
};

use super::course;
use crate::{
    protocol::Stored,
    state::{View, stage_of},
};

const HOME: &str = "retort";
const CURRENT: &str = "current";
const UPLOADS: &str = "uploads";
const LAST: &str = "checkpoints/last.safetensors";

/// An empty directory for a new run. The old run stays the current one until [`remember`].
pub async fn fresh() -> Result<Store> {
    let home = Store::open(HOME).await?;
    let other = if current(&home).await?.as_deref() == Some("a") { "b" } else { "a" };
    let store = Store::open(&format!("{HOME}/{other}")).await?;
    empty(&store, "").await?;
    Ok(store)
}

/// Makes a directory the current run, with the files it needs.
pub async fn remember(store: &Store, files: &Files) -> Result<()> {
    for (name, bytes) in files {
        store.write(&format!("{UPLOADS}/{name}"), bytes).await?;
    }
    let name = store.root().rsplit('/').next().unwrap_or_default();
    Store::open(HOME).await?.write(CURRENT, name.as_bytes()).await
}

/// The current run: its directory, its run file, and what happened so far.
pub async fn recall() -> Result<(Store, Run, Vec<Event>)> {
    let nothing = || Error::input("this browser’s storage", "a run to go on with", "none");
    let store = directory().await?.ok_or_else(nothing)?;
    let bytes = store.read("run.toml").await?.ok_or_else(nothing)?;
    let run = Run::from_toml("the stored run", &String::from_utf8_lossy(&bytes))?;
    for name in store.list(UPLOADS).await? {
        if let Some(bytes) = store.read(&format!("{UPLOADS}/{name}")).await? {
            platform::offer(name, bytes);
        }
    }
    let events = told(&store, &run).await?;
    Ok((store, run, events))
}

/// What happened so far in the hop in progress, or in the run of the stage in progress.
async fn told(store: &Store, run: &Run) -> Result<Vec<Event>> {
    let metrics = course::log(store, run).await?;
    Ok(history(&store.read(&metrics).await?.unwrap_or_default()))
}

/// What the page needs to know to offer the current run.
pub async fn stored() -> Result<Option<Stored>> {
    let Some(store) = directory().await? else { return Ok(None) };
    let Some(bytes) = store.read("run.toml").await? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let run = Run::from_toml("the stored run", &text)?;
    let view = View::of(&told(&store, &run).await?);
    let (last, hop, done) = match run.stark {
        None => (place(&store, &run, LAST).await?, view.hop(), view.done.is_some()),
        Some(_) => {
            let at = standing(&store, &run).await?;
            (format!("{}/{LAST}", at.stage.name()), Some(stage_of(&at.stage, at.number, at.of)), at.done)
        }
    };
    Ok(Some(Stored { run: text, step: saved_at(&store, &last).await?, steps: view.steps(), hop, done }))
}

/// Optimiser steps taken when the checkpoint `last` was saved: 0 without one.
async fn saved_at(store: &Store, last: &str) -> Result<usize> {
    let Some(bytes) = store.read(last).await? else { return Ok(0) };
    let (_, metadata) = safetensors_read(last, &bytes)?;
    let state = metadata.get("state").and_then(|state| serde_json::from_str::<serde_json::Value>(state).ok());
    let step = state.and_then(|state| state.pointer("/position/step")?.as_u64());
    Ok(step.map_or(0, |step| step as usize))
}

async fn directory() -> Result<Option<Store>> {
    let home = Store::open(HOME).await?;
    match current(&home).await? {
        Some(name) => Store::open(&format!("{HOME}/{name}")).await.map(Some),
        None => Ok(None),
    }
}

async fn current(home: &Store) -> Result<Option<String>> {
    let name = home.read(CURRENT).await?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(name.filter(|name| name == "a" || name == "b"))
}

/// Removes everything below `dir`.
async fn empty(store: &Store, dir: &str) -> Result<()> {
    for name in store.list(dir).await? {
        let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
        if store.remove(&path).await.is_err() {
            // A directory that is not empty.
            Box::pin(empty(store, &path)).await?;
            store.remove(&path).await?;
        }
    }
    Ok(())
}
