//! What the page and its worker say to each other, as JSON; bytes travel beside it.

use retort_core::{
    bench::{Row, contend::Taken, profile::Profile},
    data::Sheet,
    platform::{Adapter, DeviceChoice, Quota},
    score::{By, pilot::Point},
    train::{
        Apart, Attention, Description, Disagreements, Event, Gone, Physical, Prediction, Specimen, Start, Told,
        Weighed, Which, Without, stark::Report,
    },
};
use serde::{Deserialize, Serialize};

pub use crate::library::{Branched, Seeded, Stored};
use crate::prompt::{Continued, Prompt};

#[cfg(test)]
mod tests;

/// From the page. Answers come as [`FromWorker`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum ToWorker {
    /// What can compute here, and is there a run to go on with?
    Hello,
    /// Get this device ready for a run, as long as there is none.
    Prepare {
        /// Where one will compute.
        device: DeviceChoice,
    },
    /// Which runs are kept, and how much room is there?
    Runs,
    /// Open a new run; files of the user's own travel beside.
    Open {
        /// The run file.
        run: String,
        /// Where to compute.
        device: DeviceChoice,
        /// What it is called; absent: as its run file says.
        #[serde(default)]
        title: Option<String>,
    },
    /// Open a run that is kept, and go on.
    Resume {
        /// Which.
        id: String,
        /// Where to compute now.
        device: DeviceChoice,
    },
    /// Open a new run that starts from a checkpoint of one that is kept, with another run file.
    Branch {
        /// The run to start from.
        id: String,
        /// From which of its weights.
        from: Start,
        /// The new run file.
        run: String,
        /// Where to compute.
        device: DeviceChoice,
        /// What it is called; absent: as its run file says.
        #[serde(default)]
        title: Option<String>,
    },
    /// How far is this configuration with the seeds 1 to `count`? With `begin` those that are not over are done, one
    /// after the other; files of the user's own travel beside.
    Seeds {
        /// The run file, of whatever seed.
        run: String,
        /// Where to compute.
        device: DeviceChoice,
        /// How many.
        count: u64,
        /// Whether to do them.
        begin: bool,
    },
    /// Call a run something else.
    Rename {
        /// Which.
        id: String,
        /// What it is called from now on.
        title: String,
    },
    /// Remove a run that nobody has open.
    Delete {
        /// Which.
        id: String,
    },
    /// A run as one file.
    Archive {
        /// Which.
        id: String,
    },
    /// Take in a run; its archive travels beside.
    Import,
    /// What does a run say? It is only read, so it may be open elsewhere.
    Look {
        /// Which.
        id: String,
    },
    /// Run until paused.
    Start,
    /// Stop after the step in progress, and save.
    Pause,
    /// One optimiser step.
    Step,
    /// Save and close the run.
    Stop,
    /// Save now: the tab may go away.
    Save,
    /// What do the models make of this? Asked again by the worker after each evaluation.
    Predict {
        /// The sentence.
        text: String,
        /// The second one, for tasks on pairs.
        pair: Option<String>,
    },
    /// How do teacher and student go on with this? Asked again by the worker after each evaluation.
    Continue(Prompt),
    /// What do the teacher's units matter, to it and to the student as it is now?
    Weigh {
        /// What they are scored by.
        by: By,
    },
    /// What is the teacher without this head, and what does it make of the sentence on show?
    Without {
        /// Counted from 0.
        layer: usize,
        /// Counted from 0.
        head: usize,
    },
    /// What is left of the teacher without the units that matter least?
    Physical {
        /// Per cent of heads and neurons that go.
        percent: f64,
        /// λ of the scores.
        lambda: f64,
    },
    /// How right and how sure is the teacher without a share of its weights, or of its units, gone at random? Every draw
    /// is answered by itself.
    Sparse {
        /// What goes.
        gone: Gone,
        /// How much of it, in per cent.
        percent: f64,
        /// The draws.
        seeds: Vec<u64>,
    },
    /// What columns has this file? It travels beside; nothing is kept.
    Sheet {
        /// Its name, whose ending says what it is.
        name: String,
    },
    /// What would this run be, and what keeps it from starting? Files of the user's own travel beside. A run that is
    /// open is not disturbed, and nothing is kept.
    Describe {
        /// The run file.
        run: String,
        /// Where it would compute.
        device: DeviceChoice,
    },
    /// Where do teacher and student look in this?
    Attend {
        /// The text.
        text: String,
        /// The second one, for tasks on pairs; the response to a prompt.
        #[serde(default)]
        pair: Option<String>,
    },
    /// Where do teacher and student disagree on dev?
    Disagree {
        /// So many texts are told, those on which they do most.
        most: usize,
    },
    /// What would the next step be on this example?
    Apart {
        /// Which.
        example: Specimen,
        /// The weight whose way through the optimiser is told; absent: one of the head's.
        #[serde(default)]
        which: Option<Which>,
    },
    /// The student, the run file and the metrics.
    Export,
    /// Compute the conformance cases.
    Conformance {
        /// Where.
        device: DeviceChoice,
    },
    /// Measure the device.
    Bench {
        /// Which.
        device: DeviceChoice,
    },
    /// Take a step of this size apart.
    Profile {
        /// Where.
        device: DeviceChoice,
        /// As [`retort_core::bench::step::SIZES`] names it.
        size: String,
    },
    /// Take steps of this size, the models being those of the last such message for the same.
    Contend {
        /// Where.
        device: DeviceChoice,
        /// As [`retort_core::bench::step::SIZES`] names it.
        size: String,
        /// How many.
        steps: usize,
    },
}

