//! Where the page stands with its worker, as a pure function of the worker's messages.

use std::collections::BTreeMap;

use retort_core::{
    bench::{Row, profile::Profile},
    data::Sheet,
    platform::{Adapter, Quota},
    run::Run,
    score::pilot::Point,
    train::{Apart, Attention, Description, Disagreements, Event, Gone, Physical, Prediction, Told, Weighed, Without},
};

use crate::{
    prompt::{self, Continued},
    protocol::{Case, FromWorker, Stored},
    state::{Sweeps, View, compared::Compared, series::Series},
};

#[cfg(test)]
mod tests;

/// What the run is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    /// No run is open.
    #[default]
    Closed,
    /// Data and models are being read.
    Opening,
    /// Open, standing still.
    Paused,
    /// Steps are taken.
    Running,
    /// Every step was taken; the models are still there.
    Over,
    /// The self-test or the benchmark has the device.
    Testing,
}

/// Everything the page knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// What the run is doing.
    pub stage: Stage,
    /// What it was doing before the test in progress.
    pub before: Stage,
    /// The run of the visitor.
    pub view: View,
    /// The stages of STARK, where the run file has them.
    pub stark: Option<Sweeps>,
    /// Whether `view` has ever been used; before, the recorded run is shown.
    pub live: bool,
    /// How many bytes of how many of the worker's module have arrived.
    pub fetched: Option<(u64, u64)>,
    /// The worker answered.
    pub ready: bool,
    /// What can compute here.
    pub adapters: Vec<Adapter>,
    /// A run in the browser's storage to go on with.
    pub stored: Option<Stored>,
    /// All of them, as they were told last.
    pub runs: Vec<Stored>,
    /// How much room there is.
    pub quota: Option<Quota>,
    /// Id and title of the run that is open, or was last.
    pub open: Option<(String, String)>,
    /// One configuration with several seeds.
    pub series: Series,
    /// What went wrong, until something goes right.
    pub trouble: Option<String>,
    /// Something to know that is no trouble.
    pub notice: Option<String>,
    /// The step at which the tab was hidden during training.
    hidden_at: Option<usize>,
    /// The sentence and what the models make of it.
    pub prediction: Option<(String, Prediction)>,
    /// How the models go on with the prompt, and at which step they were asked.
    pub continued: Option<(Continued, usize)>,
    /// What the teacher's units mattered when that was asked last.
    pub weighed: Option<Weighed>,
    /// The teacher without one head.
    pub without: Option<Without>,
    /// What is left of the teacher without some of its units.
    pub physical: Option<Physical>,
    /// The teacher without some of its weights or units, in the order in which it was asked for.
    pub sparse: Vec<(Gone, Point)>,
    /// Conformance cases computed so far.
    pub cases: Vec<Case>,
    /// Measurements made so far.
    pub measured: Vec<Row>,
    /// Where a step's time goes.
    pub profile: Option<Profile>,
    /// What is chosen, looked at before it starts.
    pub description: Option<Description>,
    /// What files of the visitor's own have, or why they cannot be read, by their names.
    pub sheets: BTreeMap<String, Result<Sheet, String>>,
    /// Where the models look.
    pub attention: Option<Attention>,
    /// Where teacher and student disagree.
    pub disagreements: Option<Disagreements>,
    /// The step to come, as it was taken apart last.
    pub apart: Option<Apart>,
    /// Runs that were looked at to be compared, by their ids.
    pub looked: BTreeMap<String, Compared>,
}

