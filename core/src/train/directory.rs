//! The run directory: everything about a run, so that it can be looked at, resumed, or repeated.
//!
//! ```text
//! run.toml                          the run file as executed
//! run.json                          seed, source commit, hashes, adapter
//! metrics.jsonl                     every event, one a line; only ever added to
//! checkpoints/last.safetensors      weights, moments and position of every learner
//! checkpoints/best-student.safetensors   the weights of the best dev evaluation
//! student/                          the student as a Hugging Face directory, with its card
//! pretrained/                       of an assistant that learned words before the task: what it was then
//! assistant-1/ …                    the directories of a chain's hops before the last, alike
//! ```
//!
//! Files are replaced whole or not at all, so a kill at any moment leaves the one before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    adamw::Flat,
    branch::Origin,
    event::Event,
    learner::Learner,
    projections::Projections,
    shrink::{Felt, Sizes},
};
use crate::{
    Error, Result,
    checkpoint::{self, HostTensor},
    model::Model,
    platform::{Adapter, Store},
    readback::read_many,
    run::{Run, Stage},
};
use burn::tensor::{Device, Tensor, TensorData};

/// The run file as executed.
pub const RUN: &str = "run.toml";
/// Where it came from.
pub const PROVENANCE: &str = "run.json";
/// Every event.
pub const METRICS: &str = "metrics.jsonl";
const LAST: &str = "checkpoints/last.safetensors";

/// What cannot be read off the run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Retort's version.
    pub version: String,
    /// The commit it was built from.
    pub source_commit: String,
    /// The run's seed.
    pub seed: u64,
    /// SHA-256 of the data as read.
    pub data_hash: String,
    /// SHA-256 of the student's first weights.
    pub init_hash: String,
    /// The device it was started on.
    pub adapter: Adapter,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// The run whose checkpoint it started from; none where it began at its first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branched_from: Option<Origin>,
}

/// Where a session stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The phase.
    pub phase: usize,
    /// Optimiser steps taken in it.
    pub phase_step: usize,
    /// Optimiser steps taken in all.
    pub step: usize,
    /// Seconds spent so far, over all sittings.
    pub seconds: f64,
    /// Best dev evaluation of this phase, by learner.
    pub best: BTreeMap<String, Best>,
    /// Evaluations since the student's best one.
    pub waited: usize,
    /// The run is over.
    pub done: bool,
}

impl Position {
    /// The stage whose head the learners have: of the phase that was begun last.
    pub fn answering(&self, run: &Run) -> Stage {
        let begun = if self.phase_step > 0 { self.phase } else { self.phase.saturating_sub(1) };
        run.phases.get(begun).map_or(Stage::Task, |phase| phase.stage)
    }
}

/// The best dev evaluation of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Accuracy on dev.
    pub accuracy: f64,
    /// Cross-entropy on dev.
    pub loss: f64,
    /// When.
    pub step: usize,
}

impl Best {
    /// Whether this one is better than `other`: of classes by accuracy and then by loss, of words by
    /// loss.
    pub fn beats(&self, other: Option<&Best>, words: bool) -> bool {
        let rank = |best: &Self| if words { (-best.loss, 0.0) } else { (best.accuracy, -best.loss) };
        other.is_none_or(|other| rank(self) > rank(other))
    }
}

/// Begins a run directory.
///
/// # Errors
/// [`Error::Input`] when there already is a run in it; [`Error::Storage`] when it cannot be written.
pub async fn begin(store: &Store, run: &Run, provenance: &Provenance) -> Result<()> {
    vacant(store).await?;
    attest(store, provenance).await?;
    announce(store, run).await
}

/// Makes sure that there is no run in a directory.
///
/// # Errors
/// [`Error::Input`] when there is one.
pub async fn vacant(store: &Store) -> Result<()> {
    match store.read(RUN).await? {
        Some(_) => Err(Error::input(store.root(), "a directory without a run, or --resume", "a run")),
        None => Ok(()),
    }
}

/// Writes where a run comes from.
///
/// # Errors
/// [`Error::Storage`] when it cannot be written.
pub async fn attest(store: &Store, provenance: &Provenance) -> Result<()> {
    let json = serde_json::to_vec_pretty(provenance).map_err(|error| Error::storage(PROVENANCE, error))?;
    store.write(PROVENANCE, &json).await
}

