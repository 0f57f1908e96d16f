//! A run of the reader's own, beside what is recorded.

use std::collections::BTreeMap;

use retort_core::{
    Result,
    train::{Apart, Eval, Event, Started},
};
use serde::{Deserialize, Serialize};

use super::{
    Knobs, Recorded,
    read::{events, json},
};
use crate::draw::{Lane, Mark, Mean, Role};

/// What was chosen when the run began, and its events.
pub const RUN: &str = "own-run.json";
/// A step of it, taken apart, in a list.
pub const STEP: &str = "own-step.json";
/// Its teacher without some of its weights, in a list of draws.
pub const DRAWS: &str = "own-draws.json";
/// What a procedure of several runs told, a line of JSON each.
pub const STAGES: &str = "own-stages.jsonl";

/// The models of a run as figures call and mark them.
const MODELS: [(&str, &str, Role, Mark); 3] = [
    ("teacher", "your teacher", Role::Teacher, Mark::Diamond),
    ("student", "your student", Role::Fourth, Mark::Cross),
    ("control", "your twin", Role::Fifth, Mark::Triangle),
];

/// A run of the reader's.
pub struct Ran {
    chosen: BTreeMap<String, f64>,
    /// What happened.
    pub events: Vec<Event>,
}

/// The same in a file.
#[derive(Serialize, Deserialize)]
struct File {
    chosen: BTreeMap<String, f64>,
    log: String,
}

/// The file [`RUN`] of a run that began with what is chosen, with its log so far.
pub fn written(chosen: &Knobs, log: &str) -> Option<String> {
    let chosen = chosen.pairs().map(|(key, value)| (key.to_owned(), value)).collect();
    serde_json::to_string(&File { chosen, log: log.to_owned() }).ok()
}

/// The step of the reader's run that was taken apart last.
pub fn step(recorded: &Recorded) -> Result<Option<Apart>> {
    match recorded.contains_key(STEP) {
        true => Ok(json::<Vec<Apart>>(recorded, STEP)?.pop()),
        false => Ok(None),
    }
}

impl Ran {
    /// The reader's run, once there is one.
    pub fn read(recorded: &Recorded) -> Result<Option<Self>> {
        if !recorded.contains_key(RUN) {
            return Ok(None);
        }
        let File { chosen, log } = json(recorded, RUN)?;
        let events = events(&[(RUN.to_owned(), log)].into(), RUN)?;
        Ok(Some(Self { chosen, events }))
    }

    /// The place in a list that was chosen when it began.
    pub fn place(&self, key: &str) -> usize {
        self.chosen.get(key).copied().unwrap_or(0.0) as usize
    }

    /// Whether a switch was on when it began.
    pub fn on(&self, key: &str) -> bool {
        self.place(key) != 0
    }

    /// What it is now: of a chain the hop in progress.
    fn started(&self) -> Option<(&Started, &[Event])> {
        let start = self.events.iter().rposition(|event| matches!(event, Event::Started(_)))?;
        match &self.events[start] {
            Event::Started(started) => Some((started, &self.events[start..])),
            _ => None,
        }
    }

    /// Optimiser steps of the hop in progress.
    pub fn steps(&self) -> usize {
        self.started().map_or(0, |(started, _)| started.steps)
    }

    /// A model's figures: those on test at the end, before it the latest on dev. A hop before the last has none.
    pub fn eval(&self, who: &str) -> Option<&Eval> {
        let (started, events) = self.started()?;
        let of = |split: &str| {
            events.iter().rev().find_map(|event| match event {
                Event::Eval(eval) if eval.who == who && eval.split == split => Some(eval),
                _ => None,
            })
        };
        started.is_last().then(|| of("test").or_else(|| of("dev")))?
    }

