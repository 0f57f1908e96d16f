//! Distance from the teacher, along the path and from a random start.

use retort_core::Result;

use super::{Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture, read};
use crate::{
    draw::{Axis, Caption, Lines, Role, Series},
    state::View,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "homotopic/discrepancy",
    recorded: &[
        "half-platon.jsonl",
        "half-random-start.jsonl",
        "quarter-platon.jsonl",
        "quarter-random-start.jsonl",
        "eighth-platon.jsonl",
        "eighth-random-start.jsonl",
    ],
    own: &[Own { file: "half-platon.jsonl", what: What::Events }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Names of the sizes in files, and as they are told.
pub const SIZES: [(&str, &str); 3] = [("half", "1/2"), ("quarter", "1/4"), ("eighth", "1/8")];

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let steps = read::view(recorded, "half-platon.jsonl")?.losses.x.len();
    let sizes = SIZES.map(|(_, size)| format!("{size} of the width"));
    Ok(vec![Knob::choice("size", "What is kept", sizes), Knob::time("step", "Step", steps, steps.saturating_sub(1))])
}

/// KL at every logged step.
pub fn distance(view: &View) -> Vec<Option<f64>> {
    view.losses.y.get("kl").cloned().unwrap_or_default()
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let (size, kept) = SIZES[knobs.place("size").min(2)];
    let [path, start] = ["platon", "random-start"].map(|way| read::view(recorded, &format!("{size}-{way}.jsonl")));
    let [path, start] = [path?, start?];
    let place = knobs.place("step").min(path.losses.x.len().saturating_sub(1));
    let at = path.losses.x.get(place).copied().unwrap_or(0.0);
    let line = |view: &View, name: &str, role: Role| {
        let shown = view.losses.x.iter().zip(distance(view)).map(|(x, value)| value.filter(|_| *x <= at));
        Series { mark: None, ..Series::of(name, role, &view.losses.x, &shown.collect::<Vec<_>>()) }
    };
    let most = [&path, &start].into_iter().flat_map(distance).flatten().fold(0.0, f64::max);
    let steps = path.steps().max(1) as f64;
    let cuts = path.shrunk.iter().map(|cut| cut.step as f64);
    let x = cuts
        .filter(|step| *step <= at)
        .fold(Axis::new("step").whole().between(0.0, steps), |axis, step| axis.with(step, "", Role::Quiet));
    let lines = Lines {
        caption: Caption::new(
            "Distance from the teacher",
            "KL at every step, of a student that shrinks from its teacher and of one from random weights; upright lines are cuts.",
        ),
        x,
        y: Axis::new("KL(p_t ‖ p_s), nats").between(0.0, 1.05 * most.max(1e-9)),
        series: vec![line(&path, "from the teacher", Role::Student), line(&start, "random start", Role::Control)],
        cursor: Some(at),
    };
    let value = |view: &View| {
        let near = view.losses.x.iter().position(|x| *x == at);
        near.and_then(|place| distance(view).get(place).copied().flatten()).unwrap_or(f64::NAN)
    };
    let mean = |view: &View| {
        let all: Vec<f64> = distance(view).into_iter().flatten().collect();
        all.iter().sum::<f64>() / all.len().max(1) as f64
    };
    let mut told = vec![
        format!(
            "Step {at}, {kept} kept in the end: {:.4} nats along the path, {:.4} from random weights.",
            value(&path),
            value(&start)
        ),
        format!("Means over all steps: {:.3} and {:.3}.", mean(&path), mean(&start)),
    ];
    told.extend(path.shrunk.iter().rev().find(|cut| cut.step as f64 <= at).map(|cut| {
        let after = |step: usize| {
            let place = path.losses.x.iter().position(|x| *x == step as f64)?;
            distance(&path).get(place).copied().flatten()
        };
        let [before, jump] = [cut.step, cut.step + 1].map(|step| after(step).unwrap_or(f64::NAN));
        format!("The last cut came after step {}: {before:.4} nats before it, {jump:.4} after it.", cut.step)
    }));
    Ok(Shown::new(vec![picture(lines)], told))
}
