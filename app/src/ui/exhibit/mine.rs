//! The reader's own run of a companion's run file, shared by the figures of its page.

use std::time::Duration;

use leptos::prelude::*;
use retort_core::{
    run::Run,
    score::By,
    train::{Gone, Specimen, Told},
};

use crate::{
    address::Config,
    exhibits::{self, Exhibit, Knobs, What},
    prompt::Prompt,
    protocol::{FromWorker, ToWorker},
    status::Stage,
    ui::{browser, desk::Desk},
};

/// A run and what it has told.
#[derive(Clone, Copy)]
pub struct Mine {
    /// The line to the worker.
    pub desk: Desk,
    /// The figure that it began in, with what was chosen there.
    begun: StoredValue<Option<(&'static str, Knobs)>>,
    /// The same of the run that is being opened.
    next: StoredValue<Option<(&'static str, Knobs)>>,
    /// Its events, a line of JSON each.
    log: StoredValue<String>,
    /// What a procedure of several runs tells, their events among it, a line of JSON each.
    stages: StoredValue<String>,
    /// Counts what was told; not more than twice a second, for figures are drawn anew.
    told: RwSignal<usize>,
    waiting: StoredValue<bool>,
}

/// Figures are drawn anew at most this often.
const TELL_EVERY: Duration = Duration::from_millis(500);

impl Mine {
    /// Starts a worker.
    pub fn open() -> Self {
        let (config, errors) = Config::read(&browser::query());
        let device = config.device;
        let complaint = errors.first().map(ToString::to_string);
        let desk = Desk::of(Config { device, ..Config::default() }, complaint);
        let mine = Self {
            desk,
            begun: StoredValue::default(),
            next: StoredValue::default(),
            log: StoredValue::default(),
            stages: StoredValue::default(),
            told: RwSignal::new(0),
            waiting: StoredValue::new(false),
        };
        desk.listen(move |message| mine.hear(message));
        mine
    }

    fn hear(self, message: &FromWorker) {
        match message {
            FromWorker::Opened { .. } => {
                self.begun.set_value(self.next.get_value());
                self.log.set_value(String::new());
                self.stages.set_value(String::new());
            }
            FromWorker::Event { event } => {
                write(self.log, event);
                write(self.stages, &Told::Run { event: Box::new(event.clone()) });
            }
            FromWorker::Stark { told } => write(self.stages, told),
            FromWorker::TakenApart { .. }
            | FromWorker::Sparse { .. }
            | FromWorker::Weighed { .. }
            | FromWorker::Continued(_)
            | FromWorker::Predicted { .. } => {}
            _ => return,
        }
        if !self.waiting.get_value() {
            self.waiting.set_value(true);
            set_timeout(
                move || {
                    self.waiting.set_value(false);
                    self.told.update(|told| *told += 1);
                },
                TELL_EVERY,
            );
        }
    }

    /// What the run has told so far of what a figure shows, as a recording would tell it.
    pub fn text(&self, exhibit: &Exhibit, what: What) -> Option<String> {
        self.told.get();
        let page = self.desk.page;
        let log = || Some(self.log.get_value()).filter(|log| log.contains("\"event\":\"step\""));
        match what {
            What::Events => log(),
            What::Run => self.begun.with_value(|begun| {
                let (figure, chosen) = begun.as_ref()?;
                exhibits::written(chosen, &log().filter(|_| *figure == exhibit.name)?)
            }),
            What::Stages => {
                Some(self.stages.get_value()).filter(|told| told.contains("\"told\":\"stage\"") && log().is_some())
            }
            What::Scores => page.with_untracked(|page| serde_json::to_string(&page.weighed.as_ref()?.scores).ok()),
            What::Tokens => page.with_untracked(|page| {
                let (continued, _) = page.continued.as_ref()?;
                let seen = continued.continuations.first()?;
                (seen.prompt.len() + seen.text.len() > 1).then(|| serde_json::to_string(continued).ok())?
            }),
            What::Apart => page.with_untracked(|page| serde_json::to_string(&[page.apart.as_ref()?]).ok()),
            What::Sparse => page.with_untracked(|page| {
                let points: Vec<_> =
                    page.sparse.iter().filter(|(gone, _)| *gone == Gone::Weights).map(|(_, point)| point).collect();
                (!points.is_empty()).then(|| serde_json::to_string(&points).ok())?
            }),
            What::Prediction => page.with_untracked(|page| {
                let (text, prediction) = page.prediction.as_ref()?;
                serde_json::to_string(&serde_json::json!({ "text": text, "prediction": prediction })).ok()
            }),
        }
    }

    /// Opens this run file of a figure's choice and begins, as soon as the worker is ready.
    pub fn begin(self, figure: &'static str, chosen: Knobs, run: &str) {
        self.next.set_value(Some((figure, chosen)));
        match Run::from_toml("the run file", run) {
            Ok(run) => self.desk.config.update(|config| config.run = run),
            Err(error) => return self.desk.complaint.set(Some(error.to_string())),
        }
        self.desk.open_run();
    }

    /// Starts, or pauses.
    pub fn toggle(&self) {
        match self.desk.page.with_untracked(|page| page.stage) {
            Stage::Running => self.desk.send(&ToWorker::Pause),
            _ => self.desk.send(&ToWorker::Start),
        }
    }

    /// Ends it where it stands; what it told stays.
    pub fn stop(&self) {
        self.desk.send(&ToWorker::Stop);
    }

    /// Asks the run's models for what a figure shows.
    pub fn ask(&self, what: What, text: &str) {
        let message = match what {
            What::Events | What::Run | What::Stages => return,
            What::Apart => ToWorker::Apart { example: Specimen::Train { index: 3 }, which: None },
            What::Sparse => return self.thin(),
            What::Scores => ToWorker::Weigh { by: By::Sensitivity },
            What::Prediction => ToWorker::Predict { text: text.to_owned(), pair: None },
            What::Tokens => {
                ToWorker::Continue(Prompt { text: text.to_owned(), max_new: 12, temperature: 0.0, seed: 1 })
            }
        };
        self.desk.send(&message);
    }

    /// Has weights of the teacher set to zero at random, at every share that is recorded: another draw each time.
    fn thin(&self) {
        let drawn = self.desk.page.with_untracked(|page| {
            page.sparse.iter().filter(|(gone, _)| *gone == Gone::Weights).map(|(_, point)| point.seed).max()
        });
        let seed = drawn.unwrap_or(0) + 1;
        for percent in exhibits::SHARES {
            self.desk.send(&ToWorker::Sparse { gone: Gone::Weights, percent, seeds: vec![seed] });
        }
    }
}

/// Adds a line of JSON.
fn write(lines: StoredValue<String>, told: &impl serde::Serialize) {
    match serde_json::to_string(told) {
        Ok(line) => lines.update_value(|lines| {
            lines.push_str(&line);
            lines.push('\n');
        }),
        Err(error) => log::error!("what was told could not be written: {error}"),
    }
}