    /// Marks for a figure of so many rows, in one of them.
    pub fn lanes(&self, rows: usize, row: usize, of: impl Fn(&Eval) -> Option<f64>) -> Vec<Lane> {
        let lane = |(who, name, role, mark): (&str, &str, Role, Mark)| {
            let eval = self.eval(who)?;
            let mean = Mean { value: of(eval)?, interval: None, each: vec![] };
            let name = if eval.split == "test" { name.to_owned() } else { format!("{name}, on dev so far") };
            let means = (0..rows).map(|at| (at == row).then(|| mean.clone())).collect();
            Some(Lane { name, role, mark, means })
        };
        MODELS.into_iter().filter_map(lane).collect()
    }

    /// Where it stands and what it came to, in a sentence.
    pub fn told(&self, name: &str, digits: usize, unit: &str, of: impl Fn(&Eval) -> Option<f64>) -> String {
        let (mut step, mut steps, mut hop) = (0, 0, String::new());
        if let Some((started, events)) = self.started() {
            steps = started.steps;
            if let Some(at) = &started.hop {
                hop = format!(" (hop {} of {}, {})", at.number, at.of, at.learner);
            }
            let taken = events.iter().rev().find_map(|event| match event {
                Event::Step(step) => Some(step.step),
                Event::Done { steps, .. } => Some(*steps),
                _ => None,
            });
            step = taken.unwrap_or(started.resumed_at);
        }
        let figure = |(who, name, ..): &(&str, &str, Role, Mark)| {
            let eval = self.eval(who)?;
            let split = if eval.split == "test" { "on test" } else { "on dev so far" };
            Some(format!("{name} has {:.digits$}{unit} {split}", of(eval)?))
        };
        let figures: Vec<String> = MODELS.iter().filter_map(figure).collect();
        let figures = if figures.is_empty() { String::new() } else { format!(": {}", figures.join(", ")) };
        format!("Your run, {name}, step {step} of {steps}{hop}{figures}.")
    }
}

/// Accuracy in per cent.
pub fn accuracy(eval: &Eval) -> Option<f64> {
    Some(100.0 * eval.accuracy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        exhibits::Knob,
        state::tests::{eval, started},
    };

    fn ran(events: &[Event]) -> Ran {
        let log: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let knob = Knob::choice("way", "Way", ["a", "b"]).from(1);
        let text = written(&Knobs::start(&[knob]), &log.join("\n")).unwrap();
        Ran::read(&[(RUN.to_owned(), text)].into()).unwrap().unwrap()
    }

    #[test]
    fn figures_are_of_dev_until_there_are_some_of_test() {
        let before = [started(0), eval(0, "teacher", "dev", 0.75), eval(4, "student", "dev", 0.5)];
        let run = ran(&before);
        assert_eq!(run.place("way"), 1);
        let lanes = run.lanes(3, 1, accuracy);
        let shown: Vec<(&str, Option<f64>, Option<f64>)> = lanes
            .iter()
            .map(|lane| (&lane.name[..], lane.means[0].as_ref().map(|_| 0.0), lane.means[1].as_ref().map(|m| m.value)))
            .collect();
        let wanted =
            [("your teacher, on dev so far", None, Some(75.0)), ("your student, on dev so far", None, Some(50.0))];
        assert_eq!(shown, wanted);
        let after = ran(&[&before[..], &[eval(4, "student", "test", 0.625)]].concat());
        assert_eq!(after.lanes(1, 0, accuracy)[1].name, "your student");
        let told = after.told("b", 1, " %", accuracy);
        assert!(told.ends_with("your teacher has 75.0 % on dev so far, your student has 62.5 % on test."), "{told}");
    }

    #[test]
    fn a_hop_before_the_last_tells_nothing_of_the_student() {
        let Event::Started(mut first) = started(0) else { panic!("no start") };
        let hop = r#"{"number":1,"of":2,"learner":"assistant-1","teacher":"teacher"}"#;
        first.hop = Some(serde_json::from_str(hop).unwrap());
        let run = ran(&[Event::Started(first), eval(4, "student", "dev", 0.5)]);
        assert!(run.eval("student").is_none() && run.lanes(1, 0, accuracy).is_empty());
        assert!(run.told("b", 1, " %", accuracy).ends_with("(hop 1 of 2, assistant-1)."));
    }
}
