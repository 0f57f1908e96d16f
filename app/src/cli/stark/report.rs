//! What came of one run of STARK, as a table and as figures.

use std::fmt::Write as _;

use retort_core::train::stark::{Arm, Figure, Level, Report};

use crate::cli::{figure, out};

/// A figure in a few characters.
fn short(figure: &Figure) -> String {
    match figure.words {
        true => format!("{:.3}", figure.shown()),
        false => format!("{:.1} %", figure.shown()),
    }
}

/// A level in one line.
pub fn figures(level: &Level) -> String {
    format!(
        "{} without {:.0} %: teacher {} on dev; student {} on dev, {} on test",
        level.arm,
        level.percent[0],
        short(&level.teacher[0]),
        short(&level.student[0]),
        short(&level.student[1])
    )
}

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut text = String::from(
        "# Sparse teachers\n\n| teacher | gone: heads, neurons | parameters | variance | teacher, dev | student, dev | \
         student, test |\n|---|---|---|---|---|---|---|\n",
    );
    let row = |text: &mut String, level: &Level, best: bool| {
        let mark = if best { " (best on dev)" } else { "" };
        let sure = level.confidence.map_or("-".into(), |confidence| format!("{confidence:.4}"));
        let [teacher, dev, test] = [&level.teacher[0], &level.student[0], &level.student[1]].map(short);
        let [heads, neurons] = level.percent.map(|percent| format!("{percent:.0} %"));
        let parameters = out::thousands(level.parameters as u64);
        let _ = writeln!(
            text,
            "| {}{mark} | {heads}, {neurons} | {parameters} | {sure} | {teacher} | {dev} | {test} |",
            level.arm
        );
    };
    row(&mut text, &report.trial, false);
    for arm in &report.arms {
        for (index, level) in arm.levels.iter().enumerate().skip(1) {
            row(&mut text, level, index == arm.best);
        }
    }
    if let Some(control) = &report.trial.control {
        let _ = writeln!(text, "\nThe student without a teacher: {} on test.", short(control));
    }
    text.push_str("\nThe best level of each sweep is told on dev; test chose nothing.");
    for arm in &report.arms {
        let best = &arm.levels[arm.best];
        let _ = write!(
            text,
            "\n{}: best without {:.0} %, {} on test; the whole teacher's student {}.",
            arm.name,
            best.percent[0],
            short(&best.student[1]),
            short(&report.trial.student[1])
        );
    }
    text.push('\n');
    text
}

/// What figures are told in.
fn axis(figure: &Figure) -> &'static str {
    if figure.words { "perplexity" } else { "accuracy, %" }
}

fn line(name: String, arm: &Arm, of: impl Fn(&Level) -> f64) -> figure::Line {
    let points = arm.levels.iter().map(|level| (level.percent[0], of(level), None)).collect();
    figure::Line { name, points }
}

/// The students by how much of their teacher is gone.
pub fn students(report: &Report) -> String {
    let axis = axis(&report.trial.student[0]);
    let of = |split: usize| move |level: &Level| level.student[split].shown();
    let lines: Vec<figure::Line> = report
        .arms
        .iter()
        .flat_map(|arm| {
            [line(format!("{}, dev", arm.name), arm, of(0)), line(format!("{}, test", arm.name), arm, of(1))]
        })
        .collect();
    figure::lines(&lines, "of the teacher gone, %", &format!("student: {axis}"))
}

/// The teachers by how much of them is gone.
pub fn teachers(report: &Report) -> String {
    let axis = axis(&report.trial.teacher[0]);
    let lines: Vec<figure::Line> =
        report.arms.iter().map(|arm| line(arm.name.clone(), arm, |level| level.teacher[0].shown())).collect();
    figure::lines(&lines, "gone, %", &format!("teacher on dev: {axis}"))
}
