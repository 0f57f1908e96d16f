//! What several seeds of STARK say together.

use std::fmt::Write as _;

use retort_core::{
    study::{Summary, told, verdict},
    train::stark::{Pair, Point, Seeds, Sweep},
};

use crate::cli::figure::{self, Line};

/// As Markdown: what each sweep comes to, which is better, and their levels.
pub fn markdown(name: &str, seeds: &Seeds) -> String {
    let metric = seeds.metric;
    let mut text = format!("# {name}\n\n{}\n\n", opening(seeds));
    sweeps(&mut text, seeds);
    let _ = write!(
        text,
        "\n{}: the mean over the seeds and its 95 % interval (Student's t); differences, in {}, are paired by seed. \
         The level is chosen on dev seed by seed, the whole teacher among them; test chose nothing.\n\n",
        metric.explained("test"),
        metric.step()
    );
    levels(&mut text, seeds);
    text
}

/// The level that dev chose of each sweep, and the sweeps against each other.
fn sweeps(text: &mut String, seeds: &Seeds) {
    let metric = seeds.metric;
    text.push_str(
        "| sparse by | best on dev without | student on test | against the whole teacher's | verdict \
         |\n|---|---|---|---|---|\n",
    );
    for Sweep { name, best, verdict, .. } in &seeds.sweeps {
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} |",
            percent(&best.percent[0]),
            metric.value(&best.student),
            metric.change(&best.gain),
            told(*verdict, Some(&best.gain)),
        );
    }
    if seeds.pairs.is_empty() {
        return;
    }
    text.push_str("\n| best of | against that of | difference | verdict |\n|---|---|---|---|\n");
    for Pair { left, right, difference, verdict } in &seeds.pairs {
        let judged = told(*verdict, Some(difference));
        let _ = writeln!(text, "| {left} | {right} | {} | {judged} |", metric.change(difference));
    }
}

/// Every level of every sweep.
fn levels(text: &mut String, seeds: &Seeds) {
    let metric = seeds.metric;
    text.push_str(
        "| teacher | gone: heads, neurons | variance | teacher, dev | student, test | against the whole teacher's \
         |\n|---|---|---|---|---|---|\n",
    );
    let sure = |summary: Option<&Summary>| summary.map_or("-".into(), |summary| format!("{:.4}", summary.mean));
    let whole = (sure(seeds.confidence.as_ref()), metric.value(&seeds.trial));
    let _ = writeln!(text, "| whole | 0 %, 0 % | {} | - | {} | - |", whole.0, whole.1);
    for (sweep, level) in seeds.sweeps.iter().flat_map(|sweep| sweep.levels.iter().map(move |level| (sweep, level))) {
        let Point { percent: [heads, neurons], confidence, teacher, student, gain } = level;
        let _ = writeln!(
            text,
            "| {} | {}, {} | {} | {} | {} | {} |",
            sweep.name,
            percent(heads),
            percent(neurons),
            sure(confidence.as_ref()),
            metric.value(&Summary { interval: None, ..*teacher }),
            metric.value(student),
            metric.change(gain)
        );
    }
}

/// The answer, in sentences.
fn opening(seeds: &Seeds) -> String {
    let metric = seeds.metric;
    let mut text = format!(
        "{} seeds. On test the whole teacher has {} {}, its student {}",
        seeds.trial.count,
        metric.value(&Summary { interval: None, ..seeds.teacher }),
        metric.unit(),
        metric.value(&seeds.trial),
    );
    if let (Some(control), Some(gain)) = (&seeds.control, &seeds.gain) {
        let _ = write!(
            text,
            ", the student without a teacher {}: {} {} ({})",
            metric.value(control),
            metric.change(gain),
            metric.step(),
            told(verdict(Some(gain)), Some(gain)).replace('*', "")
        );
    }
    text + "."
}

/// `46 %`, and where the seeds differ `46 [30, 62] %`.
fn percent(summary: &Summary) -> String {
    match summary.interval.filter(|[low, high]| high - low > 0.5) {
        Some([low, high]) => format!("{:.0} [{low:.0}, {high:.0}] %", summary.mean),
        None => format!("{:.0} %", summary.mean),
    }
}

/// The students on test by how much of their teacher is gone, with intervals.
pub fn students(seeds: &Seeds) -> String {
    let metric = seeds.metric;
    let lines = lines(seeds, &seeds.trial, |level| Some(level.student), |value| metric.shown(value));
    figure::lines(&lines, "of the teacher gone, %", &format!("student on test: {}, {}", metric.name(), metric.unit()))
}

/// How sure the teachers are by how much of them is gone; of words it is not known.
pub fn confidence(seeds: &Seeds) -> Option<String> {
    let lines = lines(seeds, seeds.confidence.as_ref()?, |level| level.confidence, |value| value);
    Some(figure::lines(&lines, "gone, %", "variance of the teacher's probabilities on dev"))
}

/// A line for each sweep, from the whole teacher on.
fn lines(
    seeds: &Seeds,
    whole: &Summary,
    of: impl Fn(&Point) -> Option<Summary>,
    shown: impl Fn(f64) -> f64,
) -> Vec<Line> {
    let point = |at: f64, summary: &Summary| (at, shown(summary.mean), summary.interval.map(|ends| ends.map(&shown)));
    let line = |sweep: &Sweep| {
        let levels = sweep.levels.iter().filter_map(|level| Some(point(level.percent[0].mean, &of(level)?)));
        Line { name: sweep.name.clone(), points: [point(0.0, whole)].into_iter().chain(levels).collect() }
    };
    seeds.sweeps.iter().map(line).collect()
}