/// Writes the run file: from then on there is a run in the directory.
///
/// # Errors
/// [`Error::Storage`] when it cannot be written.
pub async fn announce(store: &Store, run: &Run) -> Result<()> {
    store.write(RUN, run.to_toml()?.as_bytes()).await
}

/// The run file of a directory, if there is one.
///
/// # Errors
/// [`Error::Input`] when it cannot be read as a run file.
pub async fn run_of(store: &Store) -> Result<Option<Run>> {
    let at = format!("{}/{RUN}", store.root());
    match store.read(RUN).await? {
        None => Ok(None),
        Some(bytes) => {
            let text = String::from_utf8(bytes).map_err(|error| Error::input(&at, "UTF-8", error.to_string()))?;
            Run::from_toml(&at, &text).map(Some)
        }
    }
}

/// Where the run of a directory comes from, if that was written.
///
/// # Errors
/// [`Error::Input`] when it cannot be understood.
pub async fn provenance_of(store: &Store) -> Result<Option<Provenance>> {
    let Some(bytes) = store.read(PROVENANCE).await? else { return Ok(None) };
    let at = format!("{}/{PROVENANCE}", store.root());
    serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::input(at, "a run’s provenance", error.to_string()))
}

/// Adds an event to the log.
///
/// # Errors
/// [`Error::Storage`] when it cannot be written.
pub async fn record(store: &Store, event: &Event) -> Result<()> {
    let mut line = serde_json::to_vec(event).map_err(|error| Error::storage(METRICS, error))?;
    line.push(b'\n');
    store.append(METRICS, &line).await
}

/// Ends a last line that a kill cut short, so that the next event starts on a line of its own.
///
/// # Errors
/// [`Error::Storage`] when it cannot be written.
pub async fn mend(store: &Store) -> Result<()> {
    match store.read(METRICS).await? {
        Some(bytes) if bytes.last().is_some_and(|&byte| byte != b'\n') => store.append(METRICS, b"\n").await,
        _ => Ok(()),
    }
}

/// Whether the log says that the run is over.
///
/// # Errors
/// [`Error::Storage`] when it cannot be read.
pub async fn is_over(store: &Store) -> Result<bool> {
    Ok(is_done(&store.read(METRICS).await?.unwrap_or_default()))
}

/// Whether a log, or its last lines, say that the run is over.
pub fn is_done(log: &[u8]) -> bool {
    history(log).iter().any(|event| matches!(event, Event::Done { .. }))
}

/// A run's events as they count: what was done again after a resume replaces what it repeats.
pub type History = Vec<Event>;

/// Reads `metrics.jsonl`. A line that a kill cut short is left out, and so are the events that a
/// later sitting repeats.
pub fn history(bytes: &[u8]) -> History {
    let mut events = History::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { continue };
        match &event {
            // From the beginning: nothing was saved before.
            Event::Started(started) if started.resumed_at == 0 => events.clear(),
            Event::Started(started) => {
                events.retain(|event| step_of(event).is_none_or(|step| step <= started.resumed_at));
            }
            _ => {}
        }
        events.push(event);
    }
    events
}

/// The step at which something happened; of what belongs to no step none.
pub fn step_of(event: &Event) -> Option<usize> {
    match event {
        Event::Step(step) => Some(step.step),
        Event::Eval(eval) => Some(eval.step),
        Event::Saved { step, .. } | Event::EarlyStop { step, .. } | Event::Shrunk { step, .. } => Some(*step),
        Event::Started(_) | Event::Phase { .. } | Event::Done { .. } => None,
    }
}

