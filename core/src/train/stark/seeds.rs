//! What the reports of several seeds say together.

use serde::Serialize;

use super::{Arm, Figure, Level, Report};
use crate::study::{Metric, Summary, Verdict, summary, verdict};

/// Sweeps over seeds. Every figure is the metric's, more being better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seeds {
    /// Accuracy, or of words the loss.
    pub metric: Metric,
    /// The whole teacher, on test.
    pub teacher: Summary,
    /// Its student, on test.
    pub trial: Summary,
    /// The student without a teacher, on test.
    pub control: Option<Summary>,
    /// How much better the whole teacher's student is than the one without, paired by seed.
    pub gain: Option<Summary>,
    /// How sure the whole teacher is.
    pub confidence: Option<Summary>,
    /// By what made the teachers sparse.
    pub sweeps: Vec<Sweep>,
    /// Each sweep against those before it.
    pub pairs: Vec<Pair>,
}

/// The best students of two sweeps, by dev.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The sweep that may be better.
    pub left: String,
    /// The other.
    pub right: String,
    /// How much better on test, paired by seed.
    pub difference: Summary,
    /// Whether the left one beats the right one.
    pub verdict: Verdict,
}

/// A sweep over seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// Its levels, rising, without the whole teacher.
    pub levels: Vec<Point>,
    /// The level that is best on dev, seed by seed; it may be the whole teacher.
    pub best: Point,
    /// Whether its student beats that of the whole teacher.
    pub verdict: Verdict,
}

/// A level over seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Per cent of heads and of neurons, or of weights, that are gone.
    pub percent: [Summary; 2],
    /// How sure the teacher is: the variance of its answers on dev.
    pub confidence: Option<Summary>,
    /// The teacher on dev.
    pub teacher: Summary,
    /// The student on test.
    pub student: Summary,
    /// How much better it is than the whole teacher's student, paired by seed.
    pub gain: Summary,
}

impl Seeds {
    /// Of one report for each seed, all of the same settings.
    ///
    /// # Panics
    /// When there is no report, or their sweeps differ.
    pub fn of(reports: &[Report]) -> Self {
        let first = reports.first().expect("at least one seed");
        let trials: Vec<&Level> = reports.iter().map(|report| &report.trial).collect();
        let controls: Option<Vec<f64>> = reports.iter().map(|report| report.trial.control.map(merit)).collect();
        let gains = controls.as_ref().map(|controls| {
            trials.iter().zip(controls).map(|(trial, control)| student(trial) - control).collect::<Vec<f64>>()
        });
        let sweeps: Vec<Vec<&Arm>> =
            (0..first.arms.len()).map(|arm| reports.iter().map(|report| &report.arms[arm]).collect()).collect();
        let pairs = (0..sweeps.len()).flat_map(|left| (0..left).map(move |right| [left, right]));
        Self {
            metric: if first.trial.student[1].words { Metric::Loss } else { Metric::Accuracy },
            teacher: mean(trials.iter().map(|trial| merit(trial.teacher[1]))),
            trial: mean(trials.iter().map(|trial| student(trial))),
            control: controls.and_then(|controls| summary(&controls)),
            gain: gains.and_then(|gains| summary(&gains)),
            confidence: confidence(&trials),
            pairs: pairs.map(|places| pair(places.map(|place| &sweeps[place]))).collect(),
            sweeps: sweeps.iter().map(|arms| sweep(arms)).collect(),
        }
    }
}

fn best<'a>(arms: &[&'a Arm]) -> Vec<&'a Level> {
    arms.iter().map(|arm| &arm.levels[arm.best]).collect()
}

fn pair([left, right]: [&Vec<&Arm>; 2]) -> Pair {
    let both = best(left).into_iter().zip(best(right));
    let difference = mean(both.map(|(left, right)| student(left) - student(right)));
    let [left, right] = [left, right].map(|arms| arms[0].name.clone());
    Pair { left, right, verdict: verdict(Some(&difference)), difference }
}

