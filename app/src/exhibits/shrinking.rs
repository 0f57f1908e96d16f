//! What is cut, and when.

use retort_core::{Result, score::Cubic, train::shrink::Sizes};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    discrepancy::SIZES,
    picture,
    read::{missing, view},
};
use crate::{
    draw::{Axis, Caption, Inner, Lines, Nested, Point, Role, Series},
    state::{Shrunk, View},
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "homotopic/shrinking",
    recorded: &["half-platon.jsonl", "quarter-platon.jsonl", "eighth-platon.jsonl"],
    own: &[Own { file: "half-platon.jsonl", what: What::Events }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// The share of the steps at the end that have no cut, as the run file has it.
const COOLDOWN: f64 = 0.4;
/// Steps from one cut to the next.
const EVERY: usize = 10;

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let steps = view(recorded, "half-platon.jsonl")?.steps();
    let sizes = SIZES.map(|(_, size)| format!("{size} of the width"));
    Ok(vec![Knob::choice("size", "What is kept", sizes), Knob::time("step", "Step", steps + 1, steps)])
}

/// r(t) of a run that ends with this share of the width.
fn schedule(view: &View, last: f64) -> Cubic {
    let steps = view.steps();
    Cubic { initial: 1.0, last, warmup: 0, cooldown: (COOLDOWN * steps as f64).round() as usize, steps }
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let place = knobs.place("size").min(2);
    let file = format!("{}-platon.jsonl", SIZES[place].0);
    let view = view(recorded, &file)?;
    let from = view.shrunk.first().ok_or_else(|| missing(&file, "a student that becomes smaller"))?.from;
    let step = knobs.place("step").min(view.steps());
    let now = view.shrunk.iter().rev().find(|cut| cut.step <= step).map_or(from, |cut| cut.sizes);
    let last = view.shrunk.last().map_or(1.0, |cut| cut.sizes.hidden as f64 / from.hidden as f64);
    let cubic = schedule(&view, last);
    let curve = (0..=view.steps()).map(|step| Point::new(step as f64, cubic.at(step)));
    let stairs = stairs(&view.shrunk, from, view.steps());
    let lines = Lines {
        caption: Caption::new(
            "What remains",
            "The share r(t) along its cubic, and the width that is really left, a staircase.",
        ),
        x: Axis::new("step").whole().between(0.0, view.steps() as f64),
        y: Axis::new("share that remains").between(0.0, 1.05),
        series: vec![
            Series { mark: None, ..Series::new("r(t)", Role::Quiet, curve.collect()) },
            Series { mark: None, ..Series::new("width", Role::Student, stairs) },
        ],
        cursor: Some(step as f64),
    };
    let inner = |name: &str, of: fn(&Sizes) -> [usize; 2]| Inner {
        name: name.into(),
        then: of(&from).map(|size| size as f64),
        now: of(&now).map(|size| size as f64),
    };
    let boxes = Nested {
        caption: Caption::new("The matrices, to scale", "Each box inside of what it was at the first step."),
        boxes: vec![
            // Of 4,162 rows of embeddings a sixteenth, so that the others can be seen.
            inner("embeddings (1/16)", |sizes| [sizes.hidden, 4162 / 16]),
            inner("a head", |sizes| [sizes.hidden, sizes.head]),
            inner("feed-forward", |sizes| [sizes.hidden, sizes.neurons]),
        ],
    };
    let told = vec![format!(
        "Step {step}: width {} of {}, {} of {} neurons a layer, {} of {} numbers a head.",
        now.hidden, from.hidden, now.neurons, from.neurons, now.head, from.head
    )];
    let end = cubic.steps - cubic.cooldown;
    let equation = match step {
        step if step >= end => format!("r({step}) = r_f = {last:.3}, for {step} ≥ {end}"),
        step => format!(
            "r({step}) = {last:.3} + {:.3} · (1 − {step}/{end})³ = {:.3}; a cut is due every {EVERY} steps",
            1.0 - last,
            cubic.at(step)
        ),
    };
    Ok(Shown::new(vec![picture(boxes), picture(lines)], told).with(equation))
}

/// The width after every cut, held until the next.
fn stairs(cuts: &[Shrunk], from: Sizes, steps: usize) -> Vec<Point> {
    let mut points = vec![Point::new(0.0, 1.0)];
    let mut level = 1.0;
    for cut in cuts {
        points.push(Point::new(cut.step as f64, level));
        level = cut.sizes.hidden as f64 / from.hidden as f64;
        points.push(Point::new(cut.step as f64, level));
    }
    points.push(Point::new(steps as f64, level));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_schedule() {
        // Half of 200 steps on a way of 120: 0.5 + 0.5/8; a quarter: 0.5 + 0.5 · 27/64.
        let cubic = Cubic { initial: 1.0, last: 0.5, warmup: 0, cooldown: 80, steps: 200 };
        assert_eq!([cubic.at(60), cubic.at(30)], [0.5625, 0.5 + 0.5 * 27.0 / 64.0]);
    }
}