/// Writes the position and every learner.
///
/// # Errors
/// [`Error::Storage`] when it cannot be written, [`Error::Device`] when it cannot be read back.
pub async fn save(store: &Store, position: &Position, learners: &[Learner]) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for learner in learners {
        let who = &learner.who;
        for (name, tensor) in checkpoint::tensors(&learner.model).await? {
            tensors.insert(format!("{who}.weight.{name}"), tensor);
        }
        for (name, tensor) in learner.projections.tensors().await? {
            tensors.insert(format!("{who}.projection.{name}"), tensor);
        }
        let felt = learner.shrink.as_ref().map(|shrink| &shrink.felt);
        let felt = felt.map(|felt| {
            [("window", &felt.window), ("sensitivity", &felt.sensitivity), ("uncertainty", &felt.uncertainty)]
        });
        let moments = [("first", &learner.optimizer.first), ("second", &learner.optimizer.second)];
        for (kind, moments) in moments.into_iter().chain(felt.into_iter().flatten()) {
            let values = read_many(moments.values().cloned().collect()).await?;
            for (name, data) in moments.keys().zip(values) {
                tensors.insert(format!("{who}.{kind}.{name}"), HostTensor { shape: vec![data.len()], data });
            }
        }
    }
    let steps = learners.first().map_or(0, |learner| learner.optimizer.steps);
    let mut shrunk = BTreeMap::new();
    for learner in learners {
        if let Some(Felt { from, steps, .. }) = learner.shrink.as_ref().map(|shrink| &shrink.felt) {
            shrunk.insert(learner.who.clone(), Shrunk { from: *from, steps: *steps });
        }
    }
    let sizes = learners.iter().map(|learner| (learner.who.clone(), Sizes::of(learner.model.config()))).collect();
    let state = serde_json::to_string(&Saved { position: position.clone(), optimizer_steps: steps, sizes, shrunk })
        .map_err(|error| Error::storage(LAST, error))?;
    let metadata = BTreeMap::from([("state".to_owned(), state)]);
    store.write(LAST, &checkpoint::safetensors_write(&tensors, metadata)?).await
}

#[derive(Serialize, Deserialize)]
struct Saved {
    position: Position,
    optimizer_steps: usize,
    /// Sizes of the learners.
    #[serde(default)]
    sizes: BTreeMap<String, Sizes>,
    /// Of those that become smaller in the phase.
    #[serde(default)]
    shrunk: BTreeMap<String, Shrunk>,
}

/// What [`Felt`] is beside its tensors.
#[derive(Serialize, Deserialize)]
struct Shrunk {
    from: Sizes,
    steps: usize,
}

/// A checkpoint that was read.
pub struct Kept {
    at: String,
    tensors: BTreeMap<String, HostTensor>,
    saved: Saved,
}

impl Kept {
    /// Where it stands.
    pub fn position(&self) -> &Position {
        &self.saved.position
    }

    /// Puts what [`save`] wrote into the learners, which must have the heads they had then.
    ///
    /// # Errors
    /// [`Error::Input`] when the checkpoint does not fit the run.
    pub fn restore(mut self, learners: &mut [Learner], device: &Device) -> Result<Position> {
        for learner in learners {
            let mut take = |kind: &str| -> BTreeMap<String, HostTensor> {
                let prefix = format!("{}.{kind}.", learner.who);
                let names: Vec<String> =
                    self.tensors.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
                names
                    .into_iter()
                    .filter_map(|name| Some((name[prefix.len()..].to_owned(), self.tensors.remove(&name)?)))
                    .collect()
            };
            learner.optimizer.first = on_device(take("first"), device);
            learner.optimizer.second = on_device(take("second"), device);
            learner.optimizer.steps = self.saved.optimizer_steps;
            if let Some(Shrunk { from, steps }) = self.saved.shrunk.get(&learner.who) {
                let mut felt = |kind: &str| on_device(take(kind), device);
                let (window, sensitivity, uncertainty) = (felt("window"), felt("sensitivity"), felt("uncertainty"));
                learner.felt = Some(Felt { from: *from, window, steps: *steps, sensitivity, uncertainty });
            }
            let config = learner.model.config();
            if let Some(sizes) = self.saved.sizes.get(&learner.who).filter(|sizes| **sizes != Sizes::of(config)) {
                learner.model = Model::empty(&self.at, &sizes.config(config), device)?;
            }
            learner.model = checkpoint::assign(&self.at, learner.model.clone(), take("weight"))?;
            learner.projections = Projections::from_tensors(take("projection"), device);
        }
        Ok(self.saved.position)
    }
}

