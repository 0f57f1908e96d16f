//! Five ways to distil, with and without adaptive teaching.

use retort_core::{Result, run::Run, train::Eval};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What, picture,
    ran::{RUN, Ran},
    read::{missing, results},
    studied,
};
use crate::draw::{Axis, Caption, Dots, Lane, Mark, Mean, Role};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "autoregressive/atkd",
    recorded: &["results.md"],
    own: &[Own { file: RUN, what: What::Run }],
    run: Some(taught),
    knobs,
    show,
};

/// Steps of a reader's run.
pub const STEPS: usize = 80;
/// What the base of the studies learns, which their points change.
const PLAIN: &str = "phases.0.objectives=[{ method = 'logits', loss = 'kl' }]";

/// Sections of the chapter, what they measure, digits, and which is better.
const FIGURES: [(&str, &str, usize, &str); 3] = [
    ("", "loss on test, nats", 3, "lower"),
    ("By ROUGE-L", "ROUGE-L on test, %", 1, "higher"),
    ("By agreement", "agreement with the teacher, %", 1, "higher"),
];
/// The ways: as they are told, and their rows without and with.
const WAYS: [[&str; 3]; 5] = [
    ["supervised", "supervised KD", "supervised ATKD"],
    ["reverse", "reverse KD", "reverse ATKD"],
    ["ImitKD", "ImitKD", "ImitKD + ATKD"],
    ["f-distill", "f-distill", "f-distill + ATKD"],
    ["GKD", "GKD", "GKD + ATKD"],
];

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![
        Knob::choice("figure", "Figure", ["loss", "ROUGE-L", "agreement"]),
        Knob::choice("way", "A way", WAYS.map(|[name, ..]| name)),
        Knob::switch("atkd", "with ATKD", true),
    ])
}

/// The row of the study at a place: as it is, or with ATKD.
fn row(way: usize, atkd: bool) -> &'static str {
    WAYS[way.min(WAYS.len() - 1)][1 + usize::from(atkd)]
}

/// The companion's run file as the studies of language models begin.
pub fn plain(base: &str) -> Result<Run> {
    Run::from_toml("the run file", base)?.set(PLAIN)
}

fn taught(base: &str, knobs: &Knobs) -> Result<String> {
    let run = studied::at(plain(base)?, studied::DECODERS, row(knobs.place("way"), knobs.on("atkd")))?;
    studied::short(run, STEPS).to_toml()
}

/// What the figure shows of an evaluation.
fn of(figure: usize, eval: &Eval) -> Option<f64> {
    match figure {
        0 => Some(eval.loss),
        1 => eval.written.as_ref().map(|written| 100.0 * written.rouge_l),
        // A teacher agrees with itself.
        _ => eval.agreement.filter(|_| eval.who != "teacher").map(|share| 100.0 * share),
    }
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let figure = knobs.place("figure").min(2);
    let (section, unit, digits, better) = FIGURES[figure];
    let results = results(recorded)?;
    let wrong = || missing("results.md", "the chapter decoders");
    let table = results.table("decoders", section, "untaught twin").ok_or_else(wrong)?;
    let number = |row: &str, column: &str| table.number(row, column).ok_or_else(wrong);
    let lane = |name: &str, place: usize, mark| {
        let mean = |way: &[&str; 3]| {
            number(way[place], "student").map(|it| Some(Mean { value: it.mean, interval: it.interval, each: vec![] }))
        };
        let means = WAYS.iter().map(mean).collect::<Result<Vec<_>>>()?;
        Ok(Lane { name: name.into(), role: Role::Student, mark, means })
    };
    let twin = number(WAYS[0][1], "untaught twin")?;
    let mut dots = Dots {
        caption: Caption::new(format!("Five ways: {unit}"), format!("The {better}, the better.")),
        axis: Axis::new(unit).with(twin.mean, "untaught twin", Role::Control),
        rows: WAYS.map(|[name, ..]| name.to_owned()).to_vec(),
        lanes: vec![lane("as it is", 1, Mark::Disc)?, lane("with ATKD", 2, Mark::Ring)?],
        ..Dots::default()
    };
    let mut told = vec![format!("The untaught twin has {}. The {better}, the better.", twin.told(digits))];
    let chosen = row(knobs.place("way"), knobs.on("atkd"));
    told.push(format!("Chosen: {chosen}, with {}.", number(chosen, "student")?.told(digits)));
    for [name, without, with] in WAYS {
        let [one, other] = [number(without, "student")?, number(with, "student")?];
        told.push(format!("{name}: {} as it is, {} with ATKD.", one.told(digits), other.told(digits)));
    }
    if let Some(run) = Ran::read(recorded)? {
        let way = run.place("way").min(WAYS.len() - 1);
        dots.lanes.extend(run.lanes(WAYS.len(), way, |eval| of(figure, eval)));
        told.push(run.told(row(way, run.on("atkd")), digits, "", |eval| of(figure, eval)));
        told.push("Recorded are the means of three seeds after some 250 steps of 32 texts.".into());
    }
    Ok(Shown::new(vec![picture(dots)], told))
}
