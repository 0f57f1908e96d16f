//! Where a run stands that is not open, read from its directory.

use retort_core::{
    Result,
    platform::Store,
    run::Run,
    train::{Eval, Event, METRICS, history, place, provenance_of, stark::standing},
};

use super::stored::{Branched, Stored};
use crate::state::{View, stage_of};

const LAST: &str = "checkpoints/last.safetensors";
/// Most bytes of a checkpoint's table of contents.
const MOST: u64 = 64 << 20;

/// Where the log of what is in progress lies below the directory of a run.
///
/// # Errors
/// [`retort_core::Error::Storage`] when the directory cannot be read.
pub async fn log(store: &Store, run: &Run) -> Result<String> {
    match run.stark {
        None => place(store, run, METRICS).await,
        Some(_) => Ok(format!("{}/{METRICS}", standing(store, run).await?.stage.name())),
    }
}

/// What happened so far in the hop in progress, or in the run of the stage in progress.
///
/// # Errors
/// As [`log`].
pub async fn look(store: &Store, run: &Run) -> Result<Vec<Event>> {
    let log = log(store, run).await?;
    Ok(history(&store.read(&log).await?.unwrap_or_default()))
}

/// Fills in what the directory tells.
pub async fn of(store: &Store, text: &str, known: Stored) -> Result<Stored> {
    let run = Run::from_toml("the stored run", text)?;
    let events = look(store, &run).await?;
    let view = View::of(&events);
    let (last, hop, done) = match run.stark {
        None => (place(store, &run, LAST).await?, view.hop(), view.done.is_some()),
        Some(_) => {
            let at = standing(store, &run).await?;
            (format!("{}/{LAST}", at.stage.name()), Some(stage_of(&at.stage, at.number, at.of)), at.done)
        }
    };
    let branched_from = match known.branched_from {
        Some(branched) => Some(branched),
        None => provenance_of(store).await?.and_then(|about| about.branched_from).map(|origin| Branched {
            id: None,
            title: origin.name,
            step: origin.step,
        }),
    };
    Ok(Stored {
        run: text.to_owned(),
        recipe: run.recipe.clone(),
        procedure: run.stark.as_ref().map(|_| "stark".to_owned()),
        step: saved_at(store, &last).await?,
        steps: view.steps(),
        hop,
        done,
        branched_from,
        figures: figures(&events),
        ..known
    })
}

/// The last figures of every model on every split.
fn figures(events: &[Event]) -> Vec<Eval> {
    let mut found: Vec<Eval> = vec![];
    for event in events.iter().rev() {
        if let Event::Eval(eval) = event
            && !found.iter().any(|known| known.who == eval.who && known.split == eval.split)
        {
            found.push(eval.clone());
        }
    }
    found.reverse();
    found
}

/// Optimiser steps taken when a checkpoint was saved: 0 without one. Of the file only its table of contents is read.
async fn saved_at(store: &Store, last: &str) -> Result<usize> {
    let length = store.head(last, 8).await?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    let Some(length) = length.filter(|length| *length < MOST) else { return Ok(0) };
    let header = store.head(last, 8 + length).await?.unwrap_or_default();
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let state = header.get(8..).and_then(json).and_then(|header| {
        let state = header.pointer("/__metadata__/state")?.as_str()?.to_owned();
        json(state.as_bytes())?.pointer("/position/step")?.as_u64()
    });
    Ok(state.map_or(0, |step| step as usize))
}
