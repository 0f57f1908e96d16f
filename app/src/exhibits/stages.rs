//! Trial, scores, rewind: two students from the same first weights, and what lies between.

use retort_core::{
    Result,
    score::{Scores, keep},
};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    procedure::{Procedure, of_levels},
    ran::STAGES,
    read,
};
use crate::{
    draw::{Axis, Caption, Heat, Lines, Role, Series},
    state::View,
};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "sparse-teachers/stages",
    recorded: &["stark-trial.jsonl", "stark-30.jsonl", "scores.json"],
    own: &[Own { file: STAGES, what: What::Stages }],
    run: Some(procedure),
    knobs,
    show,
};

/// Per cent of the recorded level.
const LEVEL: f64 = 30.0;
/// λ of the recorded scores.
const LAMBDA: f64 = 0.5;

/// The recorded level, without the random teachers that this figure does not show.
fn procedure(base: &str, _: &Knobs) -> Result<String> {
    of_levels(base, vec![LEVEL], false)
}

/// The stages: the trial, the scores and the second student, as far as they have come.
struct Stages {
    trial: View,
    scores: Option<Scores>,
    rewound: Option<View>,
    /// Per cent of the level.
    level: f64,
    /// How long a reader's own are.
    length: Option<String>,
}

impl Stages {
    fn read(recorded: &Recorded) -> Result<Self> {
        if let Some(own) = Procedure::read(recorded)? {
            let length = own.length("those of one seed");
            let Procedure { trial, scores, rewound, .. } = own;
            let scores = scores.map(|scores| scores.with_lambda(LAMBDA));
            let (level, rewound) = rewound.map_or((LEVEL, None), |(level, view)| (level, Some(view)));
            return Ok(Self { trial, scores, rewound, level, length: Some(length) });
        }
        let [trial, rewound] = ["stark-trial.jsonl", "stark-30.jsonl"].map(|file| read::view(recorded, file));
        let scores = read::scores(recorded, "scores.json")?.with_lambda(LAMBDA);
        Ok(Self { trial: trial?, scores: Some(scores), rewound: Some(rewound?), level: LEVEL, length: None })
    }
}

fn knobs(recorded: &Recorded) -> Result<Vec<Knob>> {
    let steps = Stages::read(recorded)?.trial.accuracy.x.len();
    Ok(vec![Knob::time("time", "Evaluations of the student", steps, steps.saturating_sub(1))])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let Stages { trial, scores, rewound, level, length } = Stages::read(recorded)?;
    let time = knobs.place("time").min(trial.accuracy.x.len().saturating_sub(1));
    let mut values = [curve(&trial, "student"), curve(&trial, "teacher")].concat();
    values.extend(rewound.iter().flat_map(|view| curve(view, "student")));
    let values: Vec<f64> = values.into_iter().flatten().collect();
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
    let mut pictures = vec![picture(lines("1. Trial", &trial, "whole teacher"))];
    let mut told = vec![];
    if let Some(rewound) = &rewound {
        told.push(start(&trial, rewound));
    }
    if let Some(scores) = scores {
        let heads = &scores.heads.score;
        let struck = struck(heads, level);
        told.push(format!(
            "At {level} % the teacher loses {} of {} heads.",
            struck.len(),
            heads.iter().map(Vec::len).sum::<usize>()
        ));
        pictures.push(picture(map(heads, level, struck)));
    }
    let at = |view: &View| curve(view, "student").get(time).copied().flatten();
    let step = trial.accuracy.x.get(time).copied().unwrap_or(0.0);
    match (at(&trial), rewound.as_ref().and_then(at)) {
        (Some(whole), Some(sparse)) => told.push(format!(
            "After {step} steps the student of the whole teacher has {whole:.1} %, that of the sparse one {sparse:.1} %."
        )),
        (Some(whole), None) => {
            told.push(format!("After {step} steps the student of the whole teacher has {whole:.1} %."));
        }
        (None, _) => {}
    }
    pictures.extend(rewound.map(|rewound| picture(lines("3. Rewind", &rewound, "sparse teacher"))));
    told.extend(length);
    Ok(Shown::new(pictures, told))
}

/// The heads that go, by layer and place.
fn struck(heads: &[Vec<f64>], level: f64) -> Vec<[usize; 2]> {
    let gone = |(layer, kept): (usize, &Vec<bool>)| {
        let gone = kept.iter().enumerate().filter(|(_, kept)| !**kept).map(|(head, _)| [layer, head]);
        gone.collect::<Vec<_>>()
    };
    keep(heads, level).iter().enumerate().flat_map(gone).collect()
}

fn map(heads: &[Vec<f64>], level: f64, struck: Vec<[usize; 2]>) -> Heat {
    let names = |count: usize| (0..count).map(|place| place.to_string()).collect::<Vec<_>>();
    Heat {
        caption: Caption::new("2. Scores", format!("Heads by layer; struck through: gone at {level} per cent.")),
        titles: ["layer", "head", "score"].map(String::from),
        rows: names(heads.len()),
        columns: names(heads.iter().map(Vec::len).max().unwrap_or(0)),
        values: heads.to_vec(),
        digits: Some(2),
        struck,
        ..Heat::default()
    }
}

/// Whether both students begin alike.
fn start(trial: &View, rewound: &View) -> String {
    let first = |view: &View| curve(view, "student").first().copied().flatten().unwrap_or(0.0);
    let hash =
        |view: &View| view.started.as_ref().map(|started| started.init_hash.chars().take(12).collect::<String>());
    let same = match hash(trial) == hash(rewound) {
        true => format!("Both students begin from the same weights (SHA-256 {}…)", hash(trial).unwrap_or_default()),
        false => "The students begin from different weights".to_owned(),
    };
    match rewound.accuracy.x.is_empty() {
        true => format!("{same}."),
        false => format!("{same}, with {:.1} % and {:.1} % on dev.", first(trial), first(rewound)),
    }
}

fn curve(view: &View, who: &str) -> Vec<Option<f64>> {
    view.accuracy.y.get(who).cloned().unwrap_or_default()
}
