//! What came of STARK's runs with one seed: teachers and students by how much of the teacher is gone.

use retort_core::{
    Result,
    run::Run,
    train::{
        Provenance,
        stark::{Arm, Figure, Level, Report},
    },
};

use super::document::{Block, Document};
use crate::draw::{Axis, Caption, Lines, Point, Role, Series};

/// The report of a procedure that is over.
///
/// # Errors
/// [`retort_core::Error::Input`] when the run has no TOML form.
pub fn of_stark(title: &str, run: &Run, report: &Report, provenance: Option<&Provenance>) -> Result<Document> {
    let mut document = Document::new(title);
    let test = |level: &Level| short(&level.student[1]);
    document.lead.push(format!("On test the student of the whole teacher has {}.", test(&report.trial)));
    document.lead.extend(report.arms.iter().map(|arm| match arm.best {
        0 => format!("{}: on dev no sparse teacher’s student beats the whole teacher’s.", arm.name),
        best => {
            let level = &arm.levels[best];
            format!(
                "{}: the best on dev is without {:.0} %; it has {} on test.",
                arm.name,
                level.percent[0],
                test(level)
            )
        }
    }));
    document.lead.push("One seed: how far seeds differ, it does not tell.".into());
    document.heading("Teachers and their students");
    let levels = report.arms.iter().flat_map(|arm| arm.levels.iter().skip(1));
    let rows = [&report.trial].into_iter().chain(levels).map(row).collect();
    document.table(
        &["teacher", "gone: heads, neurons", "parameters", "teacher, dev", "student, dev", "student, test"],
        rows,
    );
    if let Some(control) = &report.trial.control {
        document.text(format!("The student without a teacher: {} on test.", short(control)));
    }
    document.text("The best level of each sweep is told on dev; test chose nothing.");
    let axis = if report.trial.student[0].words { "perplexity" } else { "accuracy, %" };
    let lines = |title: &str, of: &dyn Fn(&Level) -> Figure| Lines {
        caption: Caption::new(title, "By how much of the teacher is gone; each line is a sweep."),
        x: Axis::new("of the teacher gone, %"),
        y: Axis::new(axis),
        series: report.arms.iter().enumerate().map(|(place, arm)| sweep(place, arm, of)).collect(),
        cursor: None,
    };
    document.figure("students", lines("Students on test", &|level| level.student[1]));
    document.figure("teachers", lines("Teachers on dev", &|level| level.teacher[0]));
    if let Some(about) = provenance {
        document.heading("Where it comes from");
        document.text(format!("Retort {}, source {}, on {}.", about.version, about.source_commit, about.adapter));
    }
    document.heading("The run file");
    document.blocks.push(Block::Code(run.to_toml()?));
    Ok(document)
}

fn row(level: &Level) -> Vec<String> {
    let [heads, neurons] = level.percent.map(|percent| format!("{percent:.0} %"));
    vec![
        level.arm.clone(),
        format!("{heads}, {neurons}"),
        level.parameters.to_string(),
        short(&level.teacher[0]),
        short(&level.student[0]),
        short(&level.student[1]),
    ]
}

fn sweep(place: usize, arm: &Arm, of: &dyn Fn(&Level) -> Figure) -> Series {
    let points = arm.levels.iter().map(|level| Point::new(level.percent[0], of(level).shown()));
    Series::new(&arm.name, Role::of(place), points.collect())
}

/// A figure in a few characters.
fn short(figure: &Figure) -> String {
    match figure.words {
        true => format!("{:.3}", figure.shown()),
        false => format!("{:.1} %", figure.shown()),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::html, *};

    #[test]
    fn dev_chooses_and_test_tells() {
        let level = |arm: &str, percent: f64, dev: f64, test: f64| {
            let figure = |accuracy| Figure { accuracy, loss: 1.0, words: false };
            Level {
                arm: arm.into(),
                percent: [percent; 2],
                parameters: 7,
                confidence: None,
                teacher: [figure(0.75); 2],
                student: [figure(dev), figure(test)],
                control: Some(figure(0.25)),
                init_hash: String::new(),
            }
        };
        let levels = [level("trial", 0.0, 0.5, 0.5), level("a", 20.0, 0.625, 0.375), level("b", 20.0, 0.25, 0.75)];
        let document = of_stark("s", &Run::default(), &Report::of(&levels), None).unwrap();
        assert_eq!(document.lead[1], "a: the best on dev is without 20 %; it has 37.5 % on test.");
        assert_eq!(document.lead[2], "b: on dev no sparse teacher’s student beats the whole teacher’s.");
        let page = html(&document);
        assert!(page.contains("The student without a teacher: 25.0 % on test.") && page.matches("<svg").count() == 2);
    }
}
