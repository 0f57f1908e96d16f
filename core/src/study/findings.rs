//! What the finished cells of a study say together, by its metric, more being better.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Metric, Outcome, Plan, Study, Summary, Verdict, differences, summary, verdict};

/// What one model comes to, by seed.
pub type BySeed = BTreeMap<u64, f64>;

/// One setting: how good, and what the teacher was worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The setting, as tables call it.
    pub label: String,
    /// The teacher's.
    pub teacher: Option<Summary>,
    /// The student's, by seed.
    pub students: BySeed,
    /// The student's.
    pub student: Option<Summary>,
    /// The untaught twin's, by seed.
    pub controls: BySeed,
    /// The untaught twin's.
    pub control: Option<Summary>,
    /// Student less twin, paired by seed.
    pub gain: Option<Summary>,
    /// Whether the student beats its twin.
    pub verdict: Verdict,
}

/// Two points of an axis, everything else being equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The axis.
    pub axis: usize,
    /// The points of the other axes; empty when there are none.
    pub elsewhere: String,
    /// The point that may beat the other.
    pub left: String,
    /// The point that may be beaten.
    pub right: String,
    /// Students of the left point less those of the right one, paired by seed.
    pub difference: Option<Summary>,
    /// Whether the left point beats the right one.
    pub verdict: Verdict,
}

/// What a study found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// What was compared.
    pub metric: Metric,
    /// Where it was measured: `test`, or `dev` where there is no test.
    pub split: String,
    /// By setting.
    pub settings: Vec<Finding>,
    /// Along every axis, each point against those before it.
    pub comparisons: Vec<Comparison>,
}

impl Findings {
    /// What the cells say; those without an outcome are left out.
    pub fn new(study: &Study, plan: &Plan, outcomes: &[Option<Outcome>]) -> Self {
        let settings: Vec<Finding> =
            (0..plan.settings.len()).map(|setting| finding(study, plan, outcomes, setting)).collect();
        let comparisons = (0..study.axes.len()).flat_map(|axis| along(study, plan, &settings, axis)).collect();
        let mut evals = outcomes.iter().flatten().flat_map(|outcome| &outcome.evals);
        let split = evals.next().map_or("test", |eval| &eval.split).to_owned();
        Self { metric: study.metric, split, settings, comparisons }
    }
}

fn finding(study: &Study, plan: &Plan, outcomes: &[Option<Outcome>], setting: usize) -> Finding {
    let of = |who: &str| -> BySeed {
        let cells = plan.cells.iter().zip(outcomes).filter(|(cell, _)| cell.setting == setting);
        cells.filter_map(|(cell, outcome)| Some((cell.seed, outcome.as_ref()?.merit(study.metric, who)?))).collect()
    };
    let (students, controls) = (of("student"), of("control"));
    let gain = summary(&differences(&students, &controls));
    Finding {
        label: plan.settings[setting].label.clone(),
        teacher: summarised(&of("teacher")),
        student: summarised(&students),
        control: summarised(&controls),
        students,
        controls,
        verdict: verdict(gain.as_ref()),
        gain,
    }
}

fn summarised(values: &BySeed) -> Option<Summary> {
    summary(&values.values().copied().collect::<Vec<f64>>())
}

/// Every pair of settings that differ in this axis alone.
fn along(study: &Study, plan: &Plan, settings: &[Finding], axis: usize) -> Vec<Comparison> {
    let apart = |left: &[usize], right: &[usize]| {
        let mut points = left.iter().zip(right).enumerate();
        left[axis] > right[axis] && points.all(|(place, (a, b))| place == axis || a == b)
    };
    let name = |place: usize, point: usize| study.axes[place].points[point].name.clone();
    let mut comparisons = vec![];
    for (left, one) in plan.settings.iter().enumerate() {
        for (right, other) in plan.settings.iter().enumerate().filter(|(_, other)| apart(&one.points, &other.points)) {
            let difference = summary(&differences(&settings[left].students, &settings[right].students));
            let others = one.points.iter().enumerate().filter(|(place, _)| *place != axis);
            comparisons.push(Comparison {
                axis,
                elsewhere: others.map(|(place, &point)| name(place, point)).collect::<Vec<_>>().join(", "),
                left: name(axis, one.points[axis]),
                right: name(axis, other.points[axis]),
                verdict: verdict(difference.as_ref()),
                difference,
            });
        }
    }
    comparisons
}

