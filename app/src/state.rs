//! What the page shows of a run, as a pure function of its events.

use std::collections::BTreeMap;

use retort_core::train::{Eval, Event, Started, Step};

/// The place of a model among those that are shown: who teaches, the oldest first, then who learns.
pub fn rank(who: &str) -> (usize, usize) {
    let (kind, number) = who.split_once('-').unwrap_or((who, ""));
    let kinds = ["teacher", "assistant", "student", "companion", "control"];
    (kinds.iter().position(|known| *known == kind).unwrap_or(kinds.len()), number.parse().unwrap_or(0))
}

/// Whether a model changes; the others are lines to be reached.
pub fn learns(who: &str) -> bool {
    rank(who) >= rank("student")
}

/// Numbers over optimiser steps, a column per name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// Optimiser steps, rising.
    pub x: Vec<f64>,
    /// As long as `x`, with gaps.
    pub y: BTreeMap<String, Vec<Option<f64>>>,
}

impl Curves {
    /// Adds one number; steps must not fall.
    pub fn push(&mut self, step: usize, name: &str, value: f64) {
        let step = step as f64;
        if self.x.last() != Some(&step) {
            self.x.push(step);
            self.y.values_mut().for_each(|column| column.push(None));
        }
        let rows = self.x.len();
        let column = self.y.entry(name.to_owned()).or_insert_with(|| vec![None; rows]);
        column[rows - 1] = value.is_finite().then_some(value);
    }

    /// Forgets what lies beyond `step`.
    pub fn rewind(&mut self, step: usize) {
        let rows = self.x.iter().take_while(|&&x| x <= step as f64).count();
        self.x.truncate(rows);
        self.y.values_mut().for_each(|column| column.truncate(rows));
    }

    /// The last number of a column.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.y.get(name)?.iter().rev().find_map(|value| *value)
    }

    /// At most `most` rows, evenly spread, the last one among them: for a table.
    pub fn thinned(&self, most: usize) -> Vec<usize> {
        let rows = self.x.len();
        let stride = rows.div_ceil(most.max(1)).max(1);
        let mut picked: Vec<usize> = (0..rows).rev().step_by(stride).collect();
        picked.reverse();
        picked
    }
}

/// One run as the page shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// What was opened.
    pub started: Option<Started>,
    /// The phase in progress.
    pub phase: Option<String>,
    /// Optimiser steps taken.
    pub step: usize,
    /// Wall-clock seconds of one optimiser step, as last measured.
    pub step_seconds: Option<f64>,
    /// Loss terms of the student and the control's cross-entropy, in nats.
    pub losses: Curves,
    /// Dev accuracy by model, in percent.
    pub accuracy: Curves,
    /// Latest figures on dev, by model.
    pub dev: BTreeMap<String, Eval>,
    /// Figures on test, by model, at the end.
    pub test: BTreeMap<String, Eval>,
    /// Step of the last checkpoint.
    pub saved: Option<usize>,
    /// Why it ended early, if it did.
    pub early_stop: Option<usize>,
    /// Steps and seconds, once it is over.
    pub done: Option<(usize, f64)>,
    /// Counts the student's evaluations: a sentence on show is asked about again at each.
    pub evaluations: usize,
}

/// Name of the control's cross-entropy among the losses.
pub const CONTROL_LOSS: &str = "control";
/// Name of the sum that is differentiated.
pub const TOTAL: &str = "total";

impl View {
    /// A view of everything in a list.
    pub fn of(events: &[Event]) -> Self {
        let mut view = Self::default();
        events.iter().for_each(|event| view.apply(event));
        view
    }

