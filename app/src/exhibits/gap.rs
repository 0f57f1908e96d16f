//! A teacher, and who stands between.

use retort_core::{Result, run::Run, train::Event};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    ran::{RUN, Ran, accuracy},
    read::{events, results},
    studied,
};
use crate::{
    draw::{Axis, Boxes, Caption, Lines, Role, Series, Stage, short},
    state::View,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "survey/gap",
    recorded: &["gap-kd.jsonl", "gap-assistant.jsonl", "results.md"],
    own: &[Own { file: RUN, what: What::Run }],
    run: Some(chain),
    knobs,
    show,
};

/// The rows of the study without and with an assistant.
const ROWS: [&str; 2] = ["KD", "assistant"];
/// Steps of every hop of a reader's run.
const STEPS: usize = 64;

/// The chain that is chosen.
fn chain(base: &str, knobs: &Knobs) -> Result<String> {
    let run = Run::from_toml("the run file", base)?;
    let run = studied::at(run, studied::RECIPES, ROWS[usize::from(knobs.on("assistant"))])?;
    studied::short(run, STEPS).to_toml()
}

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
    let own = Ran::read(recorded)?;
    let yours = own.as_ref().filter(|run| run.on("assistant") == between).map(|run| hops(&run.events));
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
        let line = |view: &View, of: &str, name: String, role| {
            let values = view.accuracy.y.get(of).cloned().unwrap_or_default();
            Series::of(name, role, &view.accuracy.x, &values)
        };
        let curve = |view: &View, name: String, role| line(view, "student", name, role);
        let mut series = vec![];
        if let (true, Some(other)) = (last && between, without.last()) {
            series.push(curve(other, "without an assistant".into(), Role::Control));
        }
        series.push(curve(view, who.to_owned(), if last { Role::Student } else { Role::Third }));
        if let Some(own) = yours.as_ref().and_then(|hops| hops.get(place)) {
            series.push(curve(own, format!("your {who}"), Role::Fourth));
            if last {
                series.push(line(own, "control", "your twin".into(), Role::Fifth));
            }
        }
        let teacher = view.dev.iter().find(|(name, _)| !["student", "control"].contains(&name.as_str()));
        let points = series.iter().flat_map(|series| &series.points);
        let [low, high] = points.fold([45.0_f64, 80.0], |[low, high], point| [low.min(point.y), high.max(point.y)]);
        let y = Axis::new("accuracy on dev, %").between(low, high);
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
    if let Some(run) = &own {
        let way = ["without an assistant", "with an assistant"][usize::from(run.on("assistant"))];
        told.push(run.told(way, 1, " %", accuracy));
        let steps = shown.last().map_or(0, View::steps);
        told.push(format!("The recorded hops take {steps} steps each, yours {}.", run.steps()));
    }
    Ok(Shown::new(pictures, told))
}