#[cfg(test)]
pub(super) mod tests {
    use super::{super::table::tests::eval, *};
    use crate::run::{Run, Teacher};

    /// Two temperatures and two widths over three seeds; the accuracies of student and control.
    pub fn four(accuracy: impl Fn(&[usize], u64) -> Option<[f64; 2]>) -> (Study, Plan, Vec<Option<Outcome>>) {
        let text = r#"
            name = "four"
            base = "run.toml"
            seeds = 3
            axes = [
                { name = "T", points = [{ name = "T=1" }, { name = "T=4" }] },
                { name = "width", points = [{ name = "narrow" }, { name = "wide" }] },
            ]"#;
        let study = Study::from_toml("four.toml", text).unwrap();
        let teacher = Some(Teacher::new("t"));
        let plan = study.plan("four.toml", &Run { teacher, ..Run::default() }).unwrap();
        let outcome = |points: &[usize], seed| {
            let [student, control] = accuracy(points, seed)?;
            let evals = [("teacher", 0.9), ("student", student), ("control", control)];
            Some(Outcome {
                evals: evals.map(|(who, accuracy)| eval(who, "test", accuracy)).to_vec(),
                adapter: "chip (cpu)".into(),
                steps: 9,
                seconds: 2.0,
                discrepancy: None,
            })
        };
        let outcomes = plan.cells.iter().map(|cell| outcome(&plan.settings[cell.setting].points, cell.seed)).collect();
        (study, plan, outcomes)
    }

    #[test]
    fn students_are_paired_with_their_twins_and_with_each_other_by_seed() {
        let (study, plan, outcomes) = four(|points, seed| {
            // The seeds differ by far more than the settings do.
            let base = 0.125 * seed as f64;
            let heat = if points[0] == 1 { 0.0625 } else { 0.0 };
            // One seed of the last setting is missing.
            (points != [1, 1] || seed != 2).then_some([base + heat + seed as f64 / 1024.0, base])
        });
        let found = Findings::new(&study, &plan, &outcomes);
        assert_eq!(found.split, "test");
        let counts: Vec<usize> = found.settings.iter().map(|setting| setting.gain.unwrap().count).collect();
        assert_eq!(counts, [3, 3, 3, 2]);
        // T=1: gains of 1, 2 and 3 / 1024, mean 2, half 2.48: holds zero. T=4: 64 more.
        let verdicts: Vec<Verdict> = found.settings.iter().map(|setting| setting.verdict).collect();
        use Verdict::{Beats, CannotBeTold};
        assert_eq!(verdicts, [CannotBeTold, CannotBeTold, Beats, Beats]);
        assert_eq!(found.settings[2].gain.unwrap().mean, 66.0 / 1024.0);
        let pairs: Vec<(usize, &str, &str, &str, Verdict)> = found
            .comparisons
            .iter()
            .map(|pair| (pair.axis, pair.elsewhere.as_str(), pair.left.as_str(), pair.right.as_str(), pair.verdict))
            .collect();
        assert_eq!(
            pairs,
            [
                (0, "narrow", "T=4", "T=1", Beats),
                (0, "wide", "T=4", "T=1", Beats),
                (1, "T=1", "wide", "narrow", CannotBeTold),
                (1, "T=4", "wide", "narrow", CannotBeTold),
            ]
        );
        assert_eq!(found.comparisons[1].difference.unwrap().count, 2);
    }
}
