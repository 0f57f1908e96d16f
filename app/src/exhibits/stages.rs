//! Trial, scores, rewind: two students from the same first weights, and what lies between.

use retort_core::{Result, score::keep};

use super::{Exhibit, Knob, Knobs, Recorded, Shown, picture, read};
use crate::{
    draw::{Axis, Caption, Heat, Lines, Role, Series},
    state::View,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "sparse-teachers/stages",
    recorded: &["stark-trial.jsonl", "stark-30.jsonl", "scores.json"],
    own: &[],
    run: None,
    knobs,
    show,
};

/// Per cent of the recorded level.
const LEVEL: f64 = 30.0;
/// λ of the recorded scores.
const LAMBDA: f64 = 0.5;

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let steps = read::view(recorded, "stark-trial.jsonl")?.accuracy.x.len();
    Ok(vec![Knob::time("time", "Evaluations of the student", steps, steps.saturating_sub(1))])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let runs = ["stark-trial.jsonl", "stark-30.jsonl"].map(|file| read::view(recorded, file));
    let [trial, rewound] = runs;
    let [trial, rewound] = [trial?, rewound?];
    let scores = read::scores(recorded, "scores.json")?.with_lambda(LAMBDA);
    let heads = &scores.heads.score;
    let struck: Vec<[usize; 2]> = keep(heads, LEVEL)
        .iter()
        .enumerate()
        .flat_map(|(layer, kept)| {
            kept.iter().enumerate().filter(|(_, kept)| !**kept).map(move |(head, _)| [layer, head])
        })
        .collect();
    let names = |count: usize| (0..count).map(|place| place.to_string()).collect::<Vec<_>>();
    let columns = heads.iter().map(Vec::len).max().unwrap_or(0);
    let map = Heat {
        caption: Caption::new("2. Scores", format!("Heads by layer; struck through: gone at {LEVEL} per cent.")),
        titles: ["layer", "head", "score"].map(String::from),
        rows: names(heads.len()),
        columns: names(columns),
        values: heads.clone(),
        digits: Some(2),
        struck: struck.clone(),
        ..Heat::default()
    };
    let time = knobs.place("time");
    let all = [(&trial, "student"), (&rewound, "student"), (&trial, "teacher")];
    let values: Vec<f64> = all.into_iter().flat_map(|(view, who)| curve(view, who)).flatten().collect();
    let ends = [0, 1].map(|end| {
        let fold = if end == 0 { f64::min } else { f64::max };
        values.iter().copied().reduce(fold).unwrap_or(0.0) + if end == 0 { -2.0 } else { 2.0 }
    });
    let lines = |title: &str, view: &View, teacher: &str| Lines {
        caption: Caption::new(title, "Accuracy on dev over the steps of training."),
        x: Axis::new("step").between(0.0, view.steps() as f64),
        y: Axis::new("accuracy on dev, %").between(ends[0], ends[1]),
        series: [("teacher", teacher, Role::Teacher), ("student", "student", Role::Student)]
            .into_iter()
            .map(|(who, name, role)| {
                let values = curve(view, who);
                // A teacher does not change.
                let level = (who == "teacher").then(|| values.iter().flatten().next().copied()).flatten();
                let shown =
                    values.into_iter().enumerate().map(|(place, value)| value.or(level).filter(|_| place <= time));
                Series::of(name, role, &view.accuracy.x, &shown.collect::<Vec<_>>())
            })
            .collect(),
        cursor: None,
    };
    let pictures = vec![
        picture(lines("1. Trial", &trial, "whole teacher")),
        picture(map),
        picture(lines("3. Rewind", &rewound, "sparse teacher")),
    ];
    let at = |view: &View, place: usize| curve(view, "student").get(place).copied().flatten().unwrap_or(f64::NAN);
    let hash =
        |view: &View| view.started.as_ref().map(|started| started.init_hash.chars().take(12).collect::<String>());
    let same = match hash(&trial) == hash(&rewound) {
        true => format!("Both students begin from the same weights (SHA-256 {}…)", hash(&trial).unwrap_or_default()),
        false => "The students begin from different weights".to_owned(),
    };
    let told = vec![
        format!("{same}, with {:.1} % and {:.1} % on dev.", at(&trial, 0), at(&rewound, 0)),
        format!(
            "At {LEVEL} % the teacher loses {} of {} heads.",
            struck.len(),
            heads.iter().map(Vec::len).sum::<usize>()
        ),
        format!(
            "After {} steps the student of the whole teacher has {:.1} %, that of the sparse one {:.1} %.",
            trial.accuracy.x.get(time).copied().unwrap_or(0.0),
            at(&trial, time),
            at(&rewound, time)
        ),
    ];
    Ok(Shown::new(pictures, told))
}

fn curve(view: &View, who: &str) -> Vec<Option<f64>> {
    view.accuracy.y.get(who).cloned().unwrap_or_default()
}
