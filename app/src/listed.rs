//! The runs of a machine, as the program there lists them to the page.

use std::collections::BTreeMap;

use retort_core::train::{Eval, history};
use serde::{Deserialize, Serialize};

use crate::state::View;

/// Who serves the page, at `runs/index.json`: a static host, which has no runs, or the program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Whether it is the program.
    pub native: bool,
    /// Its runs, by name.
    pub runs: Vec<Listed>,
}

/// One run directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// The directory's name.
    pub name: String,
    /// The run file as executed.
    pub run: String,
    /// Optimiser steps taken.
    pub step: usize,
    /// Optimiser steps in all; 0 before the run tells.
    pub steps: usize,
    /// Nothing is left to do.
    pub done: bool,
    /// Last figures on dev, by model.
    pub dev: BTreeMap<String, Eval>,
    /// Figures on test, by model, at the end.
    pub test: BTreeMap<String, Eval>,
}

impl Listed {
    /// A run from its files: `run` is `run.toml`, `metrics` what there is of `metrics.jsonl`.
    pub fn of(name: &str, run: String, metrics: &[u8]) -> Self {
        let view = View::of(&history(metrics));
        let (steps, done) = (view.steps(), view.done.is_some());
        Self { name: name.to_owned(), run, step: view.step, steps, done, dev: view.dev, test: view.test }
    }

    /// Where it stands, in a few words.
    pub fn stands(&self) -> String {
        match self {
            Self { done: true, step, .. } => format!("finished after {step} steps"),
            Self { steps: 0, .. } => "not begun".into(),
            Self { step, steps, .. } => format!("at step {step} of {steps}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = include_str!("../../www/recorded/demo.jsonl");

    #[test]
    fn a_run_is_told_from_its_log() {
        let run = Listed::of("demo", "name = \"demo\"".into(), RECORDED.as_bytes());
        assert!(run.done && run.step == run.steps && run.steps > 0);
        assert_eq!(run.stands(), format!("finished after {} steps", run.steps));
        assert!(run.test.contains_key("student") && run.dev.contains_key("control"));
        let text = serde_json::to_string(&Host { native: true, runs: vec![run.clone()] }).unwrap();
        assert_eq!(serde_json::from_str::<Host>(&text).unwrap().runs, [run]);
    }

    #[test]
    fn a_run_that_is_not_over_says_where_it_stands() {
        let lines: Vec<&str> = RECORDED.lines().collect();
        let half = lines[..lines.len() / 2].join("\n");
        let run = Listed::of("demo", String::new(), half.as_bytes());
        assert!(!run.done && run.step < run.steps);
        assert_eq!(run.stands(), format!("at step {} of {}", run.step, run.steps));
        assert_eq!(Listed::of("demo", String::new(), b"").stands(), "not begun");
    }
}
