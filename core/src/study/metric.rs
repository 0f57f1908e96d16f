//! What a study compares its cells by.

use serde::{Deserialize, Serialize};

use super::Summary;
use crate::train::Eval;

/// A figure of an evaluation. Studies hold it so that more is better; shown, it is as people know it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of right answers.
    #[default]
    Accuracy,
    /// Mean cross-entropy in nats; of words, its exponential is the perplexity.
    Loss,
    /// Share of answers that are the teacher's.
    Agreement,
    /// ROUGE-L of what was written.
    RougeL,
    /// How unlikely the teacher finds what the student writes, in nats a token.
    LikelihoodRisk,
    /// How unlikely the student finds what the teacher writes, in nats a token.
    CoverageRisk,
    /// How far the student is from its teacher while it learns: the term `kl`, the mean over the steps that are logged.
    Discrepancy,
}

impl Metric {
    /// The figure, more being better; none where it was not measured, or belongs to no evaluation.
    pub fn of(self, eval: &Eval) -> Option<f64> {
        let written = eval.written.as_ref();
        match self {
            Self::Accuracy => Some(eval.accuracy),
            Self::Loss => Some(-eval.loss),
            Self::Agreement => eval.agreement,
            Self::RougeL => written.map(|written| written.rouge_l),
            Self::LikelihoodRisk => written.and_then(|written| written.likelihood_risk).map(|risk| -risk),
            Self::CoverageRisk => written.and_then(|written| written.coverage_risk).map(|risk| -risk),
            Self::Discrepancy => None,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Loss => "loss",
            Self::Agreement => "agreement",
            Self::RougeL => "ROUGE-L",
            Self::LikelihoodRisk => "likelihood risk",
            Self::CoverageRisk => "coverage risk",
            Self::Discrepancy => "discrepancy",
        }
    }

    fn is_share(self) -> bool {
        matches!(self, Self::Accuracy | Self::Agreement | Self::RougeL)
    }

    /// Of a value.
    pub fn unit(self) -> &'static str {
        if self.is_share() { "%" } else { "nats" }
    }

    /// Of a difference.
    pub fn step(self) -> &'static str {
        if self.is_share() { "points" } else { "nats" }
    }

    /// A value as it is shown.
    pub fn shown(self, value: f64) -> f64 {
        if self.is_share() { 100.0 * value } else { -value }
    }

    /// A difference as it is shown: how much better.
    pub fn better(self, difference: f64) -> f64 {
        if self.is_share() { 100.0 * difference } else { difference }
    }

    /// `62.0 [57.0, 67.0]` or `4.123 [4.101, 4.145]`
    pub fn value(self, summary: &Summary) -> String {
        let number = |value: f64| match self.is_share() {
            true => format!("{value:.1}"),
            false => format!("{value:.3}"),
        };
        let interval = summary.interval.map(|ends| {
            let [low, high] = ends.map(|end| self.shown(end));
            [low.min(high), low.max(high)]
        });
        written(self.shown(summary.mean), interval, number)
    }

    /// `+12.00 [+7.03, +16.97]`: how much better.
    pub fn change(self, summary: &Summary) -> String {
        let number = |value: f64| match self.is_share() {
            true => format!("{value:+.2}"),
            false => format!("{value:+.4}"),
        };
        let interval = summary.interval.map(|ends| ends.map(|end| self.better(end)));
        written(self.better(summary.mean), interval, number)
    }

    /// What a reader must know of it.
    pub fn explained(self, split: &str) -> String {
        let name = self.name();
        let capital = name[..1].to_uppercase() + &name[1..];
        let place = match self {
            Self::Discrepancy => "KL(teacher ‖ student) over the logged steps of training,".to_owned(),
            _ => format!("on {split}"),
        };
        match self.is_share() {
            true => format!("{capital} {place} in %"),
            false => format!("{capital} {place} in nats, of which less is better; a difference counts how much less"),
        }
    }
}

fn written(mean: f64, interval: Option<[f64; 2]>, number: impl Fn(f64) -> String) -> String {
    match interval {
        None => number(mean),
        Some([low, high]) => format!("{} [{}, {}]", number(mean), number(low), number(high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_better_inside_and_shown_as_people_know_it() {
        let eval = Eval { accuracy: 0.25, loss: 2.0, ..Eval::default() };
        assert_eq!((Metric::Accuracy.of(&eval), Metric::Loss.of(&eval)), (Some(0.25), Some(-2.0)));
        assert_eq!(Metric::RougeL.of(&eval), None);
        let summary = Summary { count: 3, mean: -2.0, interval: Some([-2.5, -1.5]) };
        assert_eq!(Metric::Loss.value(&summary), "2.000 [1.500, 2.500]");
        let gain = Summary { count: 3, mean: 0.125, interval: Some([-0.25, 0.5]) };
        assert_eq!(Metric::Loss.change(&gain), "+0.1250 [-0.2500, +0.5000]");
        assert_eq!(Metric::Accuracy.change(&gain), "+12.50 [-25.00, +50.00]");
        assert_eq!(Metric::Accuracy.value(&Summary { interval: None, ..gain }), "12.5");
    }
}
