//! What makes room where a run does not fit: single changes of its file, found by trying them.

use serde::{Deserialize, Serialize};

use super::{Texts, memory::CLOSE};
use crate::run::{Init, Logits, Run};

/// A change of the run file after which a step fits, with room to spare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knob {
    /// Keys and their new values, in the words of `--set`; of several, all.
    pub sets: Vec<(String, String)>,
    /// The largest share of a limit that is then taken.
    pub strain: f64,
    /// What it costs, in a sentence.
    pub cost: String,
}

impl Knob {
    /// The assignments, in a line.
    pub fn told(&self) -> String {
        let sets = self.sets.iter().map(|(key, value)| format!("{key}={value}"));
        sets.collect::<Vec<_>>().join(" and ")
    }
}

/// The changes that make room in the hop `index`; `strain` tells how much room a changed run takes there.
pub fn of(run: &Run, index: usize, strain: &dyn Fn(&Run) -> Option<f64>, texts: Option<&Texts>) -> Vec<Knob> {
    let found = [batch(run, strain), tiles(run, strain), length(run, strain, texts), smaller(run, index, strain)];
    found.into_iter().flatten().collect()
}

type Sets = Vec<(String, String)>;

/// How much room the run takes with these changes, if that is enough.
fn enough(run: &Run, sets: &Sets, strain: &dyn Fn(&Run) -> Option<f64>) -> Option<f64> {
    let mut run = run.clone();
    for (key, value) in sets {
        run = run.set(&format!("{key}={value}")).ok()?;
    }
    strain(&run).filter(|strain| *strain <= CLOSE)
}

/// The largest half, quarter, … of the largest batch.
fn batch(run: &Run, strain: &dyn Fn(&Run) -> Option<f64>) -> Option<Knob> {
    let most = run.phases.iter().map(|phase| phase.batch).max()?;
    let smaller = std::iter::successors(Some(most / 2), |batch| Some(batch / 2)).take_while(|batch| *batch > 0);
    smaller.into_iter().find_map(|batch| {
        let larger = run.phases.iter().enumerate().filter(|(_, phase)| phase.batch > batch);
        let sets: Sets = larger.map(|(at, _)| (format!("phases.{at}.batch"), batch.to_string())).collect();
        let strain = enough(run, &sets, strain)?;
        let cost = format!("Steps see {batch} texts at a time; `accumulate` can add them up again.");
        Some(Knob { sets, strain, cost })
    })
}

/// Logits in tiles.
fn tiles(run: &Run, strain: &dyn Fn(&Run) -> Option<f64>) -> Option<Knob> {
    let whole = run.phases.iter().enumerate().filter(|(_, phase)| phase.logits != Logits::Tiles);
    let sets: Sets = whole.map(|(at, _)| (format!("phases.{at}.logits"), "tiles".to_owned())).collect();
    let strain = enough(run, &sets, strain)?;
    Some(Knob { sets, strain, cost: "Up to half as many matrix products again.".into() })
}

/// The longest texts, a multiple of 8 tokens.
fn length(run: &Run, strain: &dyn Fn(&Run) -> Option<f64>, texts: Option<&Texts>) -> Option<Knob> {
    let lengths: Vec<usize> = (1..run.data.max_length.div_ceil(8)).map(|eighth| eighth * 8).collect();
    let sets = |length: usize| vec![("data.max_length".to_owned(), length.to_string())];
    let fitting = lengths.partition_point(|&length| enough(run, &sets(length), strain).is_some());
    let longest = lengths[..fitting].last().copied()?;
    let strain = enough(run, &sets(longest), strain)?;
    let cut = texts.and_then(|texts| texts.train()).map(|train| train.longer_than(longest));
    let cost = match cut {
        Some(cut) => format!("{:.1} % of the training texts are cut.", 100.0 * cut),
        None => "More texts are cut.".into(),
    };
    Some(Knob { sets: sets(longest), strain, cost })
}

/// The learner with the most layers; where even one is too many, half, a quarter, … as wide.
fn smaller(run: &Run, index: usize, strain: &dyn Fn(&Run) -> Option<f64>) -> Option<Knob> {
    let (at, shape) = match run.assistants().get(index) {
        Some(assistant) => (format!("assistants.{index}"), assistant),
        None => ("student".to_owned(), &run.student),
    };
    let set = |key: &str, value: usize| (format!("{at}.{key}"), value.to_string());
    let free = shape.model.is_none() && !matches!(shape.init, Init::Teacher | Init::Layers(_));
    let shallower = (1..shape.layers).rev().filter(|_| free).map(|layers| vec![set("layers", layers)]);
    let wide = shape.hidden / shape.heads.max(1);
    let parts = std::iter::successors(Some(2), |part| Some(part * 2)).take_while(|part| *part <= wide);
    let narrower = parts.filter(|_| free && shape.init == Init::Random).map(|part| {
        let width = set("hidden", wide / part * shape.heads);
        vec![set("layers", 1), width, set("intermediate", (shape.intermediate / part).max(1))]
    });
    shallower.chain(narrower).find_map(|sets| {
        let strain = enough(run, &sets, strain)?;
        Some(Knob { sets, strain, cost: "A smaller learner.".into() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much room as there are texts, tokens and layers in a batch.
    fn strain(room: f64) -> impl Fn(&Run) -> Option<f64> {
        move |run: &Run| {
            let batch = run.phases.iter().map(|phase| phase.batch).max()?;
            Some((batch * run.data.max_length * run.student.layers) as f64 / room)
        }
    }

    fn told(room: f64) -> Vec<String> {
        let run = ["phases=[{ batch = 32 }, { batch = 8 }]", "data.max_length=64", "student.layers=4"];
        let run = run.into_iter().fold(Run::default(), |run, assignment| run.set(assignment).unwrap());
        of(&run, 0, &strain(room), None).iter().map(|knob| format!("{} {:.2}", knob.told(), knob.strain)).collect()
    }

    #[test]
    fn each_knob_is_turned_as_little_as_it_must_be() {
        // 32 · 64 · 4 = 8192 of 6000; 0.8 of it are 4800: 16 texts, 37.5 tokens or 2 layers.
        let wanted = ["phases.0.batch=16 0.68", "data.max_length=32 0.68", "student.layers=2 0.68"];
        assert_eq!(told(6000.0), wanted);
        // Of 600 there are 480: one text takes 256, two 512; 8 tokens 1024; one layer of any width 2048.
        assert_eq!(told(600.0), ["phases.0.batch=1 and phases.1.batch=1 0.43"]);
    }

    #[test]
    fn a_learner_of_one_layer_becomes_narrower() {
        let run = Run::default().set("student={ hidden = 64, heads = 2, intermediate = 100 }").unwrap();
        let knob = smaller(&run, 0, &|run: &Run| Some(run.student.hidden as f64 / 25.0)).unwrap();
        // At most 20: two heads of 8, a quarter of 32.
        assert_eq!(knob.told(), "student.layers=1 and student.hidden=16 and student.intermediate=25");
        assert_eq!(smaller(&run.set("student.init=spread").unwrap(), 0, &|_| Some(0.1)), None);
    }

    #[test]
    fn a_learner_that_takes_chosen_layers_keeps_them() {
        let run =
            Run::default().set("student.layers=4").unwrap().set("student.init={ layers = [0, 1, 2, 3] }").unwrap();
        assert_eq!(smaller(&run, 0, &|_| Some(0.1)), None);
        assert_eq!(
            smaller(&run.set("student.init=spread").unwrap(), 0, &|_| Some(0.1)).unwrap().told(),
            "student.layers=3"
        );
    }
}
