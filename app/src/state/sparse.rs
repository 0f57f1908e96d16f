//! The teacher at a sparsity: points over it, and what they come to.

use retort_core::{
    score::pilot::Point,
    study::{Summary, summary},
    train::Gone,
};

use crate::draw::{Axis, Caption, Class, Dot, Mark, Plane, Role};

/// What was measured, in order.
pub type Points = Vec<(Gone, Point)>;

/// A figure of a point: title, axis, and its value.
pub type Figure = (&'static str, &'static str, fn(&Point) -> f64);

/// Both of them.
pub const FIGURES: [Figure; 2] = [
    ("How often it is right", "accuracy on dev, %", |point| 100.0 * point.accuracy),
    ("How sure it is", "variance of its probabilities", |point| point.confidence),
];

/// Draws at this sparsity of what goes.
pub fn draws(points: &Points, gone: Gone, percent: f64) -> impl Iterator<Item = &Point> {
    let at = move |point: &Point| (100.0 * point.sparsity - percent).abs() < 1e-9;
    points.iter().filter(move |(kind, point)| *kind == gone && at(point)).map(|(_, point)| point)
}

/// Draws that were not looked at yet, the next so many.
pub fn next(points: &Points, gone: Gone, percent: f64, count: u64) -> Vec<u64> {
    let last = draws(points, gone, percent).map(|point| point.seed).max().unwrap_or(0);
    (last + 1..=last + count).collect()
}

/// Every draw as a point over its sparsity, weights and units apart, with a line at the one that is chosen.
pub fn plane(points: &Points, percent: f64, (title, axis, of): Figure) -> Plane {
    let class = |(name, role, mark): (&str, Role, Mark)| Class { name: name.into(), role, mark };
    let dot = |(gone, point): &(Gone, Point)| Dot {
        at: [100.0 * point.sparsity, of(point)],
        class: usize::from(*gone == Gone::Units),
        name: format!("draw {}", point.seed),
    };
    Plane {
        caption: Caption::new(title, "A point for each draw of what goes, over how much of it goes."),
        x: Axis::new("gone at random, %").with(percent, "", Role::Accent),
        y: Axis::new(axis),
        classes: [("weights", Role::Student, Mark::Disc), ("units", Role::Third, Mark::Square)].map(class).to_vec(),
        points: points.iter().map(dot).collect(),
        cut: None,
    }
}

/// What the draws at a sparsity come to, beside the whole teacher; nothing before there is one.
pub fn told(points: &Points, gone: Gone, percent: f64) -> Option<String> {
    let of = |percent: f64| {
        let all: Vec<&Point> = draws(points, gone, percent).collect();
        FIGURES.map(|(_, _, of)| summary(&all.iter().map(|point| of(point)).collect::<Vec<f64>>()))
    };
    let between = |summary: Summary, digits: usize| match summary.interval {
        Some([low, high]) => format!("{:.digits$} [{low:.digits$}, {high:.digits$}]", summary.mean),
        None => format!("{:.digits$}", summary.mean),
    };
    let [Some(right), Some(sure)] = of(percent) else { return None };
    let what = if gone == Gone::Weights { "weights" } else { "heads and neurons" };
    let draws = if right.count == 1 { "1 draw".to_owned() } else { format!("{} draws", right.count) };
    let mut text = format!(
        "Without {percent} % of its {what} the teacher is right on {} % of dev, and the variance of its probabilities is {} ({draws}).",
        between(right, 1),
        between(sure, 4)
    );
    if let [Some(right), Some(sure)] = of(0.0)
        && percent > 0.0
    {
        text += &format!(" Whole it has {:.1} % and {:.4}.", right.mean, sure.mean);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(sparsity: f64, seed: u64, accuracy: f64) -> Point {
        Point { sparsity, seed, accuracy, confidence: accuracy / 10.0 }
    }

    #[test]
    fn draws_at_a_sparsity_are_taken_together_and_kinds_are_not() {
        let points = vec![
            (Gone::Weights, point(0.0, 1, 0.8)),
            (Gone::Weights, point(0.07, 1, 0.7)),
            (Gone::Weights, point(0.07, 2, 0.7)),
            (Gone::Units, point(0.07, 1, 0.5)),
        ];
        // 100 · 0.07 is not 7 in floating point.
        assert_eq!(
            told(&points, Gone::Weights, 7.0).unwrap(),
            "Without 7 % of its weights the teacher is right on 70.0 [70.0, 70.0] % of dev, and the variance of its \
             probabilities is 0.0700 [0.0700, 0.0700] (2 draws). Whole it has 80.0 % and 0.0800."
        );
        assert_eq!(
            told(&points, Gone::Units, 7.0).unwrap(),
            "Without 7 % of its heads and neurons the teacher is right on 50.0 % of dev, and the variance of its \
             probabilities is 0.0500 (1 draw)."
        );
        assert_eq!(told(&points, Gone::Units, 8.0), None);
        assert_eq!(next(&points, Gone::Weights, 7.0, 3), [3, 4, 5]);
        assert_eq!(next(&points, Gone::Units, 30.0, 1), [1]);
        let plane = plane(&points, 7.0, FIGURES[0]);
        assert_eq!(plane.points.iter().map(|dot| dot.class).collect::<Vec<_>>(), [0, 0, 0, 1]);
        assert!((plane.points[3].at[1] - 50.0).abs() < 1e-9);
    }
}
