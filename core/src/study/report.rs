//! A study in Markdown: what was found, then what was run.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Comparison, Finding, Findings, Metric, Outcome, Plan, Study, Summary, Verdict};
use crate::platform;

/// What there is to report.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The study.
    pub study: &'a Study,
    /// Its cells.
    pub plan: &'a Plan,
    /// What each of them measured; nothing of those that are not finished.
    pub outcomes: &'a [Option<Outcome>],
    /// What they say together.
    pub findings: &'a Findings,
    /// What went wrong, by cell.
    pub failures: &'a BTreeMap<usize, String>,
    /// Figures beside the report: what they show, and their files.
    pub figures: &'a [(&'a str, &'a str)],
}

/// Writes the report.
pub fn report(account: &Account) -> String {
    let mut text = format!("# {}\n\n{}\n\n", account.study.name, opening(account).join(" "));
    settings(&mut text, account.plan, account.findings);
    for (title, file) in account.figures {
        let _ = write!(text, "![{title}]({file})\n\n");
    }
    for metric in &account.study.also {
        let study = Study { metric: *metric, ..account.study.clone() };
        let findings = Findings::new(&study, account.plan, account.outcomes);
        let _ = write!(text, "## By {}\n\n", metric.name());
        settings(&mut text, account.plan, &findings);
    }
    comparisons(&mut text, account);
    what_was_run(&mut text, account);
    text
}

/// The answer, in sentences.
fn opening(account: &Account) -> Vec<String> {
    let Account { study, plan, outcomes, findings, .. } = account;
    let finished = outcomes.iter().flatten().count();
    let mut lines = vec![format!(
        "{} and {} make {}; {} finished.",
        counted(plan.settings.len(), "setting"),
        counted(study.seeds.list().len(), "seed"),
        counted(plan.cells.len(), "cell"),
        if finished == plan.cells.len() { "all are".into() } else { format!("{finished} of them are") },
    )];
    let (metric, unit) = (findings.metric, findings.metric.step());
    let change = |summary: Option<&Summary>| change(metric, summary);
    let compared: Vec<&Finding> = findings.settings.iter().filter(|found| found.gain.is_some()).collect();
    match compared[..] {
        [] if plan.cells.iter().all(|cell| cell.run.teacher.is_none()) => {
            lines.push("There is no teacher in this study, so there is no untaught twin to compare with.".into());
        }
        [] => {}
        [one] => lines.push(match one.verdict {
            Verdict::CannotBeTold => format!(
                "Whether the taught student beats its untaught twin cannot be told: {} {unit} ({}).",
                change(one.gain.as_ref()),
                reason(one.gain.as_ref())
            ),
            told => format!("The taught student {told} its untaught twin: {} {unit}.", change(one.gain.as_ref())),
        }),
        _ => {
            let count = |verdict| compared.iter().filter(|found| found.verdict == verdict).count();
            lines.push(format!(
                "The taught student beats its untaught twin in {} of {} settings and does not beat it in {}; \
                 in {} it cannot be told.",
                count(Verdict::Beats),
                compared.len(),
                count(Verdict::DoesNotBeat),
                count(Verdict::CannotBeTold),
            ));
        }
    }
    let students = plan.settings.iter().zip(&findings.settings);
    let means = students.filter_map(|(setting, found)| Some((setting, found.student?)));
    let best = means.max_by(|left, right| left.1.mean.total_cmp(&right.1.mean));
    if let (Some((setting, student)), true) = (best, plan.settings.len() > 1) {
        lines.push(format!(
            "The best mean {} is {} {}, of {}.",
            metric.name(),
            metric.value(&student),
            metric.unit(),
            escaped(&setting.label)
        ));
    }
    lines
}

