//! `retort methods`: what can be learned, and how the papers combine it.

use retort_core::{
    Result,
    objective::{Entry, METHODS},
    recipe::{Column, RECIPES, Recipe, Row, rows},
};
use serde_json::{Map, Value, json};

use super::{Exit, out};
use crate::terms::settings;

/// Lists recipes and objectives, or tells of one.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A recipe or an objective: its paper, formulas, constants, constraint, and a run file
    name: Option<String>,
    /// One recipe or objective a line, as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the table of recipes and the objectives they are made of, or one of either.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    match &arguments.name {
        Some(name) => match METHODS.iter().find(|entry| entry.name == name && Recipe::find("", name).is_err()) {
            Some(entry) => objective(entry)?,
            None => recipe(&Recipe::find("retort methods", name)?)?,
        },
        None if arguments.json => lines()?,
        None => table()?,
    }
    Ok(Exit::Fine)
}

fn lines() -> Result<()> {
    for row in rows()? {
        let cells: Map<String, Value> =
            row.cells.iter().map(|(column, losses)| (column.name().to_owned(), json!(losses))).collect();
        out::json(&json!({
            "recipe": row.name,
            "title": row.title,
            "phases": row.distillations,
            "stage": row.stage,
            "matches": cells,
            "constraint": row.constraint.name(),
        }))?;
    }
    for entry in METHODS {
        out::json(&json!({
            "name": entry.name,
            "formula": entry.formula,
            "paper": entry.paper,
            "defaults": (entry.defaults)(),
        }))?;
    }
    Ok(())
}

fn table() -> Result<()> {
    out::line("Recipes: `recipe = \"NAME\"` in a run file; `retort methods NAME` tells more.\n")?;
    let rows = rows()?;
    let body: Vec<[String; COLUMNS]> = rows.iter().map(cells).collect();
    out::table(header(), &body)?;
    out::line("\nObjectives: `{ method = \"NAME\", … }` in a phase.\n")?;
    for entry in METHODS {
        out::line(format!("{:<18}{}", entry.name, entry.formula))?;
    }
    Ok(())
}

fn recipe(recipe: &Recipe) -> Result<()> {
    let (about, _) = recipe.parts()?;
    out::line(format!("{} (`{}`)", about.title, recipe.name))?;
    out::line(format!("  paper       {}", about.paper))?;
    out::line(format!("  constraint  {}", about.constraint.name()))?;
    if !about.note.is_empty() {
        out::line(format!("  note        {}", about.note))?;
    }
    let run = recipe.run()?;
    for phase in &run.phases {
        out::line(format!("  phase       {}", phase.name))?;
        for weighted in &phase.objectives {
            if let Some(entry) = METHODS.iter().find(|entry| entry.name == weighted.method) {
                let given = settings(&weighted.settings);
                out::line(format!("    {} × {}   {}   [{given}]", weighted.weight, entry.name, entry.formula))?;
            }
        }
    }
    out::line("\nA run file that follows it; every line may be changed or left out:\n")?;
    out::line(recipe.example()?.to_toml()?)
}

fn objective(entry: &Entry) -> Result<()> {
    out::line(entry.name)?;
    out::line(format!("  formula   {}", entry.formula))?;
    out::line(format!("  paper     {}", entry.paper))?;
    let defaults = (entry.defaults)();
    let settings = settings(defaults.as_object().unwrap_or(&Map::new()));
    if !settings.is_empty() {
        out::line(format!("  settings  {settings}"))?;
    }
    let users: Vec<&str> = RECIPES
        .iter()
        .filter(|recipe| {
            recipe.run().is_ok_and(|run| {
                run.phases.iter().flat_map(|phase| &phase.objectives).any(|weighted| weighted.method == entry.name)
            })
        })
        .map(|recipe| recipe.name)
        .collect();
    if !users.is_empty() {
        out::line(format!("  recipes   {}", users.join(", ")))?;
    }
    Ok(())
}

/// Name, stage, what can be matched, constraint.
const COLUMNS: usize = Column::ALL.len() + 3;

fn header() -> [&'static str; COLUMNS] {
    std::array::from_fn(|column| match column {
        0 => "recipe",
        1 => "stage",
        _ => Column::ALL.get(column - 2).map_or("constraint", |column| column.name()),
    })
}

fn cells(row: &Row) -> [String; COLUMNS] {
    let cell = |column: usize| match column {
        0 => row.name,
        1 => row.stage,
        _ => Column::ALL.get(column - 2).map_or(row.constraint.name(), |&column| row.cell(column)),
    };
    std::array::from_fn(|column| cell(column).to_owned())
}
