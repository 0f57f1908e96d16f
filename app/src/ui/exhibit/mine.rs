//! The reader's own run of a companion's run file, shared by the figures of its page.

use std::time::Duration;

use leptos::prelude::*;
use retort_core::{run::Run, score::By, train::Specimen};

use crate::{
    address::Config,
    exhibits::What,
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
    /// Its events, a line of JSON each.
    log: StoredValue<String>,
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
        let mine = Self { desk, log: StoredValue::default(), told: RwSignal::new(0), waiting: StoredValue::new(false) };
        desk.listen(move |message| mine.hear(message));
        mine
    }

    fn hear(self, message: &FromWorker) {
        match message {
            FromWorker::Opened { .. } => self.log.set_value(String::new()),
            FromWorker::Event { event } => match serde_json::to_string(event) {
                Ok(line) => self.log.update_value(|log| {
                    log.push_str(&line);
                    log.push('\n');
                }),
                Err(error) => log::error!("an event could not be written: {error}"),
            },
            FromWorker::TakenApart { .. }
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

    /// What the run has told so far, as a recording would tell it.
    pub fn text(&self, what: What) -> Option<String> {
        self.told.get();
        let page = self.desk.page;
        match what {
            What::Events => Some(self.log.get_value()).filter(|log| log.contains("\"event\":\"step\"")),
            What::Scores => page.with_untracked(|page| serde_json::to_string(&page.weighed.as_ref()?.scores).ok()),
            What::Tokens => page.with_untracked(|page| {
                let (continued, _) = page.continued.as_ref()?;
                let seen = continued.continuations.first()?;
                (seen.prompt.len() + seen.text.len() > 1).then(|| serde_json::to_string(continued).ok())?
            }),
            What::Apart => page.with_untracked(|page| serde_json::to_string(&[page.apart.as_ref()?]).ok()),
            What::Prediction => page.with_untracked(|page| {
                let (text, prediction) = page.prediction.as_ref()?;
                serde_json::to_string(&serde_json::json!({ "text": text, "prediction": prediction })).ok()
            }),
        }
    }

    /// Opens this run file and begins, as soon as the worker is ready.
    pub fn begin(self, run: &str) {
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

    /// Asks the run's models for what a figure shows.
    pub fn ask(&self, what: What, text: &str) {
        let message = match what {
            What::Events => return,
            What::Apart => ToWorker::Apart { example: Specimen::Train { index: 3 }, which: None },
            What::Scores => ToWorker::Weigh { by: By::Sensitivity },
            What::Prediction => ToWorker::Predict { text: text.to_owned(), pair: None },
            What::Tokens => {
                ToWorker::Continue(Prompt { text: text.to_owned(), max_new: 12, temperature: 0.0, seed: 1 })
            }
        };
        self.desk.send(&message);
    }
}
