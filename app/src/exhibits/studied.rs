//! Runs as the studies have them, cut to what a reader waits for.

use retort_core::{
    Error, Result,
    run::{Phase, Run},
    study::{Point, Study},
};

/// Thirteen recipes of classifiers.
pub const RECIPES: &str = include_str!("../../../www/studies/recipes.toml");
/// Five ways of language models, with and without adaptive teaching.
pub const DECODERS: &str = include_str!("../../../www/studies/decoders.toml");

/// Evaluations on the way of a run.
const EVALUATIONS: usize = 4;

/// A point of a study, by its name.
pub fn point(study: &str, name: &str) -> Result<Point> {
    let study = Study::from_toml("the study", study)?;
    let points = study.axes.into_iter().flat_map(|axis| axis.points);
    let mut found = points.filter(|point| point.name == name);
    found.next().ok_or_else(|| Error::input("the study", format!("a point “{name}”"), "none"))
}

/// A run file with what a point of a study sets.
pub fn at(base: Run, study: &str, name: &str) -> Result<Run> {
    point(study, name)?.set.iter().try_fold(base, |run, set| run.set(set))
}

/// How often the phases of a point read their texts, as the study says: `1, 10 and 5`.
pub fn passes(point: &Point) -> String {
    let epochs = point.set.iter().filter_map(|set| {
        let (key, value) = set.split_once('=')?;
        key.ends_with(".epochs").then_some(value)
    });
    let epochs: Vec<&str> = epochs.collect();
    match epochs.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// A run of at most so many steps, shared evenly by its phases, with a few evaluations on the way.
pub fn short(mut run: Run, steps: usize) -> Run {
    let each = (steps / run.phases.len().max(1)).max(1);
    for phase in &mut run.phases {
        let log_every = phase.log_every.min(8);
        let eval_every = each.div_ceil(EVALUATIONS);
        *phase = Phase { steps: Some(each), log_every, eval_every, ..phase.clone() };
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_tells_how_often_its_texts_are_read() {
        let of = |name| passes(&point(RECIPES, name).unwrap());
        assert_eq!([of("KD"), of("TinyBERT"), of("MiniLM")], ["10", "1, 10 and 5", "1 and 10"]);
        let said = point(RECIPES, "KF").unwrap_err().to_string();
        assert_eq!(said, "the study: wanted a point “KF”, found none");
    }

    #[test]
    fn phases_share_the_steps() {
        let run = Run::default().set("recipe=tinybert").unwrap();
        let steps: Vec<_> = short(run, 90).phases.iter().map(|phase| (phase.steps, phase.eval_every)).collect();
        assert_eq!(steps, [(Some(30), 8); 3]);
    }
}
