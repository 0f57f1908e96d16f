//! Five ways to distil, with and without adaptive teaching.

use retort_core::Result;

use super::{
    Exhibit, Knob, Knobs, Recorded, Shown, picture,
    read::{missing, results},
};
use crate::draw::{Axis, Caption, Dots, Lane, Mark, Mean, Role};

pub const EXHIBIT: Exhibit =
    Exhibit { name: "autoregressive/atkd", recorded: &["results.md"], own: &[], run: None, knobs, show };

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
    Ok(vec![Knob::choice("figure", "Figure", ["loss", "ROUGE-L", "agreement"])])
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let (section, unit, digits, better) = FIGURES[knobs.place("figure").min(2)];
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
    let dots = Dots {
        caption: Caption::new(format!("Five ways: {unit}"), format!("The {better}, the better.")),
        axis: Axis::new(unit).with(twin.mean, "untaught twin", Role::Control),
        rows: WAYS.map(|[name, ..]| name.to_owned()).to_vec(),
        lanes: vec![lane("as it is", 1, Mark::Disc)?, lane("with ATKD", 2, Mark::Ring)?],
        ..Dots::default()
    };
    let mut told = vec![format!("The untaught twin has {}. The {better}, the better.", twin.told(digits))];
    for [name, without, with] in WAYS {
        let [one, other] = [number(without, "student")?, number(with, "student")?];
        told.push(format!("{name}: {} as it is, {} with ATKD.", one.told(digits), other.told(digits)));
    }
    Ok(Shown::new(vec![picture(dots)], told))
}