    /// Takes in one event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Started(started) => self.start(started),
            Event::Phase { name, .. } => self.phase = Some(name.clone()),
            Event::Step(step) => self.train(step),
            Event::Eval(eval) => self.evaluate(eval),
            Event::Saved { step, .. } => self.saved = Some(*step),
            Event::EarlyStop { step, .. } => self.early_stop = Some(*step),
            Event::Done { steps, seconds } => {
                self.step = *steps;
                if self.started.as_ref().is_none_or(Started::is_last) {
                    self.done = Some((*steps, *seconds));
                }
            }
        }
    }

    fn start(&mut self, started: &Started) {
        if started.resumed_at == 0 {
            *self = Self::default();
        }
        self.step = started.resumed_at;
        self.losses.rewind(started.resumed_at);
        self.accuracy.rewind(started.resumed_at);
        self.started = Some(started.clone());
    }

    fn train(&mut self, step: &Step) {
        self.step = step.step;
        let Some(losses) = &step.losses else { return };
        self.step_seconds = Some(step.seconds);
        self.losses.push(step.step, TOTAL, losses.total);
        for (name, value) in &losses.terms {
            self.losses.push(step.step, name, *value);
        }
        if let Some(control) = losses.control {
            self.losses.push(step.step, CONTROL_LOSS, control);
        }
    }

    fn evaluate(&mut self, eval: &Eval) {
        if eval.split == "test" {
            self.test.insert(eval.who.clone(), eval.clone());
            return;
        }
        let latest = self.accuracy.x.last().map_or(0, |&x| x as usize);
        self.accuracy.push(eval.step.max(latest), &eval.who, 100.0 * eval.accuracy);
        self.dev.insert(eval.who.clone(), eval.clone());
        self.evaluations += usize::from(eval.who == "student");
    }

    /// Optimiser steps in all.
    pub fn steps(&self) -> usize {
        self.started.as_ref().map_or(0, |started| started.steps)
    }

    /// The models that there are figures of, in order.
    pub fn models(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.dev.keys().chain(self.test.keys()).map(String::as_str).collect();
        names.sort_by_key(|who| rank(who));
        names.dedup();
        names
    }

    /// What a model is called in this hop: the student of a hop may be an assistant.
    pub fn called<'a>(&'a self, who: &'a str) -> &'a str {
        match &self.started {
            Some(started) if who == "student" => started.learner(),
            _ => who,
        }
    }

    /// Which hop of how many, and who learns in it; none where there is one only.
    pub fn hop(&self) -> Option<String> {
        let hop = self.started.as_ref()?.hop.as_ref()?;
        Some(format!("hop {} of {}, {}", hop.number, hop.of, hop.learner))
    }

    /// What the run has shown so far, in one sentence; test figures once there are any.
    pub fn verdict(&self) -> Option<String> {
        let (split, figures) =
            if self.test.contains_key("student") { ("test", &self.test) } else { ("dev", &self.dev) };
        let student = figures.get("student").filter(|eval| eval.step > 0 || split == "test")?;
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let learner = match self.called("student") {
            "student" => "the student",
            assistant => assistant,
        };
        let mut text =
            format!("On {} {split} sentences {learner} is right on {}", student.examples, percent(student.accuracy));
        for who in self.models().into_iter().filter(|who| !learns(who)) {
            let name = if who == "teacher" { "its teacher" } else { who };
            text += &figures.get(who).map_or(String::new(), |eval| format!(", {name} on {}", percent(eval.accuracy)));
        }
        if let Some(control) = figures.get("control") {
            text += &format!(", the same network trained without a teacher on {}", percent(control.accuracy));
            let points = 100.0 * (student.accuracy - control.accuracy);
            let apart = student.interval[0] > control.interval[1] || control.interval[0] > student.interval[1];
            let caution = if apart { "" } else { "; the 95 % intervals overlap, so one run does not decide it" };
            text += &format!(". The teacher was worth {points:+.1} points{caution}");
        }
        Some(text + ".")
    }
}

#[cfg(test)]
mod tests {
    use retort_core::{
        platform::Adapter,
        train::{Hop, Losses},
    };

    use super::*;