impl Page {
    /// Takes in one message. Files beside it are not this function's business.
    pub fn hear(&mut self, message: FromWorker) {
        match message {
            FromWorker::Fetching { bytes, of } => self.fetched = Some((bytes, of)),
            FromWorker::Booted | FromWorker::Exported | FromWorker::Archived { .. } => {}
            FromWorker::Described { description } => self.description = Some(description),
            FromWorker::Sheet { name, sheet, refused } => {
                self.sheets.insert(name, sheet.ok_or(refused.unwrap_or_default()));
            }
            FromWorker::Attended { attention } => self.attention = Some(attention),
            FromWorker::Disagreed { disagreements } => self.disagreements = Some(disagreements),
            FromWorker::Looked { id, title, run, events, .. } => match Run::from_toml(&title, &run) {
                Ok(run) => {
                    self.looked.insert(id.clone(), Compared { id, title, run, events });
                }
                Err(error) => self.trouble = Some(error.to_string()),
            },
            FromWorker::Ready { adapters, stored } => {
                self.ready = true;
                self.adapters = adapters;
                self.stored = stored;
                self.stage = Stage::Closed;
                self.series.going = false;
            }
            FromWorker::Runs { runs, quota, .. } => {
                self.runs = runs;
                self.quota = quota;
            }
            FromWorker::Seeds { seeds, going } => self.series = Series { seeds, going },
            FromWorker::Opened { id, title, run } => {
                self.open = Some((id, title));
                self.stage = Stage::Paused;
                self.live = true;
                self.view = View::default();
                let run = Run::from_toml("the open run", &run).unwrap_or_default();
                self.stark = run.stark.map(|_| Sweeps::default());
                self.forget();
                self.stored = None;
                self.trouble = None;
                self.notice = None;
            }
            FromWorker::History { events } => {
                self.view = View::of(&events);
                self.end();
            }
            FromWorker::Event { event } => {
                if let Event::Started(_) = &event {
                    self.forget_units();
                }
                self.view.apply(&event);
                self.end();
            }
            FromWorker::Stark { told } => {
                // Another teacher from here on.
                if let Told::Stage { .. } = told {
                    self.forget();
                }
                self.stark.get_or_insert_default().apply(told);
                self.end();
            }
            FromWorker::Running => self.stage = Stage::Running,
            FromWorker::Paused => {
                self.stage = Stage::Paused;
                self.end();
            }
            FromWorker::Predicted { text, prediction } => self.prediction = Some((text, prediction)),
            FromWorker::Continued(continued) => self.continued = Some((continued, self.view.step)),
            FromWorker::Weighed { weighed } => {
                self.weighed = Some(weighed);
                self.physical = None;
            }
            FromWorker::Without { without } => self.without = Some(without),
            FromWorker::Physical { physical } => self.physical = Some(physical),
            FromWorker::Sparse { gone, point } => {
                if !self.sparse.contains(&(gone, point)) {
                    self.sparse.push((gone, point));
                }
            }
            FromWorker::Case { case } => self.cases.push(case),
            FromWorker::Measured { row } => self.measured.push(row),
            FromWorker::Profiled { profile } => {
                self.profile = Some(profile);
                self.stage = self.before;
            }
            FromWorker::TakenApart { apart } => {
                self.apart = Some(apart);
                self.trouble = None;
            }
            // Other programs ask for these, not the page.
            FromWorker::Taken { .. } => {}
            FromWorker::Finished => self.stage = self.before,
            FromWorker::Refused { message, .. } => self.trouble = Some(message),
            FromWorker::Failed { message, closed } => {
                self.series.going = false;
                let training = matches!(self.stage, Stage::Running | Stage::Paused);
                self.trouble = Some(if closed && training { format!("{message}. {SAFE}") } else { message });
                if closed {
                    self.close();
                } else if self.stage == Stage::Testing {
                    self.stage = self.before;
                } else if matches!(self.stage, Stage::Running | Stage::Opening) {
                    self.stage = Stage::Paused;
                    self.end();
                }
            }
            FromWorker::Crashed { message } => {
                self.trouble = Some(lost(&message));
                self.close();
            }
        }
    }

    /// Once nothing is left to do, the stage says so.
    fn end(&mut self) {
        let over = match &self.stark {
            Some(stark) => stark.over,
            None => self.view.done.is_some(),
        };
        if over {
            self.stage = Stage::Over;
        }
    }

    /// A run of another program is on show, as its log tells.
    pub fn watch(&mut self, view: View) {
        self.live = true;
        self.view = view;
    }

