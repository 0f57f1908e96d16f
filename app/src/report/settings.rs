//! Figures of a study as SVG: a row for every setting, shapes and labels as well as colours.

use retort_core::study::{Findings, Metric, Plan, Study, differences, summary};

use crate::draw::{Axis, Caption, Dots, Figure as _, Lane, Mark, Mean, Role};

/// In pixels.
const WIDTH: f64 = 860.0;

/// A figure beside the report.
pub struct Figure {
    /// What it shows.
    pub title: &'static str,
    /// Its file.
    pub file: &'static str,
    /// What is drawn.
    pub dots: Dots,
}

impl Figure {
    /// Its text as a file of its own.
    pub fn svg(&self) -> String {
        self.dots.print(WIDTH)
    }
}

/// One setting of a figure.
struct Row<'a> {
    label: &'a str,
    student: Option<Mean>,
    twin: Option<Mean>,
    /// The teacher's mean.
    teacher: Option<f64>,
}

/// Draws what there is: accuracies, and, where there are twins, differences.
pub fn draw(study: &Study, plan: &Plan, findings: &Findings) -> Vec<Figure> {
    let metric = findings.metric;
    let settings = || plan.settings.iter().zip(&findings.settings);
    let values = settings().map(|(setting, found)| {
        let [student, twin] = [&found.students, &found.controls]
            .map(|values| mean(values.values().map(|value| metric.shown(*value)).collect()));
        let teacher = found.teacher.map(|teacher| metric.shown(teacher.mean));
        Row { label: &setting.label, student, twin, teacher }
    });
    let gains = settings().map(|(setting, found)| {
        let gains = differences(&found.students, &found.controls).into_iter().map(|gain| metric.better(gain));
        Row { label: &setting.label, student: mean(gains.collect()), twin: None, teacher: None }
    });
    let mut figures = vec![];
    let mut add = |title: &'static str, file: &'static str, axis: String, rows: &[Row], zero: bool| {
        if rows.iter().any(|row| row.student.is_some() || row.twin.is_some()) {
            let heading = format!("{}: {}", study.name, title.to_lowercase());
            figures.push(Figure { title, file, dots: figure(&heading, &axis, rows, zero) });
        }
    };
    let (name, unit) = (metric.name(), metric.unit());
    let (title, file) = match metric {
        Metric::Accuracy => ("Accuracy", "accuracy.svg"),
        _ => ("Students and twins", "students.svg"),
    };
    add(title, file, format!("{name} on {}, {unit}", findings.split), &values.collect::<Vec<_>>(), false);
    add(
        "Student less untaught twin",
        "difference.svg",
        format!("how much better on {}, {}", findings.split, metric.step()),
        &gains.collect::<Vec<_>>(),
        true,
    );
    figures
}

fn mean(seeds: Vec<f64>) -> Option<Mean> {
    summary(&seeds).map(|summary| Mean { value: summary.mean, interval: summary.interval, each: seeds })
}

fn figure(heading: &str, axis: &str, rows: &[Row], zero: bool) -> Dots {
    let lane = |name: &str, role: Role, mark: Mark, of: &dyn Fn(&Row) -> Option<Mean>| {
        let means: Vec<Option<Mean>> = rows.iter().map(of).collect();
        let any = means.iter().any(Option::is_some);
        any.then(|| Lane { name: name.to_owned(), role, mark, means })
    };
    let student = if zero { "mean of the paired differences, 95 % interval" } else { "student, 95 % interval" };
    let teacher = |row: &Row| row.teacher.map(|value| Mean { value, ..Mean::default() });
    let lanes = [
        lane(student, Role::Student, Mark::Disc, &|row| row.student.clone()),
        lane("untaught twin", Role::Control, Mark::Square, &|row| row.twin.clone()),
        lane("teacher", Role::Teacher, Mark::Tick, &teacher),
    ];
    let [low, high] = range(rows, zero);
    Dots {
        caption: Caption::new(heading, format!("A row for every setting; across: {axis}.")).headed(),
        axis: Axis::new(axis).between(low, high),
        title: String::new(),
        rows: rows.iter().map(|row| row.label.to_owned()).collect(),
        lanes: lanes.into_iter().flatten().collect(),
        single: "one seed".to_owned(),
    }
}

/// The ends of the axis: everything that is drawn, and some room.
fn range(rows: &[Row], zero: bool) -> [f64; 2] {
    let mut values: Vec<f64> = if zero { vec![0.0] } else { vec![] };
    for row in rows {
        values.extend(row.teacher);
        for mean in [&row.student, &row.twin].into_iter().flatten() {
            values.extend(&mean.each);
            values.extend(mean.interval.into_iter().flatten());
        }
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = if high > low { 0.05 * (high - low) } else { 0.5 };
    let [low, high] = [low - room, high + room];
    // No share lies outside, and no loss worth drawing; an interval of two seeds may.
    if zero { [low.max(-100.0), high.min(100.0)] } else { [low.max(-1.0), high.min(101.0)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seeds: &[f64]) -> Option<Mean> {
        mean(seeds.iter().map(|value| 100.0 * value).collect())
    }

    fn rows() -> Vec<Row<'static>> {
        vec![
            Row { label: "T=1 & <narrow>", student: of(&[0.75, 0.8]), twin: of(&[0.7, 0.72]), teacher: Some(82.0) },
            Row { label: "T=4", student: of(&[0.78]), twin: None, teacher: None },
        ]
    }

    #[test]
    fn a_figure_has_a_background_and_labels() {
        let svg = figure("name: accuracy", "accuracy on test, %", &rows(), false).print(WIDTH);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("#ffffff") && !svg.contains("class="), "{svg}");
        for wanted in ["T=1 &amp; &lt;narrow&gt;", "T=4", "accuracy on test, %", "untaught twin", "one seed", "teacher"]
        {
            assert!(svg.contains(wanted), "no {wanted} in {svg}");
        }
        assert!(!figure("name: gains", "points", &rows()[1..], true).print(WIDTH).contains("untaught twin"));
    }

    #[test]
    fn the_axis_holds_all_that_is_drawn_and_no_more_than_there_can_be() {
        // Mean 77.5, half 12.706 · 3.5355 / √2 = 31.8; room 5 % of 109.3 − 45.7.
        let [low, high] = range(&rows(), false);
        assert!((low - (45.735 - 3.177)).abs() < 0.01, "{low}");
        assert_eq!(high, 101.0);
        let gains = [Row { label: "a", student: of(&[0.01]), twin: None, teacher: None }];
        assert_eq!(range(&gains, true), [-0.05, 1.05]);
    }
}
