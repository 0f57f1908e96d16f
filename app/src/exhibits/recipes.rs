//! The table of methods, to be switched and run.

use retort_core::{
    Result,
    recipe::{Column, Row, rows},
    run::{Run, Stage},
};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    ran::{RUN, Ran, accuracy},
    read::{missing, results},
    results::Found,
    studied::{self, passes, point, short},
};
use crate::draw::{Axis, Caption, Dots, Heat, Lane, Mark, Mean, Role};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/recipes",
    recorded: &["results.md"],
    own: &[Own { file: RUN, what: What::Run }],
    run: Some(switched),
    knobs,
    show,
};

/// Steps of a reader's run, over all of its phases.
const STEPS: usize = 96;

/// The recipes as the study has them, and as run files name them.
pub const STUDIED: [(&str, &str); 13] = [
    ("KD", "kd"),
    ("PKD-Skip", "pkd_skip"),
    ("PKD-Last", "pkd_last"),
    ("DKD", "dkd"),
    ("several teachers", "multi_teacher"),
    ("MetaKD", "metakd"),
    ("assistant", "assistants"),
    ("DistilBERT", "distilbert"),
    ("MiniLM", "minilm"),
    ("MiniLMv2", "minilmv2"),
    ("TinyBERT", "tinybert"),
    ("Mixbaseline", "mixbaseline"),
    ("soft only", "soft_only"),
];

/// Keys of the columns' switches.
const KEYS: [&str; 12] =
    ["emb", "scores", "probs", "keys", "queries", "values", "layers", "last", "logits", "mlm", "soft", "hard"];

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    let mut knobs = vec![Knob::choice("recipe", "Recipe", STUDIED.map(|(name, _)| name))];
    knobs.extend(Column::ALL.iter().zip(KEYS).map(|(column, key)| Knob::switch(key, column.name(), true)));
    Ok(knobs)
}

/// The columns that are silent.
fn silent(knobs: &Knobs) -> Vec<Column> {
    Column::ALL.iter().zip(KEYS).filter(|(_, key)| !knobs.on(key)).map(|(column, _)| *column).collect()
}

/// The rows of the study in the table of methods.
pub fn studied() -> Result<Vec<Row>> {
    let all = rows()?;
    let of = |(_, name): &(&str, &str)| {
        all.iter().find(|row| row.name == *name).cloned().ok_or_else(|| missing(name, "a recipe"))
    };
    STUDIED.iter().map(of).collect()
}

/// A short run of a recipe as the study has it, without what is silent.
pub fn without(base: &str, recipe: &str, silent: &[Column]) -> Result<String> {
    let mut run = studied::at(Run::from_toml("the run file", base)?, studied::RECIPES, recipe)?;
    for (index, phase) in run.phases.iter_mut().enumerate() {
        let words = phase.stage != Stage::Task;
        let column = |column: Column| match column {
            Column::Soft if words => Column::Words,
            Column::Hard if words => Column::MaskedWords,
            column => column,
        };
        let mut kept = vec![];
        for line in &phase.objectives {
            let about = line.about(&format!("phases.{index}"))?;
            if about.cells.iter().any(|(cell, _)| !silent.contains(&column(*cell))) {
                kept.push(line.clone());
            }
        }
        phase.objectives = kept;
    }
    run.phases.retain(|phase| !phase.objectives.is_empty());
    if run.phases.is_empty() {
        return Err(missing(recipe, "a term that speaks: switch one on"));
    }
    short(run, STEPS).to_toml()
}

fn switched(base: &str, knobs: &Knobs) -> Result<String> {
    without(base, name_of(knobs.place("recipe")), &silent(knobs))
}

/// The recipe at a place, as the study names it.
fn name_of(place: usize) -> &'static str {
    STUDIED[place.min(STUDIED.len() - 1)].0
}

/// Puts the reader's run into its row, and tells of it; the study read its texts more often.
pub fn beside(dots: &mut Dots, told: &mut Vec<String>, run: &Ran, name: &str, row: usize) -> Result<()> {
    dots.lanes.extend(run.lanes(dots.rows.len(), row, accuracy));
    told.push(run.told(name, 1, " %", accuracy));
    let passes = passes(&point(studied::RECIPES, name)?);
    told.push(format!("Recorded are the means of three seeds with {passes} passes over the texts, phase by phase."));
    Ok(())
}

