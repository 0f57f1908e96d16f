//! What runs that happen to be there say together, as the cells of a study do: those of one configuration and several
//! seeds are repetitions of each other, and configurations are compared seed by seed.

use serde::Serialize;

use super::{
    Metric, Outcome, Summary, Verdict, differences as apart,
    findings::{BySeed, Finding},
    outcome_of, sentence, summary, verdict,
};
use crate::{
    Result,
    run::{Difference, Lists, Run, differences},
    train::Event,
};

/// A run and what it told.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its run file.
    pub run: &'a Run,
    /// Its log, of a chain that of the last hop.
    pub events: &'a [Event],
}

/// Runs of one name and one configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Their places among those that were given.
    pub members: Vec<usize>,
    /// What they come to by seed; a seed that occurs twice counts as it was given last.
    pub finding: Finding,
    /// Whether the student beats its untaught twin, and what that rests on; nothing without a twin.
    pub told: Option<String>,
}

/// Two groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The place of the group that may beat the other.
    pub left: usize,
    /// The place of the one that may be beaten.
    pub right: usize,
    /// Students of the left one less those of the right one, paired by seed.
    pub difference: Option<Summary>,
    /// Whether the left one beats the right one.
    pub verdict: Verdict,
    /// The verdict with what it rests on.
    pub told: String,
}

/// What several runs say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pool {
    /// What is compared: the accuracy, or the loss where one of the runs is judged by words.
    pub metric: Metric,
    /// Where it was measured: `test`, or `dev` where a run has no test.
    pub split: String,
    /// In the order of their first members.
    pub groups: Vec<Group>,
    /// Each group against those before it.
    pub against: Vec<Against>,
}

impl Pool {
    /// Of these runs; those that are not over count for no figure.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when a run has no TOML form.
    pub fn of(members: &[Member]) -> Result<Self> {
        let outcomes: Vec<Option<Outcome>> = members.iter().map(|member| outcome_of(member.events)).collect();
        let evals = || outcomes.iter().flatten().flat_map(|outcome| &outcome.evals);
        let metric = if evals().any(|eval| eval.perplexity().is_some()) { Metric::Loss } else { Metric::Accuracy };
        let split = if evals().any(|eval| eval.split == "dev") { "dev" } else { "test" };
        let mut places: Vec<Vec<usize>> = vec![];
        for (place, member) in members.iter().enumerate() {
            let mut found = None;
            for (at, group) in places.iter().enumerate() {
                if differs(members[group[0]].run, member.run)?.is_empty() {
                    found = Some(at);
                    break;
                }
            }
            match found {
                Some(at) => places[at].push(place),
                None => places.push(vec![place]),
            }
        }
        let mut groups = vec![];
        for group in places {
            let run = members[group[0]].run;
            let first = members.iter().find(|member| member.run.name == run.name).map_or(run, |member| member.run);
            let label = label(first, run)?;
            groups.push(of_group(metric, label, group, members, &outcomes));
        }
        let pairs = (0..groups.len()).flat_map(|left| (0..left).map(move |right| [left, right]));
        let against = pairs.map(|[left, right]| {
            let [one, other] = [left, right].map(|place| &groups[place].finding.students);
            let difference = summary(&apart(one, other));
            let verdict = verdict(difference.as_ref());
            Against { left, right, difference, verdict, told: sentence(metric, verdict, difference.as_ref()) }
        });
        Ok(Self { metric, split: split.into(), against: against.collect(), groups })
    }
}

/// What makes two runs more than repetitions of each other.
fn differs(left: &Run, right: &Run) -> Result<Vec<Difference>> {
    let mut found = differences(left, right, Lists::ByPlace)?;
    found.retain(|one| one.path != "seed");
    Ok(found)
}

/// A configuration by its name, and by what it says otherwise than the first run of that name.
fn label(first: &Run, run: &Run) -> Result<String> {
    let said = |one: &Difference| match &one.right {
        Some(value) => format!("{} = {value}", one.path),
        None => format!("no {}", one.path),
    };
    let found: Vec<String> = differs(first, run)?.iter().map(said).collect();
    Ok(if found.is_empty() { run.name.clone() } else { format!("{} ({})", run.name, found.join(", ")) })
}

