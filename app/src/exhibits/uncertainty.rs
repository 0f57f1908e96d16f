//! How unsure two teachers are.

use retort_core::{Result, train::Event};

use super::{Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture, read};
use crate::draw::{Axis, Caption, Counts, Histogram, Role};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "autoregressive/uncertainty",
    recorded: &["unsure-small.jsonl", "unsure-large.jsonl"],
    own: &[Own { file: "unsure-large.jsonl", what: What::Events }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// Bins from 0 to 1.
const BINS: usize = 20;

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![Knob::range("above", "Words with a UNC above", [0.0, 0.95], 0.05, 0.9, "")])
}

/// The words of a teacher's last evaluation, in bins.
fn counts(recorded: &Recorded, file: &str) -> Result<Vec<f64>> {
    let all = read::events(recorded, file)?;
    let of = |event: &Event| match event {
        Event::Eval(eval) if eval.who == "teacher" && eval.uncertainty.len() == BINS => {
            Some(eval.uncertainty.iter().map(|count| *count as f64).collect())
        }
        _ => None,
    };
    all.iter().rev().find_map(of).ok_or_else(|| read::missing(file, "a teacher’s words in twenty bins"))
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let above = knobs.of("above");
    let first = (above * BINS as f64).round() as usize;
    let (mut sets, mut told) = (vec![], vec![]);
    for (name, file, role) in
        [("smaller", "unsure-small.jsonl", Role::Student), ("larger", "unsure-large.jsonl", Role::Teacher)]
    {
        let counts = counts(recorded, file)?;
        let sum: f64 = counts.iter().sum();
        let shares: Vec<f64> = counts.iter().map(|count| 100.0 * count / sum).collect();
        let mean =
            counts.iter().zip(0..).map(|(count, bin)| count * (f64::from(bin) + 0.5) / BINS as f64).sum::<f64>() / sum;
        told.push(format!(
            "Of the {name} teacher’s {sum:.0} words {:.1} % have a UNC above {above:.2}; its mean UNC is {mean:.3}.",
            shares[first..].iter().sum::<f64>()
        ));
        sets.push(Counts { name: format!("{name} teacher"), role, counts: shares });
    }
    let histogram = Histogram {
        caption: Caption::new("UNC of the held-out words", "Twenty bins from 0 to 1, for two teachers."),
        x: Axis::new("UNC, 1 − p_g").between(0.0, 1.0).with(above, "", Role::Accent),
        y: Axis::new("share of the words, %"),
        edges: (0..=BINS).map(|edge| edge as f64 / BINS as f64).collect(),
        counts: sets,
    };
    Ok(Shown::new(vec![picture(histogram)], told))
}
