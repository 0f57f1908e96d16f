//! From a cell's log to rows of a table.

use super::{Metric, Plan, Study, summary};
use crate::{
    Error, Result,
    train::{Eval, Event, history},
};

/// What a finished cell measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Teacher, assistants, student and control, on test or, where there is none, on dev.
    pub evals: Vec<Eval>,
    /// The device.
    pub adapter: String,
    /// Optimiser steps.
    pub steps: usize,
    /// Seconds in training and evaluation.
    pub seconds: f64,
    /// The student's term `kl`, the mean over the steps that are logged.
    pub discrepancy: Option<f64>,
}

impl Outcome {
    /// What `teacher`, `assistant-1`, `student` or `control` comes to, more being better.
    pub fn merit(&self, metric: Metric, who: &str) -> Option<f64> {
        match (metric, who) {
            (Metric::Discrepancy, "student") => self.discrepancy.map(|apart| -apart),
            _ => self.evals.iter().find(|eval| eval.who == who).and_then(|eval| metric.of(eval)),
        }
    }
}

/// What a cell measured, from the whole of its `metrics.jsonl`; nothing until its run is over.
/// What a run said twice, because it was stopped in between, counts once.
pub fn outcome(metrics: &[u8]) -> Option<Outcome> {
    outcome_of(&history(metrics))
}

/// The same, of a run's events as they count.
pub fn outcome_of(events: &[Event]) -> Option<Outcome> {
    let (steps, seconds) = events.iter().rev().find_map(|event| match event {
        Event::Done { steps, seconds } => Some((*steps, *seconds)),
        _ => None,
    })?;
    let adapter = events.iter().find_map(|event| match event {
        Event::Started(started) => Some(started.adapter.to_string()),
        _ => None,
    })?;
    let last = |who: &str, split: &str| {
        events.iter().rev().find_map(|event| match event {
            Event::Eval(eval) if eval.who == who && eval.split == split => Some(eval.clone()),
            _ => None,
        })
    };
    let split = if last("student", "test").is_some() { "test" } else { "dev" };
    let mut names: Vec<&str> = vec![];
    for event in events {
        if let Event::Eval(eval) = event
            && !names.contains(&eval.who.as_str())
        {
            names.push(&eval.who);
        }
    }
    let evals: Vec<Eval> = names.into_iter().filter_map(|who| last(who, split)).collect();
    let apart = events.iter().filter_map(|event| match event {
        Event::Step(step) => step.losses.as_ref()?.terms.get("kl").copied(),
        _ => None,
    });
    let apart: Vec<f64> = apart.collect();
    let discrepancy = summary(&apart).map(|summary| summary.mean);
    (!evals.is_empty()).then_some(Outcome { evals, adapter, steps, seconds, discrepancy })
}

/// The tidy table (CSV): a row for every cell, model and figure. Cells without an outcome have none.
///
/// # Errors
/// [`Error::Storage`] when it cannot be put together.
pub fn csv(study: &Study, plan: &Plan, outcomes: &[Option<Outcome>]) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(vec![]);
    let failed = |error: csv::Error| Error::storage("results.csv", error);
    let axes = study.axes.iter().map(|axis| axis.name.as_str());
    let header: Vec<&str> =
        ["cell"].into_iter().chain(axes).chain(["seed", "who", "split", "metric", "value"]).collect();
    table.write_record(header).map_err(failed)?;
    for (cell, outcome) in plan.cells.iter().zip(outcomes) {
        let points = plan.settings[cell.setting].points.iter().zip(&study.axes);
        let mut first = vec![cell.id.clone()];
        first.extend(points.map(|(&point, axis)| axis.points[point].name.clone()));
        first.push(cell.seed.to_string());
        for eval in outcome.iter().flat_map(|outcome| &outcome.evals) {
            for (metric, value) in figures(eval) {
                let row = first.iter().map(String::as_str).chain([eval.who.as_str(), &eval.split, metric, &value]);
                table.write_record(row).map_err(failed)?;
            }
        }
        if let Some(apart) = outcome.as_ref().and_then(|outcome| outcome.discrepancy) {
            let apart = apart.to_string();
            let row = first.iter().map(String::as_str).chain(["student", "train", "discrepancy", &apart]);
            table.write_record(row).map_err(failed)?;
        }
    }
    table.into_inner().map_err(|error| Error::storage("results.csv", error.error()))
}

