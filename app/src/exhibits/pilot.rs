//! Right, and sure: teachers without some of their weights.

use retort_core::Result;

use super::{
    Exhibit, Knob, Knobs, Recorded, Shown, picture,
    read::{missing, results},
    results::{Found, Number},
};
use crate::draw::{Axis, Caption, Lines, Point, Role, Series};

pub const EXHIBIT: Exhibit =
    Exhibit { name: "sparse-teachers/pilot", recorded: &["results.md"], own: &[], run: None, knobs, show };

const CHAPTER: &str = "Random sparsity";
const COLUMNS: [&str; 2] = ["accuracy, %", "variance of the answers"];
const NAMES: [&str; 2] = ["smaller teacher", "larger teacher"];

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let most = tables(recorded)?[0].iter().map(|(percent, _)| *percent).fold(0.0, f64::max);
    Ok(vec![Knob::range("sparsity", "Weights at zero", [0.0, most], 1.0, 0.0, "%")])
}

/// A share of weights at zero, with accuracy and variance there.
type Sparse = (f64, [Number; 2]);

/// Of both teachers: per cent, and both figures there.
fn tables(recorded: &Recorded) -> Result<[Vec<Sparse>; 2]> {
    let results = results(recorded)?;
    let wrong = || missing("results.md", format!("two tables in the chapter {CHAPTER}"));
    let row = |table: &Found, cells: &[String]| {
        let percent = Number::read(cells.first()?)?.mean;
        let of = |column: &str| Number::read(cells.get(table.column(column)?)?);
        Some((percent, [of(COLUMNS[0])?, of(COLUMNS[1])?]))
    };
    let of = |table: &Found| table.rows.iter().map(|cells| row(table, cells)).collect::<Option<Vec<_>>>();
    let tables = results.chapter(CHAPTER).into_iter().map(of).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    tables.try_into().map_err(|_| wrong())
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let tables = tables(recorded)?;
    let at = knobs.of("sparsity");
    let lines = |figure: usize, title: &str, unit: &str| Lines {
        caption: Caption::new(title, "Over the share of weights that are zero, a line for each teacher."),
        x: Axis::new("weights at zero, %").whole().with(at, "", Role::Accent),
        y: Axis::new(unit),
        series: tables
            .iter()
            .zip(NAMES)
            .zip([Role::Student, Role::Teacher])
            .map(|((rows, name), role)| {
                let point = |(x, numbers): &(f64, [Number; 2])| Point {
                    x: *x,
                    y: numbers[figure].mean,
                    interval: numbers[figure].interval,
                };
                Series::new(name, role, rows.iter().map(point).collect())
            })
            .collect(),
        cursor: Some(at),
    };
    let pictures = vec![
        picture(lines(0, "How often it is right", "accuracy on dev, %")),
        picture(lines(1, "How sure it is", "Var(p) on dev")),
    ];
    let told = tables.iter().zip(NAMES).filter_map(|(rows, name)| {
        let (_, [accuracy, variance]) = rows.iter().find(|(percent, _)| *percent == at)?;
        let (_, [_, whole]) = rows.first()?;
        Some(format!(
            "Without {at} % of its weights the {name} is right on {} % and has a variance of {}, {:.0} % of the whole one’s.",
            accuracy.told(1),
            variance.told(4),
            100.0 * variance.mean / whole.mean
        ))
    });
    Ok(Shown::new(pictures, told.collect()))
}