fn of_group(
    metric: Metric,
    label: String,
    places: Vec<usize>,
    members: &[Member],
    outcomes: &[Option<Outcome>],
) -> Group {
    let of = |who: &str| -> BySeed {
        let merit = |place: &usize| Some((members[*place].run.seed, outcomes[*place].as_ref()?.merit(metric, who)?));
        places.iter().filter_map(merit).collect()
    };
    let (students, controls) = (of("student"), of("control"));
    let summarised = |values: &BySeed| summary(&values.values().copied().collect::<Vec<f64>>());
    let gain = summary(&apart(&students, &controls));
    let verdict = verdict(gain.as_ref());
    let told = gain.as_ref().map(|gain| sentence(metric, verdict, Some(gain)));
    let finding = Finding {
        label,
        teacher: summarised(&of("teacher")),
        student: summarised(&students),
        control: summarised(&controls),
        students,
        controls,
        gain,
        verdict,
    };
    Group { members: places, finding, told }
}

#[cfg(test)]
mod tests {
    use super::{
        super::table::tests::{eval, started},
        *,
    };

    fn over(student: f64, control: f64) -> Vec<Event> {
        let evals = [("teacher", 0.9), ("student", student), ("control", control)];
        let evals = evals.map(|(who, accuracy)| Event::Eval(eval(who, "test", accuracy)));
        [&[started(0)][..], &evals, &[Event::Done { steps: 9, seconds: 1.0 }]].concat()
    }

    #[test]
    fn seeds_of_one_configuration_are_repetitions_and_configurations_are_paired_by_seed() {
        let base = Run { name: "a".into(), ..Run::default() };
        let hot = base.set("phases.0.batch=8").unwrap();
        let run = |run: &Run, seed| Run { seed, ..run.clone() };
        // Gains of 10, 12 and 14 points; the other configuration is 2 points better, seed by seed.
        let runs: Vec<(Run, Vec<Event>)> = (1..=3)
            .flat_map(|seed| {
                let [twin, gain] = [0.125 * seed as f64, 0.08 + 0.02 * seed as f64];
                let better = over(twin + gain + 0.02, twin);
                [(run(&base, seed), over(twin + gain, twin)), (run(&hot, seed), better)]
            })
            .chain([(run(&base, 4), vec![started(0)])])
            .collect();
        let members: Vec<Member> = runs.iter().map(|(run, events)| Member { run, events }).collect();
        let pool = Pool::of(&members).unwrap();
        assert_eq!((pool.metric, pool.split.as_str(), pool.groups.len()), (Metric::Accuracy, "test", 2));
        let [first, second] = &pool.groups[..] else { panic!("two groups") };
        assert_eq!((&first.members[..], &second.members[..]), (&[0, 2, 4, 6][..], &[1, 3, 5][..]));
        assert_eq!((first.finding.label.as_str(), second.finding.label.as_str()), ("a", "a (phases.0.batch = 8)"));
        // Mean 12, s 2, half 4.3027 · 2 / √3 = 4.97; the run that is not over has no figure.
        assert_eq!(first.told.as_deref(), Some("beats: +12.00 [+7.03, +16.97] points, n = 3"));
        let [against] = &pool.against[..] else { panic!("one pair") };
        assert_eq!((against.left, against.right, against.verdict), (1, 0, Verdict::Beats));
        assert_eq!(against.told, "beats: +2.00 [+2.00, +2.00] points, n = 3");
    }

    #[test]
    fn one_seed_tells_nothing_and_says_so() {
        let run = Run { name: "a".into(), ..Run::default() };
        let other = Run { name: "b".into(), seed: 2, ..Run::default() };
        let (one, two) = (over(0.75, 0.5), over(0.5, 0.25));
        let pool = Pool::of(&[Member { run: &run, events: &one }, Member { run: &other, events: &two }]).unwrap();
        assert_eq!(
            pool.groups[0].told.as_deref(),
            Some("cannot be told: +25.00 points, n = 1 (one seed has no interval)")
        );
        assert_eq!(pool.groups[1].finding.label, "b");
        assert_eq!(pool.against[0].told, "cannot be told: n = 0 (no seed in common)");
    }
}