    /// The tab was hidden, or shown again.
    pub fn hide(&mut self, hidden: bool) {
        if hidden {
            self.hidden_at = (self.stage == Stage::Running).then_some(self.view.step);
        } else if let Some(then) = self.hidden_at.take() {
            self.notice = Some(format!(
                "This tab was hidden at step {then}; the run was saved there and is at step {} now. Browsers may slow hidden tabs down, or end them.",
                self.view.step
            ));
        }
    }

    /// A test begins.
    pub fn test(&mut self) {
        self.before = self.stage;
        self.stage = Stage::Testing;
        self.trouble = None;
    }

    /// Whether a new run, a test or a measurement may begin.
    pub fn free(&self) -> bool {
        self.ready && matches!(self.stage, Stage::Closed | Stage::Over)
    }

    fn close(&mut self) {
        self.stage = Stage::Closed;
        self.series.going = false;
        self.forget();
    }

    /// What the models of another run said.
    fn forget(&mut self) {
        self.attention = None;
        self.disagreements = None;
        self.apart = None;
        self.forget_units();
        self.prediction = None;
        self.continued = None;
    }

    /// What the units of another teacher mattered.
    fn forget_units(&mut self) {
        self.weighed = None;
        self.without = None;
        self.physical = None;
        self.sparse = vec![];
    }

    /// Whether there are models to be asked.
    pub fn is_open(&self) -> bool {
        match self.stage {
            Stage::Paused | Stage::Running => true,
            // Of many students none is open any more.
            Stage::Over => self.stark.is_none(),
            Stage::Closed | Stage::Opening | Stage::Testing => false,
        }
    }

    /// Whether the models answer with words: those of the open run, else those that `chosen` will have.
    pub fn asks_words(&self, chosen: &Run) -> bool {
        match &self.view.started {
            Some(started) if self.is_open() => started.labels.is_empty(),
            _ => prompt::asks_words(chosen),
        }
    }

    /// Where the page stands, in a few words for eyes and ears.
    pub fn summary(&self) -> String {
        let (step, steps) = (self.view.step, self.view.steps());
        let hop = self.stark.as_ref().map_or_else(|| self.view.hop(), Sweeps::stage);
        let hop = hop.map_or_else(String::new, |hop| format!(" ({hop})"));
        match self.stage {
            Stage::Closed if !self.ready => match self.fetched {
                Some((bytes, of)) if bytes < of => {
                    format!("Fetching the trainer: {:.1} of {:.1} MB.", bytes as f64 / 1e6, of as f64 / 1e6)
                }
                _ => "Looking for a device…".into(),
            },
            Stage::Closed => "Ready.".into(),
            Stage::Opening => "Reading data and models…".into(),
            Stage::Paused if step == 0 => format!("Ready to train{hop}."),
            Stage::Paused => format!("Paused at step {step} of {steps}{hop}. Saved."),
            Stage::Running if step == 0 => format!("Starting{hop}; the first step compiles the kernels."),
            Stage::Running => format!("Training: step {step} of {steps}{hop}."),
            Stage::Over if self.stark.is_some() => {
                format!("Finished: {} students.", self.stark.as_ref().map_or(0, |stark| stark.levels.len()))
            }
            Stage::Over => format!("Finished after {step} steps."),
            Stage::Testing => "Testing this device…".into(),
        }
    }
}

/// What a crash comes to, for whoever sits before it.
fn lost(message: &str) -> String {
    let text = message.to_lowercase();
    let cause = if text.contains("memory") || text.contains("allocation") {
        "The device ran out of memory. A smaller batch, shorter texts or a smaller student need less."
    } else if text.contains("lost") || text.contains("device") {
        "The browser took the graphics device away."
    } else {
        "The worker that trains stopped unexpectedly."
    };
    format!("{cause} {SAFE} ({message})")
}

/// What a run that broke off leaves.
const SAFE: &str = "The last checkpoint is safe; you can go on from it.";
