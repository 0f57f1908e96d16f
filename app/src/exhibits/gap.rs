//! A teacher, and who stands between.

use retort_core::{Result, train::Event};

use super::{
    Exhibit, Knob, Knobs, Recorded, Shown, picture,
    read::{events, results},
};
use crate::{
    draw::{Axis, Boxes, Caption, Lines, Role, Series, Stage, short},
    state::View,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/gap",
    recorded: &["gap-kd.jsonl", "gap-assistant.jsonl", "results.md"],
    own: &[],
    run: None,
    knobs,
    show,
};

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![Knob::switch("assistant", "An assistant stands between", true)])
}

/// The runs of a chain, one after the other.
fn hops(events: &[Event]) -> Vec<View> {
    let starts: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::Started(_)))
        .map(|(place, _)| place)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([events.len()]);
    starts.iter().zip(ends).map(|(from, to)| View::of(&events[*from..to])).collect()
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let with = hops(&events(recorded, "gap-assistant.jsonl")?);
    let without = hops(&events(recorded, "gap-kd.jsonl")?);
    let between = knobs.on("assistant");
    let shown = if between { &with } else { &without };
    let stage = |title: &str, text: String, role| Stage { title: title.into(), text, role };
    let size = |view: &View| view.started.as_ref().map_or([0, 0], |started| started.parameters);
    let mut stages = vec![];
    let (mut pictures, mut told) = (vec![], vec![]);
    for (place, view) in shown.iter().enumerate() {
        let [teacher, learner] = size(view);
        if place == 0 {
            stages.push(stage("teacher", format!("{} numbers", short(teacher as f64)), Role::Teacher));
        }
        let who = view.called("student");
        let last = place + 1 == shown.len();
        stages.push(stage(
            who,
            format!("{} numbers", short(learner as f64)),
            if last { Role::Student } else { Role::Third },
        ));
        let curve = |view: &View, name: String, role| {
            let values = view.accuracy.y.get("student").cloned().unwrap_or_default();
            Series::of(name, role, &view.accuracy.x, &values)
        };
        let mut series = vec![];
        if let (true, Some(other)) = (last && between, without.last()) {
            series.push(curve(other, "without an assistant".into(), Role::Control));
        }
        series.push(curve(view, who.to_owned(), if last { Role::Student } else { Role::Third }));
        let teacher = view.dev.iter().find(|(name, _)| !["student", "control"].contains(&name.as_str()));
        let y = Axis::new("accuracy on dev, %").between(45.0, 80.0);
        let y = teacher.map_or(y.clone(), |(name, eval)| y.with(100.0 * eval.accuracy, name.clone(), Role::Teacher));
        pictures.push(picture(Lines {
            caption: Caption::new(format!("{who} learns"), "Accuracy on dev over steps."),
            x: Axis::new("step").whole(),
            y,
            series,
            cursor: None,
        }));
        if let Some(eval) = view.test.get("student") {
            told.push(format!("The {who} ends with {:.1} % on test.", 100.0 * eval.accuracy));
        }
    }
    pictures.insert(0, picture(Boxes { caption: Caption::new("Who teaches whom", "From left to right."), stages }));
    if let (true, Some(eval)) = (between, without.last().and_then(|view| view.test.get("student"))) {
        told.push(format!("Without an assistant the student ends with {:.1} %.", 100.0 * eval.accuracy));
    }
    let results = results(recorded)?;
    if let Some(table) = results.table("recipes", "", "untaught twin") {
        let of = |row: &str| table.number(row, "student").map_or_else(String::new, |number| number.told(1));
        told.push(format!("Over three seeds: {} % with an assistant, {} % without.", of("assistant"), of("KD")));
    }
    Ok(Shown::new(pictures, told))
}