/// The checkpoint, if there is one.
///
/// # Errors
/// [`Error::Input`] when it cannot be read.
pub async fn kept(store: &Store) -> Result<Option<Kept>> {
    let Some(bytes) = store.read(LAST).await? else { return Ok(None) };
    let at = format!("{}/{LAST}", store.root());
    let (tensors, metadata) = checkpoint::safetensors_read(&at, &bytes)?;
    let saved = serde_json::from_str(metadata.get("state").map_or("", String::as_str))
        .map_err(|error| Error::input(&at, "the state of a session", error.to_string()))?;
    Ok(Some(Kept { at, tensors, saved }))
}

fn on_device(tensors: BTreeMap<String, HostTensor>, device: &Device) -> Flat {
    let plain = device.clone().without_autodiff();
    let place = |tensor: HostTensor| {
        let length = tensor.data.len();
        Tensor::<1>::from_data(TensorData::new(tensor.data, [length]), &plain)
    };
    tensors.into_iter().map(|(name, tensor)| (name, place(tensor))).collect()
}

/// Writes a learner's weights as its best.
///
/// # Errors
/// As [`save`].
pub async fn save_best(store: &Store, learner: &Learner) -> Result<()> {
    let tensors = checkpoint::tensors(&learner.model).await?;
    store.write(&best_of(learner), &checkpoint::safetensors_write(&tensors, BTreeMap::new())?).await
}

/// Gives a learner its best weights back.
///
/// # Errors
/// [`Error::Input`] when they are not there or do not fit.
pub async fn restore_best(store: &Store, learner: &mut Learner) -> Result<()> {
    let path = best_of(learner);
    let at = format!("{}/{path}", store.root());
    let bytes = store.read(&path).await?.ok_or_else(|| Error::input(&at, "the best checkpoint", "no file"))?;
    let (tensors, _) = checkpoint::safetensors_read(&at, &bytes)?;
    learner.model = checkpoint::assign(&at, learner.model.clone(), tensors)?;
    Ok(())
}

fn best_of(learner: &Learner) -> String {
    best_path(&learner.who)
}

/// Where the best weights of a learner lie.
pub fn best_path(who: &str) -> String {
    format!("checkpoints/best-{who}.safetensors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_of_a_killed_and_resumed_run_counts_each_step_once() {
        let step = |step: usize, lr: f64| {
            format!(r#"{{"event":"step","step":{step},"phase":0,"lr":{lr},"losses":null,"seconds":0.1,"examples":4}}"#)
        };
        let started = |resumed_at: usize| {
            format!(
                r#"{{"event":"started","name":"r","seed":1,"adapter":{},"steps":9,"resumed_at":{resumed_at},"examples":[1,1,1],"labels":[],"parameters":[0,1],"init_hash":"","data_hash":"","memory_bytes":0}}"#,
                serde_json::to_string(&Adapter::default()).unwrap()
            )
        };
        let torn = r#"{"event":"step","st"#;
        let log =
            [started(0), step(1, 0.1), step(2, 0.2), step(3, 0.3), torn.into(), started(2), step(3, 0.5)].join("\n");
        let steps: Vec<(usize, f64)> = history(log.as_bytes())
            .iter()
            .filter_map(|event| if let Event::Step(step) = event { Some((step.step, step.lr)) } else { None })
            .collect();
        assert_eq!(steps, [(1, 0.1), (2, 0.2), (3, 0.5)]);
        let log = [started(0), step(1, 0.1), started(0), step(1, 0.1)].join("\n");
        assert_eq!(history(log.as_bytes()).len(), 2, "nothing was saved before the kill");
    }

    #[test]
    fn a_tie_in_accuracy_is_decided_by_the_loss() {
        let best = Best { accuracy: 0.5, loss: 0.7, step: 1 };
        assert!(best.beats(None, false));
        assert!(!best.beats(Some(&best), false));
        assert!(Best { loss: 0.6, ..best }.beats(Some(&best), false));
        let surer = Best { accuracy: 0.4, loss: 0.1, step: 2 };
        assert!(!surer.beats(Some(&best), false));
        assert!(surer.beats(Some(&best), true));
    }
}