    fn started(resumed_at: usize) -> Event {
        let adapter = r#"{"name":"","api":"cpu","kind":"cpu","driver":"","software":false,"max_buffer_bytes":0,
            "max_binding_bytes":0,"max_workgroups":0,"features":[],"limits":{},"note":""}"#;
        Event::Started(Started {
            name: "r".into(),
            seed: 1,
            adapter: serde_json::from_str::<Adapter>(adapter).unwrap(),
            steps: 9,
            resumed_at,
            examples: [4, 4, 4],
            labels: vec!["no".into(), "yes".into()],
            parameters: [10, 5],
            init_hash: String::new(),
            data_hash: String::new(),
            memory_bytes: 0,
            notes: vec![],
            hop: None,
            others: vec![],
        })
    }

    fn step(step: usize, total: f64) -> Event {
        let terms = BTreeMap::from([("kd".to_owned(), total / 2.0)]);
        let losses = Some(Losses { total, terms, grad_norm: 1.0, ..Losses::default() });
        Event::Step(Step { step, phase: 0, lr: 0.1, losses, seconds: 0.5, examples: 4 })
    }

    fn eval(step: usize, who: &str, split: &str, accuracy: f64) -> Event {
        Event::Eval(Eval {
            step,
            who: who.into(),
            split: split.into(),
            accuracy,
            interval: [accuracy - 0.02, accuracy + 0.02],
            loss: 0.5,
            f1: accuracy,
            mcc: 0.0,
            examples: 100,
            ..Eval::default()
        })
    }

    #[test]
    fn curves_align_what_comes_at_different_steps() {
        let mut curves = Curves::default();
        curves.push(1, "a", 1.0);
        curves.push(1, "b", 2.0);
        curves.push(4, "b", 3.0);
        curves.push(6, "a", f64::NAN);
        assert_eq!(curves.x, [1.0, 4.0, 6.0]);
        assert_eq!(curves.y["a"], [Some(1.0), None, None]);
        assert_eq!(curves.y["b"], [Some(2.0), Some(3.0), None]);
        assert_eq!(curves.last("b"), Some(3.0));
        assert_eq!(curves.thinned(2), [0, 2]);
    }

    #[test]
    fn a_resumed_run_forgets_the_steps_it_repeats() {
        let mut view = View::of(&[started(0), step(1, 0.9), step(2, 0.8), step(3, 0.7)]);
        view.apply(&started(2));
        assert_eq!((view.step, view.losses.x.len()), (2, 2));
        view.apply(&step(3, 0.6));
        assert_eq!(view.losses.y[TOTAL], [Some(0.9), Some(0.8), Some(0.6)]);
        assert_eq!(view.losses.y["kd"].last(), Some(&Some(0.3)));
    }

    #[test]
    fn a_new_run_starts_from_nothing() {
        let view = View::of(&[started(0), step(1, 0.9), eval(1, "student", "test", 0.7), started(0)]);
        assert_eq!(view, View::of(&[started(0)]));
    }

    /// A hop that `learner` learns in, after those in `before`.
    fn hop(number: usize, learner: &str, teacher: &str, before: &[&str]) -> Event {
        let Event::Started(start) = started(0) else { panic!("no start") };
        let before = before.iter().map(|who| ((*who).to_owned(), 20)).collect();
        let hop = Hop { learner: learner.into(), teacher: teacher.into(), number, of: 2 };
        Event::Started(Started { hop: Some(hop), others: before, ..start })
    }

    #[test]
    fn a_chain_is_over_with_its_last_hop() {
        let done = Event::Done { steps: 9, seconds: 1.0 };
        let mut view = View::of(&[hop(1, "assistant-1", "teacher", &[]), eval(0, "teacher", "dev", 0.8), step(1, 0.9)]);
        view.apply(&eval(9, "student", "test", 0.78));
        view.apply(&done);
        assert_eq!((view.done, view.hop().as_deref()), (None, Some("hop 1 of 2, assistant-1")));
        assert_eq!(view.called("student"), "assistant-1");
        let text = view.verdict().unwrap();
        assert!(text.starts_with("On 100 test sentences assistant-1 is right on 78.0 %"), "{text}");

        view.apply(&hop(2, "student", "assistant-1", &["teacher"]));
        assert_eq!((view.test.len(), view.losses.x.len()), (0, 0), "the hop begins anew");
        for (who, accuracy) in [("teacher", 0.8), ("assistant-1", 0.78), ("student", 0.75), ("control", 0.7)] {
            view.apply(&eval(9, who, "test", accuracy));
        }
        view.apply(&done);
        assert_eq!((view.done, view.called("student")), (Some((9, 1.0)), "student"));
        assert_eq!(view.models(), ["teacher", "assistant-1", "student", "control"]);
        let parameters = |who| view.started.as_ref().unwrap().parameters_of(who);
        assert_eq!(["teacher", "assistant-1", "student", "control"].map(parameters), [20, 10, 5, 5]);
        let text = view.verdict().unwrap();
        assert!(text.contains("75.0 %, its teacher on 80.0 %, assistant-1 on 78.0 %, the same network"), "{text}");
    }

    #[test]
    fn models_stand_in_the_order_of_the_chain() {
        let mut names = ["control", "companion-1", "assistant-10", "student", "assistant-2", "teacher"];
        names.sort_by_key(|who| rank(who));
        assert_eq!(names, ["teacher", "assistant-2", "assistant-10", "student", "companion-1", "control"]);
        assert_eq!(names.map(learns), [false, false, false, true, true, true]);
    }

    #[test]
    fn the_verdict_is_careful_where_the_intervals_overlap() {
        let mut view = View::of(&[started(0), eval(0, "teacher", "dev", 0.8), eval(0, "student", "dev", 0.5)]);
        assert_eq!(view.verdict(), None);
        view.apply(&eval(5, "student", "dev", 0.76));
        view.apply(&eval(5, "control", "dev", 0.73));
        let text = view.verdict().unwrap();
        assert!(text.contains("+3.0 points; the 95 % intervals overlap"), "{text}");
        view.apply(&eval(9, "student", "test", 0.76));
        view.apply(&eval(9, "control", "test", 0.70));
        let text = view.verdict().unwrap();
        assert!(text.starts_with("On 100 test sentences the student is right on 76.0 %"), "{text}");
        assert!(text.ends_with("The teacher was worth +6.0 points."), "{text}");
    }
}
