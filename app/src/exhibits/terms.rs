//! One step, term by term: what each line of a recipe comes to on one sentence, and how hard it pulls.

use serde::Deserialize;

use retort_core::Result;

use super::{Exhibit, Knob, Knobs, Recorded, Shown, picture, read::json};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value};

pub const EXHIBIT: Exhibit =
    Exhibit { name: "survey/step", recorded: &["terms.json"], own: &[], run: None, knobs, show };

/// A line of a recipe's phase at the first step, alone.
#[derive(Deserialize)]
struct Line {
    recipe: String,
    phase: String,
    method: String,
    /// As it is weighed in the sum.
    value: f64,
    /// The length of its slope on the student's weights.
    slope: f64,
}

/// Recipes in their order, with their phases.
fn phases(lines: &[Line]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = lines.iter().map(|line| (line.recipe.clone(), line.phase.clone())).collect();
    all.dedup();
    all
}

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let lines: Vec<Line> = json(recorded, "terms.json")?;
    let names: Vec<String> = phases(&lines).into_iter().map(|(recipe, phase)| format!("{recipe}, {phase}")).collect();
    let place = |wanted: &str| names.iter().position(|name| name.starts_with(wanted)).unwrap_or(0);
    let [one, other] = ["TinyBERT", "Mixbaseline"].map(place);
    let choice = |key, label: &str, first| Knob::choice(key, label, names.clone()).from(first);
    Ok(vec![choice("one", "A recipe", one), choice("other", "Beside it", other)])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let lines: Vec<Line> = json(recorded, "terms.json")?;
    let phases = phases(&lines);
    let (mut pictures, mut told) = (vec![], vec![]);
    for key in ["one", "other"] {
        let Some((recipe, phase)) = phases.get(knobs.place(key)) else { continue };
        let of: Vec<&Line> = lines.iter().filter(|line| (&line.recipe, &line.phase) == (recipe, phase)).collect();
        let column = |name: &str, role, value: fn(&Line) -> f64| Column {
            name: name.into(),
            role,
            values: of.iter().map(|line| Value::new(value(line))).collect(),
        };
        pictures.push(picture(Bars {
            caption: Caption::new(
                format!("{recipe}, {phase}"),
                "Two bars for each term: its value, and the length of its slope.",
            ),
            axis: Axis::new("value; length of the slope"),
            groups: of.iter().map(|line| line.method.replace('_', " ")).collect(),
            columns: vec![
                column("value, weighed", Role::Third, |line| line.value),
                column("slope on the weights", Role::Student, |line| line.slope),
            ],
            level: true,
            ..Bars::default()
        }));
        let largest = |value: fn(&Line) -> f64| of.iter().max_by(|one, other| value(one).total_cmp(&value(other)));
        if let (Some(value), Some(slope)) = (largest(|line| line.value), largest(|line| line.slope)) {
            told.push(format!(
                "{recipe}, {phase}: the largest value is that of {} ({:.3}), the strongest pull that of {} ({:.3}).",
                value.method.replace('_', " "),
                value.value,
                slope.method.replace('_', " "),
                slope.slope
            ));
        }
    }
    Ok(Shown::new(pictures, told))
}
