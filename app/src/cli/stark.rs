//! `retort stark`: sparse teachers, and what their students make of them.

use std::fmt::Write as _;

use retort_core::{
    Error, Result,
    platform::{self, Store},
    train::{
        Told,
        stark::{Arm, Figure, Level, Report, Stage, Stark},
    },
};

use super::{
    Exit, On, distil,
    figure::{self, Drawn},
    interrupt, out, score, show,
};

/// Trial distillation, scores, sparse teachers, and one student for each.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run file (TOML); without a [stark] section it gets the usual one
    #[arg(value_name = "RUN.toml")]
    run: String,
    /// Replace one value of the run file; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    on: On,
    /// Where everything goes [default: runs/<name of the run>]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Go on where it was stopped
    #[arg(long)]
    resume: bool,
    /// Print one event a line as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

/// Goes through all stages, or to Ctrl-C.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let mut run = distil::file(&arguments.run).await?;
    run.stark.get_or_insert_default();
    for assignment in &arguments.sets {
        run = run.set(assignment)?;
    }
    let out = arguments.out.clone().unwrap_or_else(|| format!("runs/{}", run.name));
    interrupt::listen("stopping after this step")?;
    let store = match arguments.resume {
        true => Store::open_existing(&out).await?,
        false => Store::open(&out).await?,
    };
    let opened = platform::open(arguments.on.device).await?;
    let mut stark = Stark::open(run, store.clone(), opened, arguments.resume).await?;
    let mut show = show::new(arguments.json);
    while let Some(told) = stark.next().await? {
        match &told {
            _ if arguments.json => out::json(&told)?,
            Told::Run { event } => show.event(event)?,
            Told::Stage { stage, number, of } => out::line(format!("\n[{number} of {of}] {}", words(stage)))?,
            Told::Scored { scores } => score::map(scores)?,
            Told::Level { level } => {
                show.close();
                show = show::new(false);
                out::line(figures(level))?;
            }
            Told::Done { .. } => {}
        }
        if let Told::Scored { scores } = &told {
            write(&store, "scores.svg", figure::map(&scores.heads.score, "head", "layer")).await?;
        }
        if let Told::Done { report } = &told {
            write(&store, "students.svg", students(report)).await?;
            write(&store, "teachers.svg", teachers(report)).await?;
            store.write("report.md", markdown(report).as_bytes()).await?;
            if !arguments.json {
                out::line(format!("\n{}", markdown(report)))?;
                out::line(format!("Everything lies in {out}."))?;
            }
        }
        if interrupt::asked() && stark.is_told() {
            stark.save().await?;
            show.close();
            eprintln!("retort: saved in {out}; go on with: {}", distil::again(std::env::args()));
            return Ok(Exit::Interrupted);
        }
    }
    Ok(Exit::Fine)
}

async fn write(store: &Store, name: &str, svg: Drawn<String>) -> Result<()> {
    store.write(name, svg.map_err(|error| Error::storage(name, error))?.as_bytes()).await
}

fn words(stage: &Stage) -> String {
    match stage {
        Stage::Trial => "trial: the whole teacher teaches".into(),
        Stage::Scores => "scores: what the teacher's units matter to it and to its student".into(),
        Stage::Level { arm, percent: Some(percent) } => format!("{arm}: the teacher without {percent} %"),
        Stage::Level { arm, percent: None } => format!("{arm}: the teacher without what its scores say"),
    }
}

/// A figure in a few characters.
fn short(figure: &Figure) -> String {
    match figure.words {
        true => format!("{:.3}", figure.loss.exp()),
        false => format!("{:.1} %", 100.0 * figure.accuracy),
    }
}

fn figures(level: &Level) -> String {
    format!(
        "{} without {:.0} %: teacher {} on dev; student {} on dev, {} on test",
        level.arm,
        level.percent[0],
        short(&level.teacher[0]),
        short(&level.student[0]),
        short(&level.student[1])
    )
}

/// The report as Markdown.
fn markdown(report: &Report) -> String {
    let mut text = String::from(
        "# Sparse teachers\n\n| teacher | gone: heads, neurons | parameters | variance | teacher, dev | student, dev | \
         student, test |\n|---|---|---|---|---|---|---|\n",
    );
    let row = |text: &mut String, level: &Level, best: bool| {
        let mark = if best { " (best on dev)" } else { "" };
        let sure = level.confidence.map_or("-".into(), |confidence| format!("{confidence:.4}"));
        let [teacher, dev, test] = [&level.teacher[0], &level.student[0], &level.student[1]].map(short);
        let [heads, neurons] = level.percent.map(|percent| format!("{percent:.0} %"));
        let parameters = out::thousands(level.parameters as u64);
        let _ = writeln!(
            text,
            "| {}{mark} | {heads}, {neurons} | {parameters} | {sure} | {teacher} | {dev} | {test} |",
            level.arm
        );
    };
    row(&mut text, &report.trial, false);
    for arm in &report.arms {
        for (index, level) in arm.levels.iter().enumerate().skip(1) {
            row(&mut text, level, index == arm.best);
        }
    }
    if let Some(control) = &report.trial.control {
        let _ = writeln!(text, "\nThe student without a teacher: {} on test.", short(control));
    }
    text.push_str("\nThe best level of each sweep is told on dev; test chose nothing.");
    for arm in &report.arms {
        let best = &arm.levels[arm.best];
        let _ = write!(
            text,
            "\n{}: best without {:.0} %, {} on test; the whole teacher's student {}.",
            arm.name,
            best.percent[0],
            short(&best.student[1]),
            short(&report.trial.student[1])
        );
    }
    text.push('\n');
    text
}

/// A figure's value and the name of its axis.
fn value(figure: &Figure) -> (f64, &'static str) {
    match figure.words {
        true => (figure.loss.exp(), "perplexity"),
        false => (100.0 * figure.accuracy, "accuracy, %"),
    }
}

fn line(name: String, arm: &Arm, of: impl Fn(&Level) -> f64) -> figure::Line {
    let points = arm.levels.iter().map(|level| (level.percent[0], of(level), None)).collect();
    figure::Line { name, points }
}

/// The students by how much of their teacher is gone.
fn students(report: &Report) -> Drawn<String> {
    let (_, axis) = value(&report.trial.student[0]);
    let of = |split: usize| move |level: &Level| value(&level.student[split]).0;
    let lines: Vec<figure::Line> = report
        .arms
        .iter()
        .flat_map(|arm| {
            [line(format!("{}, dev", arm.name), arm, of(0)), line(format!("{}, test", arm.name), arm, of(1))]
        })
        .collect();
    figure::lines(&lines, "of the teacher gone, %", &format!("student: {axis}"))
}

/// The teachers by how much of them is gone.
fn teachers(report: &Report) -> Drawn<String> {
    let (_, axis) = value(&report.trial.teacher[0]);
    let lines: Vec<figure::Line> =
        report.arms.iter().map(|arm| line(arm.name.clone(), arm, |level| value(&level.teacher[0]).0)).collect();
    figure::lines(&lines, "gone, %", &format!("teacher on dev: {axis}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_told_in_words() {
        let level = |percent| Stage::Level { arm: "random".into(), percent };
        assert_eq!(words(&level(Some(30.0))), "random: the teacher without 30 %");
        assert_eq!(words(&level(None)), "random: the teacher without what its scores say");
    }
}
