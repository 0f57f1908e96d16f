//! One step on the way, taken apart: the terms, what they pull at, one weight, and what the step does.

use retort_core::{Result, train::Apart};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    numbers::signed,
    picture,
    read::{json, missing},
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value, short};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "homotopic/step",
    recorded: &[FILE],
    own: &[Own { file: FILE, what: What::Apart }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Steps taken apart, in a list; a reader's run tells one.
const FILE: &str = "apart.json";
const PARTS: [&str; 4] = ["Forward: the answers", "Every term", "The slopes", "The update"];

/// The steps, the earliest first.
fn steps(recorded: &Recorded) -> Result<Vec<Apart>> {
    let steps: Vec<Apart> = json(recorded, FILE)?;
    if steps.is_empty() { Err(missing(FILE, "a step taken apart")) } else { Ok(steps) }
}

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let names = steps(recorded)?.into_iter().map(|apart| format!("step {}", apart.step + 1));
    Ok(vec![
        // After the first cut, where something is to be seen.
        Knob::choice("step", "Step of the run", names).from(2),
        Knob::time("part", "Part of the step", PARTS.len(), PARTS.len() - 1),
    ])
}

/// Bars of one kind, a group for each name.
fn bars(title: &str, axis: Axis, groups: Vec<String>, columns: Vec<(&str, Role, Vec<f64>)>) -> Bars {
    let column = |(name, role, values): (&str, Role, Vec<f64>)| Column {
        name: name.into(),
        role,
        values: values.into_iter().map(Value::new).collect(),
    };
    Bars {
        caption: Caption::new(title, "Of one sentence, at one step."),
        axis,
        groups,
        columns: columns.into_iter().map(column).collect(),
        level: true,
        ..Bars::default()
    }
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let steps = steps(recorded)?;
    let apart = &steps[knobs.place("step").min(steps.len() - 1)];
    let row = apart.rows.first().ok_or_else(|| missing(FILE, "a row of logits"))?;
    let classes = row.classes.iter().map(|class| class.name.clone()).collect();
    let first = |values: &[f64]| values.first().copied().unwrap_or(f64::NAN);
    let answers = bars(
        PARTS[0],
        Axis::new("probability").between(0.0, 1.0),
        classes,
        vec![
            ("teacher", Role::Teacher, row.classes.iter().map(|class| first(&class.teacher)).collect()),
            ("student", Role::Student, row.classes.iter().map(|class| first(&class.student)).collect()),
        ],
    );
    let names = apart.terms.iter().map(|term| term.name.replace('_', " ")).collect();
    let weighted = apart.terms.iter().map(|term| term.weighted).collect();
    let terms = bars(PARTS[1], Axis::new("as it is weighed in the sum"), names, vec![("term", Role::Third, weighted)]);
    let groups = || apart.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
    let slopes = bars(
        PARTS[2],
        Axis::new("length of the slope, ‖g‖"),
        groups(),
        vec![("slope", Role::Student, apart.groups.iter().map(|group| group.gradient).collect())],
    );
    let update = bars(
        PARTS[3],
        Axis::new("length of the update"),
        groups(),
        vec![("update", Role::Fourth, apart.groups.iter().map(|group| group.update).collect())],
    );
    let weight = &apart.followed;
    let sensitivity = (weight.weight * weight.gradient).abs();
    let distance: f64 = apart.terms.iter().filter(|term| term.name != "cross_entropy").map(|term| term.weighted).sum();
    // Pieces of words go together, and what frames a sentence is not part of it.
    let pieces = apart.tokens.iter().filter(|token| !token.starts_with('[')).cloned().collect::<Vec<_>>();
    let sentence = pieces.join(" ").replace(" ##", "");
    let told = vec![
        format!("“{sentence}”"),
        format!("The loss is {}; the terms of distance are {} of it.", short(apart.total), short(distance)),
        format!(
            "The weight {} is θ = {}, its slope {}: its sensitivity I = |θ · ∂L/∂θ| is {}.",
            weight.which.name,
            short(weight.weight),
            signed(weight.gradient, 5),
            short(sensitivity)
        ),
        format!(
            "The step makes it {}. On this sentence the loss goes from {} to {}.",
            short(weight.updated),
            short(apart.before),
            short(apart.after)
        ),
    ];
    let sum: Vec<String> = apart.terms.iter().map(|term| short(term.weighted)).collect();
    let equation = format!("L = {} = {}", sum.join(" + "), short(apart.total));
    let pictures = [answers, terms, slopes, update];
    let shown = pictures.into_iter().take(knobs.place("part") + 1).map(picture).collect();
    Ok(Shown::new(shown, told).with(equation))
}