/// From the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "each is turned into text at once")]
pub enum FromWorker {
    /// Its module is on its way; told before it listens.
    Fetching {
        /// Bytes that have arrived, compressed.
        bytes: u64,
        /// Bytes in all.
        of: u64,
    },
    /// It listens.
    Booted,
    /// The answer to [`ToWorker::Hello`], and told again when a run is closed.
    Ready {
        /// Devices; the CPU is the last.
        adapters: Vec<Adapter>,
        /// The run in this browser's storage that changed last and that nobody has open.
        stored: Option<Stored>,
    },
    /// The answer to [`ToWorker::Runs`], and to what changes them.
    Runs {
        /// The runs, the one that changed last first.
        runs: Vec<Stored>,
        /// How much room there is, where the browser tells.
        quota: Option<Quota>,
        /// The run that [`ToWorker::Import`] took in.
        added: Option<String>,
    },
    /// The answer to [`ToWorker::Seeds`], and told again when one of them begins and after the last.
    Seeds {
        /// Each with how far it is.
        seeds: Vec<Seeded>,
        /// Whether they are being done.
        going: bool,
    },
    /// A run is open; nothing moves yet.
    Opened {
        /// Which of those that are kept.
        id: String,
        /// What it is called.
        title: String,
        /// The run file as executed.
        run: String,
    },
    /// The answer to [`ToWorker::Archive`]; the file travels beside.
    Archived {
        /// Its name.
        name: String,
    },
    /// The answer to [`ToWorker::Look`].
    Looked {
        /// Which.
        id: String,
        /// What it is called.
        title: String,
        /// Its run file.
        run: String,
        /// What happened in it; in the hop or stage in progress, where it has several.
        events: Vec<Event>,
        /// What came of a procedure that is over.
        report: Option<Report>,
    },
    /// What the run did before it was resumed.
    History {
        /// In order.
        events: Vec<Event>,
    },
    /// Something happened.
    Event {
        /// What.
        event: Event,
    },
    /// Something happened between the runs of STARK.
    Stark {
        /// What.
        told: Told,
    },
    /// Steps are being taken.
    Running,
    /// The run stands still and is saved.
    Paused,
    /// The answer to [`ToWorker::Predict`].
    Predicted {
        /// The sentence.
        text: String,
        /// What each model makes of it.
        prediction: Prediction,
    },
    /// The answer to [`ToWorker::Continue`].
    Continued(Continued),
    /// The answer to [`ToWorker::Weigh`].
    Weighed {
        /// The scores.
        weighed: Weighed,
    },
    /// The answer to [`ToWorker::Without`].
    Without {
        /// What changed.
        without: Without,
    },
    /// The answer to [`ToWorker::Physical`].
    Physical {
        /// What is left.
        physical: Physical,
    },
    /// The answer to [`ToWorker::Sparse`], for one of its draws.
    Sparse {
        /// What went.
        gone: Gone,
        /// How right and how sure the teacher is then.
        point: Point,
    },
    /// The answer to [`ToWorker::Sheet`], one way or the other.
    Sheet {
        /// The file.
        name: String,
        /// What it has.
        sheet: Option<Sheet>,
        /// Why it cannot be read.
        refused: Option<String>,
    },
    /// The answer to [`ToWorker::Describe`], also of a run file that cannot be read.
    Described {
        /// The run before its start.
        description: Description,
    },
    /// The answer to [`ToWorker::Attend`].
    Attended {
        /// Where the models look.
        attention: Attention,
    },
    /// The answer to [`ToWorker::Disagree`].
    Disagreed {
        /// Where teacher and student do.
        disagreements: Disagreements,
    },
    /// The answer to [`ToWorker::Apart`].
    TakenApart {
        /// The step.
        apart: Apart,
    },
    /// What was asked for does not work; the open run, and what is kept, are as they were.
    Refused {
        /// What that was: `attend`, `disagree`, `apart`, `sparse`, `seeds`, or `runs` for anything about those that are kept.
        ask: String,
        /// One sentence.
        message: String,
    },
    /// Files travel beside.
    Exported,
    /// One conformance case was computed.
    Case {
        /// How it went.
        case: Case,
    },
    /// One measurement was made.
    Measured {
        /// What and how fast.
        row: Row,
    },
    /// The answer to [`ToWorker::Profile`].
    Profiled {
        /// Where the step's time goes.
        profile: Profile,
    },
    /// The answer to [`ToWorker::Contend`].
    Taken {
        /// What the steps took, and their losses.
        taken: Taken,
    },
    /// The self-test or the benchmark is over.
    Finished,
    /// It did not work; the worker lives on.
    Failed {
        /// One sentence.
        message: String,
        /// The run is closed; what was saved is still there.
        closed: bool,
    },
    /// The worker is about to die.
    Crashed {
        /// Its last words.
        message: String,
    },
}

/// One conformance case on the visitor's device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The case's file.
    pub name: String,
    /// Worst error over what is allowed; above 1 the case fails.
    pub ratio: Option<f64>,
    /// Where the worst error is, or why there is none.
    pub note: String,
    /// Whether it passed.
    pub passed: bool,
}
