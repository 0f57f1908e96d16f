//! One step, term by term: what each line of a recipe comes to on one sentence, and how hard it pulls.

use serde::Deserialize;

use retort_core::{Result, run::Run, train::Apart};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    ran::{STEP, step},
    read::{json, missing},
    studied,
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/step",
    recorded: &["terms.json"],
    own: &[Own { file: STEP, what: What::Apart }],
    run: Some(alone),
    knobs,
    show,
};

/// Steps of a reader's run.
const STEPS: usize = 48;

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

/// The recipes whose lines are recorded, as the study names them.
const TOLD: [&str; 10] =
    ["KD", "PKD-Skip", "PKD-Last", "DKD", "DistilBERT", "MiniLM", "MiniLMv2", "TinyBERT", "Mixbaseline", "soft only"];

/// A run of the first chosen phase, without the recipe's others.
fn alone(base: &str, knobs: &Knobs) -> Result<String> {
    let base = Run::from_toml("the run file", base)?;
    let mut place = knobs.place("one");
    for name in TOLD {
        let mut run = studied::at(base.clone(), studied::RECIPES, name)?;
        if place < run.phases.len() {
            run.phases = vec![run.phases.swap_remove(place)];
            return studied::short(run, STEPS).to_toml();
        }
        place -= run.phases.len();
    }
    Err(missing("the recipes", "such a phase"))
}

/// Pairs of bars, a pair for each line: its method, its value and the length of its slope.
fn bars(title: &str, of: &[(&str, f64, f64)]) -> Bars {
    let column = |name: &str, role, values: Vec<f64>| Column {
        name: name.into(),
        role,
        values: values.into_iter().map(Value::new).collect(),
    };
    Bars {
        caption: Caption::new(title, "Two bars for each term: its value, and the length of its slope."),
        axis: Axis::new("value; length of the slope"),
        groups: of.iter().map(|(method, ..)| method.replace('_', " ")).collect(),
        columns: vec![
            column("value, weighed", Role::Third, of.iter().map(|(_, value, _)| *value).collect()),
            column("slope on the weights", Role::Student, of.iter().map(|(.., slope)| *slope).collect()),
        ],
        level: true,
        ..Bars::default()
    }
}

/// The largest value and the strongest pull, in a sentence.
fn largest(title: &str, of: &[(&str, f64, f64)]) -> Option<String> {
    let (value, weighed, _) = of.iter().max_by(|(_, one, _), (_, other, _)| one.total_cmp(other))?;
    let (slope, _, length) = of.iter().max_by(|(.., one), (.., other)| one.total_cmp(other))?;
    let [value, slope] = [value, slope].map(|method| method.replace('_', " "));
    Some(format!(
        "{title}: the largest value is that of {value} ({weighed:.3}), the strongest pull that of {slope} ({length:.3})."
    ))
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let lines: Vec<Line> = json(recorded, "terms.json")?;
    let phases = phases(&lines);
    let (mut pictures, mut told) = (vec![], vec![]);
    let mut add = |title: String, of: &[(&str, f64, f64)]| {
        pictures.push(picture(bars(&title, of)));
        told.extend(largest(&title, of));
    };
    let own = step(recorded)?;
    if let Some(apart) = &own {
        let of: Vec<_> = apart.lines.iter().map(|line| (&line.method[..], line.value, line.slope)).collect();
        add(format!("Your run, step {}", apart.step + 1), &of);
    }
    // The reader's step stands in the place of the first.
    for key in ["one", "other"].into_iter().skip(usize::from(own.is_some())) {
        let Some((recipe, phase)) = phases.get(knobs.place(key)) else { continue };
        let of = lines.iter().filter(|line| (&line.recipe, &line.phase) == (recipe, phase));
        let of: Vec<_> = of.map(|line| (&line.method[..], line.value, line.slope)).collect();
        add(format!("{recipe}, {phase}"), &of);
    }
    told.extend(own.as_ref().map(sentence));
    Ok(Shown::new(pictures, told))
}

/// What the reader's step is of.
fn sentence(apart: &Apart) -> String {
    let [taken, steps] = apart.of_phase;
    format!(
        "Your step is number {} of {steps}, on one sentence of {} tokens; the recorded ones are first steps. The sum of its terms is {:.3}, the length of its slope {:.3}.",
        taken + 1,
        apart.tokens.len(),
        apart.total,
        apart.gradient_norm
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_of_the_phase_that_is_recorded() {
        let text = include_str!("../../../www/recorded/terms.json");
        let recorded: Recorded = [("terms.json".to_owned(), text.to_owned())].into();
        let lines: Vec<Line> = json(&recorded, "terms.json").unwrap();
        let all = knobs(&recorded).unwrap();
        let base = include_str!("../../../www/presets/demo.toml");
        for (place, (recipe, phase)) in phases(&lines).iter().enumerate() {
            let mut chosen = Knobs::start(&all);
            chosen.set(&all[0], place as f64);
            let run = Run::from_toml("run", &alone(base, &chosen).unwrap()).unwrap();
            assert_eq!((run.phases.len(), &run.phases[0].name), (1, phase), "{recipe}");
            let of = lines.iter().filter(|line| (&line.recipe, &line.phase) == (recipe, phase));
            let methods: Vec<&String> = run.phases[0].objectives.iter().map(|line| &line.method).collect();
            assert_eq!(methods, of.map(|line| &line.method).collect::<Vec<_>>(), "{recipe}, {phase}");
        }
    }
}
