//! Right, and sure: teachers without some of their weights.

use retort_core::{Result, run::Run, score::pilot};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    procedure::STEPS,
    ran::DRAWS,
    read::{json, missing, results},
    results::{Found, Number},
    studied,
};
use crate::draw::{Axis, Caption, Lines, Point, Role, Series};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "sparse-teachers/pilot",
    recorded: &["results.md"],
    own: &[Own { file: DRAWS, what: What::Sparse }],
    run: Some(taught),
    knobs,
    show,
};

/// Weights at zero in a reader's run, in per cent: those that are recorded.
pub const SHARES: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

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

/// A short run of the companion's student: its teacher can be asked for as long as it is open.
fn taught(base: &str, _: &Knobs) -> Result<String> {
    let run = Run { stark: None, ..Run::from_toml("the run file", base)? };
    studied::short(run, STEPS).to_toml()
}

/// The reader's draws at every share: per cent, how many there are, and the means of accuracy and variance.
fn draws(recorded: &Recorded) -> Result<Vec<(f64, usize, [f64; 2])>> {
    if !recorded.contains_key(DRAWS) {
        return Ok(vec![]);
    }
    let points: Vec<pilot::Point> = json(recorded, DRAWS)?;
    let at = |percent: f64| {
        let of: Vec<&pilot::Point> =
            points.iter().filter(|point| (100.0 * point.sparsity - percent).abs() < 1e-9).collect();
        let mean = |value: fn(&pilot::Point) -> f64| of.iter().map(|point| value(point)).sum::<f64>() / of.len() as f64;
        (!of.is_empty())
            .then(|| (percent, of.len(), [mean(|point| 100.0 * point.accuracy), mean(|point| point.confidence)]))
    };
    Ok(SHARES.into_iter().filter_map(at).collect())
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let tables = tables(recorded)?;
    let own = draws(recorded)?;
    let at = knobs.of("sparsity");
    let yours = |figure: usize| {
        let points = own.iter().map(|(percent, _, values)| Point::new(*percent, values[figure]));
        (!own.is_empty()).then(|| Series::new("your run’s teacher", Role::Fourth, points.collect()))
    };
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
            .chain(yours(figure))
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
    let mut told: Vec<String> = told.collect();
    if let Some((_, count, [accuracy, variance])) = own.iter().find(|(percent, ..)| *percent == at) {
        told.push(format!(
            "Without {at} % your run’s teacher is right on {accuracy:.1} % and has a variance of {variance:.4}: {count} {}, where the recorded means are of ten.",
            if *count == 1 { "draw" } else { "draws" }
        ));
    }
    Ok(Shown::new(pictures, told))
}