fn sweep(arms: &[&Arm]) -> Sweep {
    let trials: Vec<&Level> = arms.iter().map(|arm| &arm.levels[0]).collect();
    let at = |level: usize| arms.iter().map(|arm| &arm.levels[level]).collect::<Vec<_>>();
    let best = point(&best(arms), &trials);
    Sweep {
        name: arms[0].name.clone(),
        levels: (1..arms[0].levels.len()).map(|level| point(&at(level), &trials)).collect(),
        verdict: verdict(Some(&best.gain)),
        best,
    }
}

fn point(levels: &[&Level], trials: &[&Level]) -> Point {
    Point {
        percent: [0, 1].map(|part| mean(levels.iter().map(|level| level.percent[part]))),
        confidence: confidence(levels),
        teacher: mean(levels.iter().map(|level| merit(level.teacher[0]))),
        student: mean(levels.iter().map(|level| student(level))),
        gain: mean(levels.iter().zip(trials).map(|(level, trial)| student(level) - student(trial))),
    }
}

fn confidence(levels: &[&Level]) -> Option<Summary> {
    let values: Option<Vec<f64>> = levels.iter().map(|level| level.confidence).collect();
    summary(&values?)
}

/// The student on test.
fn student(level: &Level) -> f64 {
    merit(level.student[1])
}

/// A figure, more being better.
fn merit(figure: Figure) -> f64 {
    if figure.words { -figure.loss } else { figure.accuracy }
}

fn mean(values: impl Iterator<Item = f64>) -> Summary {
    summary(&values.collect::<Vec<f64>>()).expect("at least one seed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(arm: &str, percent: f64, dev: f64, test: f64) -> Level {
        let figure = |accuracy| Figure { accuracy, loss: 1.0, words: false };
        Level {
            arm: arm.into(),
            percent: [percent; 2],
            parameters: 10,
            confidence: Some(percent / 100.0),
            teacher: [figure(0.9), figure(0.875)],
            student: [figure(dev), figure(test)],
            control: (arm == "trial").then(|| figure(0.5)),
            init_hash: String::new(),
        }
    }

    fn report(tests: [f64; 4], dev: f64) -> Report {
        let [trial, low, high, random] = tests;
        Report::of(&[
            level("trial", 0.0, 0.7, trial),
            level("lambda-0.5", 10.0, dev, low),
            level("lambda-0.5", 20.0, 0.75, high),
            level("random", 10.0, 0.72, random),
        ])
    }

    #[test]
    fn the_level_that_dev_chose_is_compared_with_the_trial_and_with_random_teachers() {
        // The first seed chooses 20 % on dev, the second 10 %: 0.75 and 0.5 on test.
        let reports = [report([0.5, 0.25, 0.75, 0.625], 0.6), report([0.5, 0.5, 0.25, 0.75], 0.8)];
        let seeds = Seeds::of(&reports);
        let lambda = &seeds.sweeps[0];
        assert_eq!((lambda.best.percent[0].mean, lambda.best.student.mean), (15.0, 0.625));
        assert_eq!((lambda.best.gain.mean, lambda.best.gain.count), (0.125, 2));
        // Random less the other: 0.625 − 0.75 and 0.75 − 0.5.
        let [pair] = &seeds.pairs[..] else { panic!("{:?}", seeds.pairs) };
        assert_eq!((pair.left.as_str(), pair.right.as_str()), ("random", "lambda-0.5"));
        assert_eq!((pair.difference.mean, pair.verdict), (0.0625, Verdict::CannotBeTold));
        assert_eq!(lambda.levels.iter().map(|level| level.student.mean).collect::<Vec<_>>(), [0.375, 0.5]);
        assert_eq!(lambda.levels[0].confidence.unwrap().mean, 0.1);
        assert_eq!((seeds.trial.mean, seeds.teacher.mean), (0.5, 0.875));
        assert_eq!((seeds.control.unwrap().mean, seeds.gain.unwrap().mean), (0.5, 0.0));
    }
}
