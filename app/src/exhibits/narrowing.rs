//! One step on the way: every term of the loss, and how much of the student is left.

use retort_core::{
    Result,
    train::{Event, Losses},
};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    read::{events, missing},
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value, short};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "homotopic/step",
    recorded: &["half-platon.jsonl"],
    own: &[Own { file: "half-platon.jsonl", what: What::Events }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Every logged step with its losses.
fn steps(recorded: &Recorded) -> Result<Vec<(usize, Losses)>> {
    let all = events(recorded, "half-platon.jsonl")?.into_iter().filter_map(|event| match event {
        Event::Step(step) => Some((step.step, step.losses?)),
        _ => None,
    });
    let steps: Vec<(usize, Losses)> = all.collect();
    if steps.is_empty() { Err(missing("half-platon.jsonl", "steps with their losses")) } else { Ok(steps) }
}

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let steps = steps(recorded)?.len();
    Ok(vec![
        Knob::time("step", "Step", steps, 10.min(steps.saturating_sub(1))),
        Knob::switch("distance", "Only the terms of distance", false),
    ])
}

/// What a term is called in the formula, in the order of the sum; the parts of a term are told together.
const TERMS: [(&str, &str); 5] = [
    ("cross_entropy", "L_task"),
    ("kl", "L_pred"),
    ("hidden", "Σ MSE(H W, H)"),
    ("attention_scores", "Σ MSE(A, A)"),
    ("embeddings", "MSE(E W, E)"),
];

/// The terms of the sum, weighed.
pub fn sums(losses: &Losses) -> [f64; 5] {
    TERMS.map(|(name, _)| {
        let of = losses.weighted.iter().filter(|(term, _)| term.starts_with(name));
        of.map(|(_, value)| value).sum()
    })
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let steps = steps(recorded)?;
    let (step, losses) = &steps[knobs.place("step").min(steps.len() - 1)];
    let values = sums(losses);
    let first = sums(&steps[0].1);
    let from = usize::from(knobs.on("distance"));
    let bars = |title: String, values: &[f64], groups: Vec<String>, unit: &str, role| Bars {
        caption: Caption::new(title, "A bar for each term of the loss, as it is weighed in the sum."),
        axis: Axis::new(unit),
        groups,
        columns: vec![Column { name: unit.into(), role, values: values.iter().copied().map(Value::new).collect() }],
        level: true,
        ..Bars::default()
    };
    let names: Vec<String> = TERMS.iter().map(|(_, name)| (*name).to_owned()).collect();
    let terms = bars(
        format!("The terms at step {step}"),
        &values[from..],
        names[from..].to_vec(),
        "nats; squares",
        Role::Third,
    );
    let layers: Vec<(&String, f64)> = losses
        .weighted
        .iter()
        .filter(|(term, _)| term.starts_with("hidden"))
        .map(|(term, value)| (term, *value))
        .collect();
    let mut pictures = vec![picture(terms)];
    if layers.len() > 1 {
        let names = layers.iter().map(|(name, _)| name.replace('_', " ")).collect();
        let values: Vec<f64> = layers.iter().map(|(_, value)| *value).collect();
        pictures.push(picture(bars(
            format!("Hidden states at step {step}, layer by layer"),
            &values,
            names,
            "MSE",
            Role::Student,
        )));
    }
    let largest = TERMS.iter().zip(values).max_by(|one, other| one.1.total_cmp(&other.1));
    let mut told = vec![format!(
        "Step {step}: the loss is {:.3}. At the first step the terms of distance were {} in all.",
        losses.total,
        short(first[1..].iter().sum::<f64>())
    )];
    told.extend(largest.map(|((_, name), value)| {
        format!("The largest term is {name}: {:.0} % of the sum.", 100.0 * value / losses.total)
    }));
    told.extend(losses.kept.map(|kept| format!("{:.1} % of the student’s numbers are left.", 100.0 * kept)));
    let sum: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
    let equation = format!("L = {} = {:.4}", sum.join(" + "), values.iter().sum::<f64>());
    Ok(Shown::new(pictures, told).with(equation))
}
