//! Before and after: parameters, time of a step, and accuracy, by size.

use retort_core::{Result, train::Event};

use super::{
    Exhibit, Knob, Knobs, Own, Recorded, Shown, What,
    discrepancy::SIZES,
    picture,
    read::{events, missing, results, view},
};
use crate::draw::{Axis, Bars, Caption, Column, Role, Value, short};

pub const EXHIBIT: Exhibit = Exhibit {
    name: "homotopic/compaction",
    recorded: &["half-platon.jsonl", "quarter-platon.jsonl", "eighth-platon.jsonl", "results.md"],
    own: &[Own { file: "half-platon.jsonl", what: What::Events }],
    run: Some(super::as_it_is),
    knobs,
    show,
};

/// The way that the study tells first.
const WAYS: [&str; 5] = ["PLATON", "sensitivity", "magnitude", "random", "at once"];

fn knobs(_: &Recorded) -> Result<Vec<Knob>> {
    Ok(vec![Knob::choice("by", "Accuracy of students cut by", WAYS)])
}

/// Numbers of a classifier of two classes: vocabulary 4,096, 64 positions, 2 segments, and so many layers of width
/// `d` with `a` numbers in all its heads and `f` neurons.
pub fn parameters(layers: usize, d: usize, a: usize, f: usize) -> usize {
    let embeddings = 4162 * d + 2 * d;
    let layer = 3 * (d * a + a) + (a * d + d) + 4 * d + 2 * d * f + f + d;
    embeddings + layers * layer + d * d + d + 2 * d + 2
}

/// Milliseconds of a step before the first cut and after the last one, the medians of the logged steps.
fn speeds(all: &[Event]) -> [f64; 2] {
    let cuts: Vec<usize> = all
        .iter()
        .filter_map(|event| match event {
            Event::Shrunk { step, who, .. } if who == "student" => Some(*step),
            _ => None,
        })
        .collect();
    let [first, last] = [cuts.first(), cuts.last()].map(|step| step.copied().unwrap_or(usize::MAX));
    let median = |wanted: &dyn Fn(usize) -> bool| {
        let mut times: Vec<f64> = all
            .iter()
            .filter_map(|event| match event {
                // The first step makes what all others have.
                Event::Step(step) if step.losses.is_some() && step.step > 1 && wanted(step.step) => {
                    Some(1e3 * step.seconds)
                }
                _ => None,
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    [median(&|step| step <= first), median(&|step| step > last)]
}

fn show(recorded: &Recorded, knobs: &Knobs) -> Result<Shown> {
    let by = WAYS[knobs.place("by").min(WAYS.len() - 1)];
    let results = results(recorded)?;
    let wrong = || missing("results.md", "the first table of the chapter homodistil");
    let table = results.table("homodistil", "", "untaught twin").ok_or_else(wrong)?;
    let (mut sizes, mut speed, mut right, mut told) = (vec![], vec![], vec![], vec![]);
    for (file, size) in SIZES {
        let name = format!("{file}-platon.jsonl");
        let view = view(recorded, &name)?;
        let last = view.shrunk.last().ok_or_else(|| missing(&name, "a student that becomes smaller"))?;
        let whole = view.started.as_ref().map_or(0, |started| started.parameters[0]);
        let times = speeds(&events(recorded, &name)?);
        let row = format!("{size}, {by}");
        let student = table.number(&row, "student").ok_or_else(wrong)?;
        let teacher = table.number(&row, "teacher").ok_or_else(wrong)?;
        told.push(format!(
            "{size} of the width: {} of {} parameters ({:.0} %), {:.0} ms instead of {:.0} ms a step, and {} % on test to the teacher’s {} %.",
            short(last.parameters as f64),
            short(whole as f64),
            100.0 * last.parameters as f64 / whole.max(1) as f64,
            times[1],
            times[0],
            student.told(1),
            teacher.told(1)
        ));
        sizes.push([Value::new(whole as f64), Value::new(last.parameters as f64)]);
        speed.push(times.map(Value::new));
        right.push([Value::new(teacher.mean), Value { value: student.mean, interval: student.interval }]);
    }
    let bars = |title: &str, unit: &str, pairs: &[[Value; 2]]| Bars {
        caption: Caption::new(title, "Before and after, for each size."),
        axis: Axis::new(unit),
        title: "kept".into(),
        groups: SIZES.map(|(_, size)| size.to_owned()).to_vec(),
        columns: [("before", Role::Teacher), ("after", Role::Student)]
            .into_iter()
            .enumerate()
            .map(|(place, (name, role))| Column {
                name: name.into(),
                role,
                values: pairs.iter().map(|pair| pair[place]).collect(),
            })
            .collect(),
        ..Bars::default()
    };
    let pictures = vec![
        picture(bars("Parameters", "numbers", &sizes)),
        picture(bars("Time of a step", "ms", &speed)),
        picture(bars("Accuracy on test", "%", &right)),
    ];
    let equation = format!(
        "4162 d + 2 d + 4 (4 (d² + d) + 4 d + 2 d f + f + d) + d² + d + 2 d + 2 = {} for d = 128, f = 256, and {} for d = 64, f = 128",
        short(parameters(4, 128, 128, 256) as f64),
        short(parameters(4, 64, 64, 128) as f64)
    );
    Ok(Shown::new(pictures, told).with(equation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_s_parameters() {
        assert_eq!([parameters(4, 128, 128, 256), parameters(4, 64, 64, 128)], [1_079_682, 404_674]);
    }
}