/// What each setting comes to.
fn settings(text: &mut String, plan: &Plan, findings: &Findings) {
    let metric = findings.metric;
    let value = |summary: Option<&Summary>| summary.map_or("-".into(), |summary| metric.value(summary));
    text.push_str("| setting | seeds | teacher | student | untaught twin | difference | student against twin |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for (setting, found) in plan.settings.iter().zip(&findings.settings) {
        let told = match found.gain {
            Some(_) => told(found.verdict, found.gain.as_ref()),
            None => "-".into(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {told} |",
            escaped(&setting.label),
            found.students.len(),
            found.teacher.map_or("-".into(), |teacher| metric.value(&Summary { interval: None, ..teacher })),
            value(found.student.as_ref()),
            value(found.control.as_ref()),
            change(metric, found.gain.as_ref()),
        );
    }
    let _ = write!(
        text,
        "\n{}: the mean over the seeds and its 95 % interval (Student's t). The twin starts from \
         the same weights and sees the same batches, but has no teacher. The difference, in {}, is paired by \
         seed; the verdict says whether its interval lies above or below 0.\n\n",
        metric.explained(&findings.split),
        metric.step()
    );
}

/// Points of one axis against each other.
fn comparisons(text: &mut String, account: &Account) {
    let findings = account.findings;
    for (index, axis) in account.study.axes.iter().enumerate() {
        let pairs: Vec<&Comparison> = findings.comparisons.iter().filter(|pair| pair.axis == index).collect();
        if pairs.is_empty() {
            continue;
        }
        let _ =
            write!(text, "## Along {}\n\n| with | student | against | difference | verdict |\n", escaped(&axis.name));
        text.push_str("|---|---|---|---|---|\n");
        for pair in pairs {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                if pair.elsewhere.is_empty() { "-".into() } else { escaped(&pair.elsewhere) },
                escaped(&pair.left),
                escaped(&pair.right),
                change(findings.metric, pair.difference.as_ref()),
                told(pair.verdict, pair.difference.as_ref()),
            );
        }
        text.push('\n');
    }
    let gains = findings.settings.iter().filter(|found| found.gain.is_some()).count();
    let intervals = gains + findings.comparisons.len();
    if intervals > 1 {
        let _ = write!(
            text,
            "These are {intervals} intervals of 95 % each: about one in twenty misses the truth by chance.\n\n"
        );
    }
}

/// What was run, and on what.
fn what_was_run(text: &mut String, account: &Account) {
    let Account { study, plan, outcomes, failures, .. } = account;
    text.push_str("## What was run\n\n");
    let seeds: Vec<String> = study.seeds.list().iter().map(u64::to_string).collect();
    let _ = writeln!(text, "- Base: `{}`, as executed in [base.toml](base.toml)", study.base);
    for axis in &study.axes {
        let names: Vec<String> = axis
            .points
            .iter()
            .map(|point| match point.set.is_empty() {
                true => format!("{} (the base)", escaped(&point.name)),
                false => format!("{} (`{}`)", escaped(&point.name), point.set.join("`, `")),
            })
            .collect();
        let _ = writeln!(text, "- Axis {}: {}", escaped(&axis.name), names.join("; "));
    }
    let _ = writeln!(text, "- Seeds: {}", seeds.join(", "));
    let _ = writeln!(text, "- Retort {}, source {}", env!("CARGO_PKG_VERSION"), platform::source_commit());
    let mut adapters: Vec<&str> = outcomes.iter().flatten().map(|outcome| outcome.adapter.as_str()).collect();
    adapters.sort_unstable();
    adapters.dedup();
    if !adapters.is_empty() {
        let _ = writeln!(text, "- On {}", adapters.join("; "));
    }
    let seconds: f64 = outcomes.iter().flatten().map(|outcome| outcome.seconds).sum();
    let _ = writeln!(text, "- Training and evaluation took {seconds:.0} s over all finished cells");
    for (index, cell) in plan.cells.iter().enumerate().filter(|(index, _)| outcomes[*index].is_none()) {
        let why = failures.get(&index).map_or(String::new(), |why| format!(": {why}"));
        let _ = writeln!(text, "- Not finished: `{}`{why}", cell.id);
    }
    text.push_str("\nEvery figure of every cell is in [results.csv](results.csv).\n");
}

/// A verdict in a table, and why there is none.
pub fn told(verdict: Verdict, difference: Option<&Summary>) -> String {
    match verdict {
        Verdict::CannotBeTold => format!("{verdict}: {}", reason(difference)),
        _ => format!("*{verdict}*"),
    }
}

/// The same with what it rests on: `beats: +1.20 [+0.30, +2.10] points, n = 5`.
pub fn sentence(metric: Metric, verdict: Verdict, difference: Option<&Summary>) -> String {
    let count = difference.map_or(0, |difference| difference.count);
    let measured = difference.map_or(String::new(), |found| format!("{} {}, ", metric.change(found), metric.step()));
    let why = match verdict {
        Verdict::CannotBeTold => format!(" ({})", reason(difference)),
        _ => String::new(),
    };
    format!("{verdict}: {measured}n = {count}{why}")
}

