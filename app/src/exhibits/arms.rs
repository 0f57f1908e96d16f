//! Whole, random and scored teachers, level by level.

use retort_core::{Result, train::stark};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    procedure::{Procedure, of_levels},
    ran::STAGES,
    read::{missing, results},
    results::Number,
};
use crate::draw::{Axis, Caption, Lines, Point, Role, Series};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "sparse-teachers/arms",
    recorded: &["results.md"],
    own: &[Own { file: STAGES, what: What::Stages }],
    run: Some(procedure),
    knobs,
    show,
};

/// The arms as the table names them and as they are told.
const ARMS: [(&str, &str, Role); 3] = [
    ("lambda-0.5", "scored units", Role::Student),
    ("unstructured-0.5", "single weights", Role::Third),
    ("random", "random units", Role::Control),
];

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![Knob::range("level", "Gone of the teacher", [0.0, 90.0], 10.0, 30.0, "%")])
}

/// A reader's students, by the teachers they have.
const YOURS: [(&str, &str, Role); 4] = [
    ("trial", "yours: whole", Role::Teacher),
    ("lambda-0.5", "yours: scored units", Role::Fourth),
    ("random", "yours: random units", Role::Fifth),
    ("unstructured-0.5", "yours: single weights", Role::Accent),
];

/// The level that is chosen, of scored and of random units; where nothing is to go, the level of the article.
fn procedure(base: &str, knobs: &Knobs) -> Result<String> {
    let level = knobs.of("level");
    of_levels(base, vec![if level > 0.0 { level } else { 30.0 }], true)
}

/// The reader's students that are ready, as points over what is gone.
fn yours(levels: &[stark::Level], of: impl Fn(&stark::Level) -> stark::Figure) -> Vec<Series> {
    let series = YOURS.map(|(arm, name, role)| {
        let points = levels.iter().filter(|level| level.arm == arm);
        Series::new(name, role, points.map(|level| Point::new(level.percent[0], of(level).shown())).collect())
    });
    series.into_iter().filter(|series| !series.points.is_empty()).collect()
}

/// What is told of a level: the teacher on dev, and its student on test.
struct Level {
    arm: String,
    gone: f64,
    teacher: Option<Number>,
    student: Number,
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let results = results(recorded)?;
    let wrong = || missing("results.md", "the levels of the chapter sparse");
    let table = results.table("sparse", "", "teacher, dev").ok_or_else(wrong)?;
    let cell = |cells: &[String], column: &str| cells.get(table.column(column)?).cloned();
    let level = |cells: &Vec<String>| {
        let gone = cell(cells, "gone: heads, neurons")?;
        // Where heads and neurons lose different shares there is no one place across.
        let [heads, neurons] = [0, 1].map(|place| gone.split(", ").nth(place).and_then(Number::read));
        let gone = heads.filter(|heads| Some(heads.mean) == neurons.map(|neurons| neurons.mean))?.mean;
        let teacher = Number::read(&cell(cells, "teacher, dev")?);
        Some(Level {
            arm: cells.first()?.clone(),
            gone,
            teacher,
            student: Number::read(&cell(cells, "student, test")?)?,
        })
    };
    let levels: Vec<Level> = table.rows.iter().filter_map(level).collect();
    let whole = levels.iter().find(|level| level.arm == "whole").ok_or_else(wrong)?;
    let at = knobs.of("level");
    let own = Procedure::read(recorded)?;
    let ready = own.as_ref().map_or(&[][..], |own| &own.levels[..]);
    let lines = |title: &str, unit: &str, of: &dyn Fn(&Level) -> Option<Number>, reference: bool| {
        let series = ARMS.into_iter().map(|(arm, name, role)| {
            let points = levels.iter().filter(|level| level.arm == arm).filter_map(|level| {
                let number = of(level)?;
                Some(Point { x: level.gone, y: number.mean, interval: number.interval })
            });
            Series::new(name, role, points.collect())
        });
        let mut series: Vec<Series> = series.collect();
        series.extend(yours(ready, |level| if reference { level.student[1] } else { level.teacher[0] }));
        let y = Axis::new(unit);
        Lines {
            caption: Caption::new(title, "Over what is gone of the teacher, a line for each way to choose it."),
            x: Axis::new("gone of the teacher, %").between(0.0, 95.0),
            y: if reference { y.with(whole.student.mean, "whole", Role::Quiet) } else { y },
            series,
            cursor: Some(at),
        }
    };
    let pictures = vec![
        picture(lines("The sparse teachers", "accuracy on dev, %", &|level| level.teacher, false)),
        picture(lines("Their students", "accuracy on test, %", &|level| Some(level.student), true)),
    ];
    let mut told = vec![format!("The whole teacher’s student has {} % on test.", whole.student.told(1))];
    told.extend(ARMS.iter().filter_map(|(arm, name, _)| {
        let level = levels.iter().find(|level| level.arm == *arm && level.gone == at)?;
        Some(format!(
            "Without {at:.0} %, {name}: the teacher has {:.1} % on dev, its student {} % on test.",
            level.teacher?.mean,
            level.student.told(1)
        ))
    }));
    if let Some(own) = own {
        told.extend(own.levels.iter().filter_map(|level| {
            let (_, name, _) = YOURS.iter().find(|(arm, ..)| *arm == level.arm)?;
            let [heads, ..] = level.percent;
            let [teacher, student] = [level.teacher[0], level.student[1]].map(|figure| figure.shown());
            Some(format!("{name}, without {heads:.0} %: the teacher has {teacher:.1} % on dev, its student {student:.1} % on test."))
        }));
        if own.levels.is_empty() {
            told.push("Your trial is on its way; its student appears here when it is ready.".into());
        }
        told.push(own.length("means of five seeds"));
    }
    Ok(Shown::new(pictures, told))
}
