//! Everything, or only the answers.

use retort_core::{Result, recipe::Column};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    ran::{RUN, Ran},
    read::{missing, results},
    recipes::{STUDIED, accuracies, beside, map, studied, without},
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/soft",
    recorded: &["results.md"],
    own: &[Own { file: RUN, what: What::Run }],
    run: Some(less),
    knobs,
    show,
};

const ROWS: [&str; 3] = ["TinyBERT", "Mixbaseline", "soft only"];
/// The row from which terms are taken.
const FULL: usize = 1;

/// What there is to silence: all but the soft terms, of words and of classes.
fn order() -> Vec<Column> {
    Column::ALL.into_iter().filter(|column| ![Column::Words, Column::Soft].contains(column)).collect()
}

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![Knob::range(
        "silenced",
        "Columns of Mixbaseline silenced, from the left",
        [0.0, order().len() as f64],
        1.0,
        0.0,
        "",
    )])
}

fn less(base: &str, knobs: &Knobs) -> Result<String> {
    without(base, ROWS[FULL], &order()[..knobs.place("silenced").min(order().len())])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let results = results(recorded)?;
    let table =
        results.table("recipes", "", "untaught twin").ok_or_else(|| missing("results.md", "the chapter recipes"))?;
    let all = studied()?;
    let rows: Vec<_> = STUDIED
        .iter()
        .zip(&all)
        .filter(|((name, _), _)| ROWS.contains(name))
        .map(|((name, _), row)| (*name, row))
        .collect();
    let order = order();
    let silent = &order[..knobs.place("silenced").min(order.len())];
    let (_, full) = rows.get(FULL).ok_or_else(|| missing("recipes", "Mixbaseline"))?;
    let places =
        Column::ALL.iter().enumerate().filter(|(_, column)| silent.contains(column) && !full.cell(**column).is_empty());
    let struck: Vec<[usize; 2]> = places.map(|(place, _)| [FULL, place]).collect();
    let left: Vec<&str> =
        full.cells.iter().filter(|(column, _)| !silent.contains(column)).map(|(column, _)| column.name()).collect();
    let mut told = vec![format!("Of Mixbaseline’s terms {} still speak: {}.", left.len(), left.join(", "))];
    for name in ROWS {
        let number = |column: &str| table.number(name, column).map_or_else(String::new, |number| number.told(1));
        told.push(format!("{name}: {} % on test, its untaught twin {} %.", number("student"), number("untaught twin")));
    }
    let mut dots = accuracies(table, "Three rows of the study", &ROWS)?;
    if let Some(run) = Ran::read(recorded)? {
        beside(&mut dots, &mut told, &run, ROWS[FULL], FULL)?;
        match run.place("silenced") {
            0 => {}
            count => told.push(format!("Your run was without the first {count} columns.")),
        }
    }
    Ok(Shown::new(vec![picture(map("What is matched", &rows, struck)), picture(dots)], told))
}
