//! Every head and neuron by what it matters to the teacher and to its student, and the line below which units go.

use retort_core::{
    Result,
    score::{Scored, Scores, keep},
};

use super::{Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture, read};
use crate::{
    draw::{Axis, Caption, Class, Cut, Dot, Mark, Plane, Role},
    state::units::cut,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "sparse-teachers/plane",
    recorded: &["scores.json"],
    own: &[Own { file: "scores.json", what: What::Scores }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![
        Knob::range("lambda", "λ, the weight of what the teacher itself feels", [0.0, 1.0], 0.05, 0.5, ""),
        Knob::range("level", "Level: what goes, of heads and of neurons", [0.0, 90.0], 5.0, 30.0, "%"),
    ])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let scores = read::scores(recorded, "scores.json")?;
    if scores.heads.felt.friendly.is_empty() || scores.neurons.felt.friendly.is_empty() {
        return Err(read::missing("scores.json", "scores by a student too"));
    }
    let [lambda, level] = ["lambda", "level"].map(|key| knobs.of(key));
    let ways = [1.0, 0.0, lambda].map(|lambda| scores.clone().with_lambda(lambda));
    let mut shown = Shown::new(vec![], vec![]);
    type Of = fn(&Scores) -> &Scored;
    let kinds: [(&str, Of); 2] = [("head", |scores| &scores.heads), ("neuron", |scores| &scores.neurons)];
    for (unit, of) in kinds {
        let [p, q, blend] = ways.each_ref().map(|scores| &of(scores).score);
        let kept = keep(blend, level);
        let gone = kept.iter().flatten().filter(|kept| !**kept).count();
        let dot = |(layer, unit_number): (usize, usize)| Dot {
            at: [p[layer][unit_number], q[layer][unit_number]],
            class: usize::from(!kept[layer][unit_number]),
            name: format!("layer {layer}, {unit} {unit_number}"),
        };
        let places = || p.iter().enumerate().flat_map(|(layer, units)| (0..units.len()).map(move |unit| (layer, unit)));
        let sum = cut(blend, &kept);
        let class = |name: &str, role, mark| Class { name: name.into(), role, mark };
        shown.pictures.push(picture(Plane {
            caption: Caption::new(
                format!("{}s by both scores", capital(unit)),
                "Expressiveness across, friendliness up; what lies below the line goes.",
            ),
            x: Axis::new("expressiveness, of its layer’s length"),
            y: Axis::new("friendliness, of its layer’s length"),
            classes: vec![class("stays", Role::Student, Mark::Disc), class("goes", Role::Control, Mark::Ring)],
            points: places().map(dot).collect(),
            cut: sum.map(|sum| Cut { weights: [lambda, 1.0 - lambda], sum, label: format!("{level:.0} %") }),
        }));
        shown.told.push(format!("{gone} of {} {unit}s go.", places().count()));
        // The one that just stays.
        let stays = places().filter(|(layer, unit)| kept[*layer][*unit]);
        let last = stays.min_by(|a, b| blend[a.0][a.1].total_cmp(&blend[b.0][b.1]));
        if let (None, Some((layer, number))) = (&shown.equation, last) {
            let [p, q, blend] = [p, q, blend].map(|scores| scores[layer][number]);
            shown = shown.with(format!(
                "I = λ · P/‖P‖ + (1 − λ) · Q/‖Q‖ = {lambda:.2} · {p:.3} + {:.2} · {q:.3} = {blend:.3}, of {unit} {number} in layer {layer}, the lowest that stays",
                1.0 - lambda
            ));
        }
    }
    Ok(shown)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