/// Why it cannot be told.
fn reason(difference: Option<&Summary>) -> &'static str {
    match difference.map(|difference| difference.count) {
        None | Some(0) => "no seed in common",
        Some(1) => "one seed has no interval",
        Some(_) => "the interval holds 0",
    }
}

/// How much better.
fn change(metric: Metric, summary: Option<&Summary>) -> String {
    summary.map_or("-".into(), |summary| metric.change(summary))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A name that does not end a table's cell.
fn escaped(name: &str) -> String {
    name.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::{super::findings::tests::four, *};

    fn written_of(accuracy: impl Fn(&[usize], u64) -> Option<[f64; 2]>) -> String {
        let (study, plan, outcomes) = four(accuracy);
        let findings = Findings::new(&study, &plan, &outcomes);
        let failures = BTreeMap::from([(11, "the disk is full".to_owned())]);
        let figures = [("Accuracy", "accuracy.svg")];
        report(&Account {
            study: &study,
            plan: &plan,
            outcomes: &outcomes,
            findings: &findings,
            failures: &failures,
            figures: &figures,
        })
    }

    #[test]
    fn further_figures_are_told_by_setting() {
        let (study, plan, outcomes) = four(|_, _| Some([0.75, 0.5]));
        let study = Study { also: vec![Metric::Loss], ..study };
        let findings = Findings::new(&study, &plan, &outcomes);
        let account = Account {
            study: &study,
            plan: &plan,
            outcomes: &outcomes,
            findings: &findings,
            failures: &BTreeMap::new(),
            figures: &[],
        };
        let text = report(&account);
        let (_, by) = text.split_once("## By loss\n\n").expect("a heading");
        assert_eq!(by.lines().skip(2).take_while(|line| line.starts_with("| T=")).count(), 4, "{by}");
        assert!(by.contains("nats"), "{by}");
    }

    #[test]
    fn a_report_answers_first_and_says_what_is_missing() {
        // Twins of 50 %. T=4: gains of 10, 12 and 14 points; T=1: of 1, 2 and 3.
        let text = written_of(|points, seed| {
            let gain = [seed, 8 + 2 * seed][points[0]] as f64 / 100.0;
            (points != [1, 1] || seed < 3).then_some([0.5 + gain, 0.5])
        });
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "# four");
        assert_eq!(
            lines[2],
            "4 settings and 3 seeds make 12 cells; 11 of them are finished. The taught student beats its untaught \
             twin in 1 of 4 settings and does not beat it in 0; in 3 it cannot be told. The best mean accuracy is \
             62.0 [57.0, 67.0] %, of T=4, narrow."
        );
        // Mean 12, s 2, half 4.3027 · 2 / √3 = 4.97.
        let wanted =
            "| T=4, narrow | 3 | 90.0 | 62.0 [57.0, 67.0] | 50.0 [50.0, 50.0] | +12.00 [+7.03, +16.97] | *beats* |";
        assert!(lines.contains(&wanted), "{text}");
        // Two seeds: mean 11, s √2, half 12.706 · √2 / √2.
        assert!(text.contains("| +11.00 [-1.71, +23.71] | cannot be told: the interval holds 0 |"), "{text}");
        assert!(text.contains("## Along T\n") && text.contains("## Along width\n"), "{text}");
        assert!(text.contains("These are 8 intervals of 95 % each"), "{text}");
        assert!(text.contains("- Not finished: `T-4_wide_seed-3`: the disk is full\n"), "{text}");
        assert!(text.contains("- Axis T: T=1 (the base); T=4 (the base)\n"), "{text}");
        assert!(text.contains("![Accuracy](accuracy.svg)"), "{text}");
    }

    #[test]
    fn one_seed_tells_nothing() {
        let text = written_of(|points, seed| (seed == 1 && points == [0, 0]).then_some([0.75, 0.5]));
        let wanted = "Whether the taught student beats its untaught twin cannot be told: +25.00 points (one seed has no \
                      interval).";
        assert!(text.contains(wanted), "{text}");
        assert!(text.contains("| T=4, wide | 0 | - | - | - | - | - |"), "{text}");
    }
}
