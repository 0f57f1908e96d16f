//! What several seeds of STARK say together.

use retort_core::{
    study::{Summary, sentence, verdict},
    train::stark::{Point, Seeds, Sweep},
};

use super::document::Document;
use crate::draw::{Axis, Caption, Lines, Point as At, Role, Series};

/// The report of a procedure that was done with several seeds.
pub fn of_seeds(title: &str, seeds: &Seeds) -> Document {
    let metric = seeds.metric;
    let mut document = Document::new(title);
    document.lead.push(format!(
        "{} seeds. On test the student of the whole teacher has {} {}.",
        seeds.trial.count,
        metric.value(&seeds.trial),
        metric.unit()
    ));
    if let Some(gain) = &seeds.gain {
        let told = sentence(metric, verdict(Some(gain)), Some(gain));
        document.lead.push(format!("It against the student without a teacher: {told}."));
    }
    document.heading("Sweeps");
    let best = |sweep: &Sweep| {
        vec![
            sweep.name.clone(),
            format!("{:.0} %", sweep.best.percent[0].mean),
            metric.value(&sweep.best.student),
            sentence(metric, sweep.verdict, Some(&sweep.best.gain)),
        ]
    };
    document.table(
        &["sparse by", "best on dev without", "student on test", "against the whole teacher’s"],
        seeds.sweeps.iter().map(best).collect(),
    );
    let pairs = seeds.pairs.iter().map(|pair| {
        vec![pair.left.clone(), pair.right.clone(), sentence(metric, pair.verdict, Some(&pair.difference))]
    });
    if !seeds.pairs.is_empty() {
        document.table(&["best of", "against that of", "verdict"], pairs.collect());
    }
    document.text(format!(
        "{}: the mean over the seeds and its 95 % interval (Student’s t). Differences, in {}, are paired by seed. The \
         level is chosen on dev seed by seed; test chose nothing.",
        metric.explained("test"),
        metric.step()
    ));
    document.figure(
        "students",
        Lines {
            caption: Caption::new("Students on test", "By how much of the teacher is gone; bars are 95 % intervals."),
            x: Axis::new("of the teacher gone, %"),
            y: Axis::new(format!("{}, {}", metric.name(), metric.unit())),
            series: seeds.sweeps.iter().enumerate().map(|(place, sweep)| series(seeds, place, sweep)).collect(),
            cursor: None,
        },
    );
    document
}

fn series(seeds: &Seeds, place: usize, sweep: &Sweep) -> Series {
    let metric = seeds.metric;
    let at = |x: f64, summary: &Summary| At {
        x,
        y: metric.shown(summary.mean),
        interval: summary.interval.map(|ends| {
            let [one, other] = ends.map(|end| metric.shown(end));
            [one.min(other), one.max(other)]
        }),
    };
    let levels = sweep.levels.iter().map(|level: &Point| at(level.percent[0].mean, &level.student));
    let points = [at(0.0, &seeds.trial)].into_iter().chain(levels).collect();
    Series::new(&sweep.name, Role::of(place), points)
}

#[cfg(test)]
mod tests {
    use retort_core::train::stark::{Figure, Level, Report};

    use super::{super::html, *};

    #[test]
    fn verdicts_over_seeds_say_how_many_there_are() {
        let level = |arm: &str, percent: f64, accuracy: f64| {
            let figure = Figure { accuracy, loss: 1.0, words: false };
            Level {
                arm: arm.into(),
                percent: [percent; 2],
                parameters: 7,
                confidence: None,
                teacher: [figure; 2],
                student: [figure; 2],
                control: None,
                init_hash: String::new(),
            }
        };
        // Better by 25 points with both seeds.
        let reports = [0.5, 0.25].map(|base| Report::of(&[level("trial", 0.0, base), level("a", 20.0, base + 0.25)]));
        let document = of_seeds("s", &Seeds::of(&reports));
        assert!(document.lead[0].starts_with("2 seeds. On test the student of the whole teacher has 37.5 ["));
        let page = html(&document);
        assert!(page.contains("beats: +25.00 [+25.00, +25.00] points, n = 2"), "{page}");
        assert_eq!(page.matches("<svg").count(), 1);
    }
}