/// The table as a map: a cell that is filled speaks.
pub fn map(title: &str, rows: &[(&str, &Row)], struck: Vec<[usize; 2]>) -> Heat {
    let value = |row: &Row, column: Column| if row.cell(column).is_empty() { f64::NAN } else { 1.0 };
    Heat {
        caption: Caption::new(title, "Filled: what a recipe matches; struck through: silenced."),
        titles: ["recipe", "matches", "speaks"].map(String::from),
        rows: rows.iter().map(|(name, _)| (*name).to_owned()).collect(),
        columns: Column::ALL.iter().map(|column| column.name().to_owned()).collect(),
        values: rows.iter().map(|(_, row)| Column::ALL.iter().map(|&column| value(row, column)).collect()).collect(),
        most: Some(1.0),
        struck,
        ..Heat::default()
    }
}

/// Students and twins of the study, a row for each of `names`.
pub fn accuracies(table: &Found, title: &str, names: &[&str]) -> Result<Dots> {
    let lane = |name: &str, column: &str, role, mark| {
        let mean = |row: &&str| {
            let number = table.number(row, column).ok_or_else(|| missing("results.md", format!("the row {row}")))?;
            Ok(Some(Mean { value: number.mean, interval: number.interval, each: vec![] }))
        };
        Ok(Lane { name: name.into(), role, mark, means: names.iter().map(mean).collect::<Result<Vec<_>>>()? })
    };
    Ok(Dots {
        caption: Caption::new(title, "Accuracy on test with intervals over three seeds."),
        axis: Axis::new("accuracy on test, %"),
        rows: names.iter().map(|name| (*name).to_owned()).collect(),
        lanes: vec![
            lane("student", "student", Role::Student, Mark::Disc)?,
            lane("untaught twin", "untaught twin", Role::Control, Mark::Ring)?,
        ],
        ..Dots::default()
    })
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let results = results(recorded)?;
    let table =
        results.table("recipes", "", "untaught twin").ok_or_else(|| missing("results.md", "the chapter recipes"))?;
    let chosen = knobs.place("recipe").min(STUDIED.len() - 1);
    let rows = studied()?;
    let named: Vec<(&str, &Row)> = STUDIED.iter().map(|(name, _)| *name).zip(&rows).collect();
    let row = &rows[chosen];
    let silent = silent(knobs);
    let is_silent = |column: &Column| silent.contains(column) && !row.cell(*column).is_empty();
    let places = Column::ALL.iter().enumerate().filter(|(_, column)| is_silent(column));
    let struck = places.map(|(place, _)| [chosen, place]).collect();
    let names = STUDIED.map(|(name, _)| name);
    let (name, _) = STUDIED[chosen];
    let cells = |wanted: bool| {
        let cells = row.cells.iter().filter(|(column, _)| silent.contains(column) != wanted);
        cells.map(|(column, losses)| format!("{} ({losses})", column.name())).collect::<Vec<_>>().join(", ")
    };
    let mut told = vec![format!(
        "{name} matches {}.",
        match cells(true) {
            speaking if speaking.is_empty() => "nothing any more: switch something on".into(),
            speaking => speaking,
        }
    )];
    if !cells(false).is_empty() {
        told.push(format!("Silenced: {}. The figure below is of the whole recipe.", cells(false)));
    }
    let number = |column: &str| table.number(name, column).map_or_else(String::new, |number| number.told(1));
    told.push(format!(
        "Recorded, three seeds: {} % on test, its untaught twin {} %.",
        number("student"),
        number("untaught twin")
    ));
    let mut dots = accuracies(table, "What it came to", &names)?;
    if let Some(run) = Ran::read(recorded)? {
        let row = run.place("recipe");
        beside(&mut dots, &mut told, &run, name_of(row), row)?;
    }
    Ok(Shown::new(vec![picture(map("What is matched", &named, struck)), picture(dots)], told))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = include_str!("../../../www/presets/demo.toml");

    #[test]
    fn a_silenced_cell_is_a_line_less() {
        let lines = |silent: &[Column]| {
            let run = Run::from_toml("run", &without(BASE, "TinyBERT", silent).unwrap()).unwrap();
            run.phases.iter().map(|phase| phase.objectives.len()).collect::<Vec<_>>()
        };
        // Embeddings, attention and hidden states twice, then the answers.
        assert_eq!(lines(&[]), [3, 3, 1]);
        assert_eq!(lines(&[Column::Embeddings]), [2, 2, 1]);
        assert_eq!(lines(&[Column::Soft]), [3, 3]);
        let all = without(BASE, "KD", &[Column::Soft, Column::Hard]).unwrap_err();
        assert_eq!(all.to_string(), "KD: wanted a term that speaks: switch one on, found none");
    }
}
