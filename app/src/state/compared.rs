//! Runs beside each other: their curves, what their run files say differently, and what they tell together.

use std::collections::BTreeMap;

use retort_core::{
    run::{Lists, Run, differences},
    study::{Finding, Group, Member, Pool},
    train::Event,
};

use super::View;
use crate::draw::{Axis, Caption, Lines, Role, Series};

/// A run that is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Its name among those that are kept.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Its run file.
    pub run: Run,
    /// What happened in it.
    pub events: Vec<Event>,
}

/// The students' figures on dev, a line for each run; of words the perplexity.
pub fn curves(runs: &[Compared]) -> Lines {
    let views: Vec<View> = runs.iter().map(|run| View::of(&run.events)).collect();
    let words = views.iter().any(|view| !view.perplexity.x.is_empty());
    let line = |(place, (run, view)): (usize, (&Compared, &View))| {
        let curves = if words { &view.perplexity } else { &view.accuracy };
        Series::of(
            run.title.clone(),
            Role::of(place),
            &curves.x,
            curves.y.get("student").map_or(&[][..], Vec::as_slice),
        )
    };
    let (title, y) = match words {
        true => ("Students on dev", Axis::new("perplexity").logarithmic()),
        false => ("Students on dev", Axis::new("% right")),
    };
    let series = runs.iter().zip(&views).enumerate().map(line).collect();
    Lines {
        caption: Caption::new(title, "A line for each run."),
        x: Axis::new("step").whole(),
        y,
        series,
        ..Lines::default()
    }
}

/// Keys whose values are not the same in all runs, and every run's value; nothing where a run has none.
pub fn apart(runs: &[Compared]) -> Vec<(String, Vec<Option<String>>)> {
    let Some((first, others)) = runs.split_first() else { return vec![] };
    let mut found: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (place, other) in others.iter().enumerate() {
        for difference in differences(&first.run, &other.run, Lists::ByPlace).unwrap_or_default() {
            let [left, right] = [difference.left, difference.right].map(|value| value.map(|value| value.to_string()));
            let row = found.entry(difference.path).or_insert_with(|| vec![left; runs.len()]);
            row[place + 1] = right;
        }
    }
    found.into_iter().collect()
}

/// What a configuration comes to over its seeds, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pooled {
    /// The configuration.
    pub label: String,
    /// Seeds whose runs are over.
    pub seeds: usize,
    /// The student's mean and its 95 % interval.
    pub student: String,
    /// The untaught twin's; nothing without one.
    pub control: String,
    /// Student less twin, paired by seed.
    pub gain: String,
    /// `beats`, `does not beat` or `cannot be told`; nothing without a twin.
    pub verdict: String,
}

/// What all this is measured by and on which split, and every configuration of which two seeds or more are over.
pub fn pooled(runs: &[Compared]) -> (String, Vec<Pooled>) {
    let Ok(pool) = Pool::of(&members(runs)) else { return Default::default() };
    let metric = pool.metric;
    let row = |group: &Group| {
        let Finding { label, students, student, control, gain, verdict, .. } = &group.finding;
        let some = |text: Option<String>| text.unwrap_or_else(|| "–".into());
        (students.len() > 1).then(|| Pooled {
            label: label.clone(),
            seeds: students.len(),
            student: some(student.as_ref().map(|student| metric.value(student))),
            control: some(control.as_ref().map(|control| metric.value(control))),
            gain: some(gain.as_ref().map(|gain| metric.change(gain))),
            verdict: some(gain.as_ref().map(|_| verdict.to_string())),
        })
    };
    let explained = format!("{}. Differences are in {}, paired by seed.", metric.explained(&pool.split), metric.step());
    (explained, pool.groups.iter().filter_map(row).collect())
}

fn members(runs: &[Compared]) -> Vec<Member<'_>> {
    runs.iter().map(|run| Member { run: &run.run, events: &run.events }).collect()
}

/// What runs of one configuration come to over their seeds, and configurations against each other, in sentences.
pub fn told(runs: &[Compared]) -> Vec<String> {
    let Ok(pool) = Pool::of(&members(runs)) else { return vec![] };
    let groups = pool.groups.iter().filter_map(|group| group.told.clone());
    groups.chain(pool.against.iter().map(|against| against.told.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::{eval, started};

    fn run(title: &str, assignment: &str) -> Compared {
        let run = Run::default().set(assignment).unwrap();
        let events = vec![started(0), eval(2, "student", "dev", 0.5), eval(4, "student", "dev", 0.75)];
        Compared { id: title.into(), title: title.into(), run, events }
    }

    #[test]
    fn two_seeds_that_are_over_have_a_mean_an_interval_and_a_verdict() {
        let over = |seed: u64, student: f64, control: f64| {
            let mut one = run(&format!("{seed}"), &format!("seed={seed}"));
            one.events.extend([eval(4, "student", "test", student), eval(4, "control", "test", control)]);
            one.events.push(Event::Done { steps: 4, seconds: 1.0 });
            one
        };
        let (explained, rows) = pooled(&[over(1, 0.75, 0.5), run("2", "seed=2")]);
        assert!(rows.is_empty(), "one seed has no interval: {rows:?}");
        assert_eq!(explained, "Accuracy on test in %. Differences are in points, paired by seed.");
        let (_, rows) = pooled(&[over(1, 0.75, 0.5), over(2, 0.75, 0.5), run("3", "seed=3")]);
        let [row] = &rows[..] else { panic!("one configuration") };
        assert_eq!(
            (row.seeds, row.student.as_str(), row.control.as_str()),
            (2, "75.0 [75.0, 75.0]", "50.0 [50.0, 50.0]")
        );
        assert_eq!((row.gain.as_str(), row.verdict.as_str()), ("+25.00 [+25.00, +25.00]", "beats"));
    }

    #[test]
    fn a_line_for_each_run_and_a_row_for_each_key_that_differs() {
        let runs = [run("a", "seed=1"), run("b", "seed=2"), run("c", "phases.0.steps=9")];
        let lines = curves(&runs);
        assert_eq!(lines.series.len(), 3);
        let points: Vec<[f64; 2]> = lines.series[0].points.iter().map(|point| [point.x, point.y]).collect();
        assert_eq!(points, [[2.0, 50.0], [4.0, 75.0]]);
        let apart = apart(&runs);
        let row = |path: &str| apart.iter().find(|(known, _)| known == path).map(|(_, row)| row.clone()).unwrap();
        let text = |values: [Option<&str>; 3]| values.map(|value| value.map(str::to_owned)).to_vec();
        assert_eq!(row("seed"), text([Some("1"), Some("2"), Some("1")]));
        assert_eq!(row("phases.0.steps"), text([None, None, Some("9")]));
        assert_eq!(apart.len(), 2);
    }
}