/// Figures of one model as the table names them; those it does not have are left out.
fn figures(eval: &Eval) -> Vec<(&'static str, String)> {
    let words = eval.perplexity();
    let classes = |value: f64| words.is_none().then_some(value);
    let written = eval.written.as_ref();
    let given = [
        ("accuracy", Some(eval.accuracy)),
        ("loss", Some(eval.loss)),
        ("perplexity", words),
        ("f1", classes(eval.f1)),
        ("mcc", classes(eval.mcc)),
        ("agreement", eval.agreement),
        ("calibration", eval.calibration),
        ("rouge_l", written.map(|written| written.rouge_l)),
        ("likelihood_risk", written.and_then(|written| written.likelihood_risk)),
        ("coverage_risk", written.and_then(|written| written.coverage_risk)),
    ];
    given.into_iter().filter_map(|(metric, value)| Some((metric, value?.to_string()))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        platform::Adapter,
        run::{Run, Teacher},
        train::{Started, is_done},
    };

    pub fn eval(who: &str, split: &str, accuracy: f64) -> Eval {
        Eval {
            step: 9,
            who: who.into(),
            split: split.into(),
            accuracy,
            interval: [0.0, 1.0],
            loss: 0.5,
            f1: 0.25,
            mcc: -0.125,
            examples: 8,
            agreement: (who != "teacher").then_some(1.0),
            ..Eval::default()
        }
    }

    pub fn started(resumed_at: usize) -> Event {
        Event::Started(Started {
            name: "r".into(),
            seed: 1,
            adapter: Adapter { name: "chip".into(), api: "cpu".into(), ..Adapter::default() },
            steps: 9,
            resumed_at,
            examples: [1, 1, 1],
            labels: vec![],
            parameters: [2, 1],
            init_hash: String::new(),
            data_hash: String::new(),
            memory_bytes: 0,
            notes: vec![],
            hop: None,
            others: vec![],
        })
    }

    fn lines(events: &[Event]) -> Vec<u8> {
        events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect::<String>().into_bytes()
    }

    #[test]
    fn a_run_that_ended_twice_counts_once() {
        let end = |accuracy| {
            vec![
                Event::Eval(eval("teacher", "test", 1.0)),
                Event::Eval(eval("student", "test", accuracy)),
                Event::Eval(eval("control", "test", 0.5)),
            ]
        };
        let mut events = vec![started(0), Event::Eval(eval("student", "dev", 0.125))];
        events.extend(end(0.75));
        assert_eq!(outcome(&lines(&events)), None, "not before it says so");
        events.push(started(9));
        events.extend(end(0.875));
        events.push(Event::Done { steps: 9, seconds: 1.5 });
        let found = outcome(&lines(&events)).unwrap();
        assert_eq!(found.evals.len(), 3);
        assert_eq!(
            (found.merit(Metric::Accuracy, "student"), found.merit(Metric::Accuracy, "control")),
            (Some(0.875), Some(0.5))
        );
        assert_eq!((found.adapter.as_str(), found.steps, found.seconds), ("chip (cpu)", 9, 1.5));
        assert!(is_done(&lines(&events)[200..]) && !is_done(&lines(&events[..4])));
    }

    #[test]
    fn without_test_sentences_the_last_figures_on_dev_are_the_result() {
        let evals = [0.25, 0.5].map(|accuracy| Event::Eval(eval("student", "dev", accuracy)));
        let events = [&[started(0)][..], &evals, &[Event::Done { steps: 9, seconds: 0.0 }]].concat();
        let found = outcome(&lines(&events)).unwrap();
        assert_eq!((found.evals.len(), found.merit(Metric::Accuracy, "student")), (1, Some(0.5)));
    }

    #[test]
    fn the_table_is_tidy() {
        let text = "name = \"s\"\nbase = \"b\"\nseeds = 2\n\
                    [[axes]]\nname = \"T\"\npoints = [{ name = \"4, hot\" }]\n";
        let study = Study::from_toml("s", text).unwrap();
        let teacher = Some(Teacher::new("t"));
        let plan = study.plan("s", &Run { teacher, ..Run::default() }).unwrap();
        let evals = vec![eval("teacher", "test", 1.0), eval("student", "test", 0.75)];
        let found = Outcome { evals, adapter: String::new(), steps: 9, seconds: 0.0, discrepancy: Some(0.5) };
        let table = String::from_utf8(csv(&study, &plan, &[None, Some(found)]).unwrap()).unwrap();
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[0], "cell,T,seed,who,split,metric,value");
        assert_eq!(rows[1], "4-hot_seed-2,\"4, hot\",2,teacher,test,accuracy,1");
        assert_eq!(rows[5], "4-hot_seed-2,\"4, hot\",2,student,test,accuracy,0.75");
        assert_eq!(rows[9], "4-hot_seed-2,\"4, hot\",2,student,test,agreement,1");
        assert_eq!(rows[10], "4-hot_seed-2,\"4, hot\",2,student,train,discrepancy,0.5");
        assert_eq!(rows.len(), 1 + 4 + 5 + 1, "the unfinished cell has no rows");
    }
}
