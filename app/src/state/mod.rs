//! What the page shows of a run, as a pure function of its events.

use std::collections::BTreeMap;

use retort_core::train::{Eval, Event, Started, Step, shrink::Sizes};

pub mod boxes;
pub mod charts;
pub mod compared;
mod curves;
pub mod found;
pub mod kept;
pub mod offline;
pub mod pasted;
pub mod series;
pub mod sparse;
pub mod specimen;
mod stark;
#[cfg(test)]
pub(crate) mod tests;
pub mod units;
mod verdict;

pub use curves::Curves;
pub use stark::{Sweeps, Swept, stage_of, told};

/// The place of a model among those that are shown: who teaches, the oldest first, then who learns.
pub fn rank(who: &str) -> (usize, usize) {
    let (kind, number) = who.split_once('-').unwrap_or((who, ""));
    let kinds = ["teacher", "assistant", "student", "companion", "tutor", "control"];
    (kinds.iter().position(|known| *known == kind).unwrap_or(kinds.len()), number.parse().unwrap_or(0))
}

/// Whether a model changes; the others are lines to be reached.
pub fn learns(who: &str) -> bool {
    rank(who) >= rank("student")
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
    /// Steps, texts and tokens per second, as last measured.
    pub rates: Option<[f64; 3]>,
    /// Loss terms of the student and the control's cross-entropy, in nats.
    pub losses: Curves,
    /// The same with each term as it is weighed in the sum; nothing where the log does not tell.
    pub weighed: Curves,
    /// Dev accuracy by model, in percent, where classes are asked for.
    pub accuracy: Curves,
    /// Dev perplexity by model, where words are asked for.
    pub perplexity: Curves,
    /// Latest figures on dev, by model.
    pub dev: BTreeMap<String, Eval>,
    /// Figures on test, by model, at the end.
    pub test: BTreeMap<String, Eval>,
    /// Step of the last checkpoint.
    pub saved: Option<usize>,
    /// The student after each of its cuts.
    pub shrunk: Vec<Shrunk>,
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

/// The student after a cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunk {
    /// Optimiser steps so far.
    pub step: usize,
    /// Its sizes when the phase began.
    pub from: Sizes,
    /// Its sizes.
    pub sizes: Sizes,
    /// Numbers that it learns.
    pub parameters: usize,
}

impl View {
    /// Whether someone teaches.
    pub fn has_teacher(&self) -> bool {
        self.started.as_ref().is_some_and(|started| started.parameters[0] > 0)
    }

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
            Event::Shrunk { step, who, from, sizes, parameters } => {
                if who == "student" {
                    if let Some(started) = &mut self.started {
                        started.parameters[1] = *parameters;
                    }
                    self.shrunk.push(Shrunk { step: *step, from: *from, sizes: *sizes, parameters: *parameters });
                }
            }
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
        for curves in [&mut self.losses, &mut self.weighed, &mut self.accuracy, &mut self.perplexity] {
            curves.rewind(started.resumed_at);
        }
        self.shrunk.retain(|shrunk| shrunk.step <= started.resumed_at);
        self.started = Some(started.clone());
    }

    fn train(&mut self, step: &Step) {
        self.step = step.step;
        let Some(losses) = &step.losses else { return };
        let rate = |count: usize| count as f64 / step.seconds;
        self.rates = (step.seconds > 0.0).then(|| [1, step.examples, step.tokens].map(rate));
        let draw = |curves: &mut Curves, terms: &BTreeMap<String, f64>| {
            let ends = [(TOTAL, Some(losses.total)), (CONTROL_LOSS, losses.control)];
            let terms = terms.iter().map(|(name, value)| (name.as_str(), Some(*value)));
            for (name, value) in ends.into_iter().chain(terms) {
                value.into_iter().for_each(|value| curves.push(step.step, name, value));
            }
        };
        draw(&mut self.losses, &losses.terms);
        if !losses.weighted.is_empty() {
            draw(&mut self.weighed, &losses.weighted);
        }
    }

    fn evaluate(&mut self, eval: &Eval) {
        // Of labelled sentences there are also `dev words` and `test words`, by what is asked.
        if eval.split.starts_with("test") {
            self.test.insert(eval.who.clone(), eval.clone());
            return;
        }
        let (curves, figure) = match eval.perplexity() {
            Some(perplexity) => (&mut self.perplexity, perplexity),
            None => (&mut self.accuracy, 100.0 * eval.accuracy),
        };
        let latest = curves.x.last().map_or(0, |&x| x as usize);
        curves.push(eval.step.max(latest), &eval.who, figure);
        self.dev.insert(eval.who.clone(), eval.clone());
        self.evaluations += usize::from(eval.who == "student");
    }

    /// Whether the data have no classes: the models answer with words.
    pub fn asks_words(&self) -> bool {
        self.started.as_ref().is_some_and(|started| started.labels.is_empty())
    }

    /// Whether the student's latest figures are of words.
    pub fn figures_of_words(&self) -> bool {
        let latest = self.test.get("student").or(self.dev.get("student"));
        latest.map_or(self.asks_words(), |eval| eval.perplexity().is_some())
    }

    /// Whether the log tells each term as it is weighed in the sum.
    pub fn tells_weights(&self) -> bool {
        !self.weighed.x.is_empty()
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
}
