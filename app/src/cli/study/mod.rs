//! `retort study`: every cell of a study as its own process, then one table, figures and a report.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clap::ValueEnum;
use retort_core::{
    Error, Result,
    platform::process,
    run::Run,
    study::{Account, Findings, Metric, Outcome, Plan, Study, csv, report},
};

pub use self::directory::Directory;
use self::{hyperqueue::HyperQueue, local::Local, progress::Progress};
use super::{Exit, On, interrupt, out, run_file::text};
use crate::report::settings;

mod directory;
mod hyperqueue;
mod local;
mod progress;

/// Runs a study.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The study file (TOML)
    #[arg(value_name = "STUDY.toml")]
    study: String,
    /// The study's directory; what is finished in it is kept [default: studies/<name of the study>]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Cells at a time on this machine [default: 1]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Where the cells run
    #[arg(long = "on", value_name = "WHERE", default_value = "local")]
    place: Place,
    #[command(flatten)]
    on: On,
    /// Print one event a line as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

/// Where cells run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Place {
    /// As processes of this machine.
    Local,
    /// As tasks of a HyperQueue server.
    Hyperqueue,
}

/// A cell whose process is over, and what was said about it from outside.
struct Ended {
    cell: usize,
    said: String,
}

/// Something that runs cells.
trait Engine {
    /// Starts what can be started; gives the cells that ended since the last call.
    fn poll(&mut self) -> Result<Vec<Ended>>;
    /// The cells that run now.
    fn running(&self) -> Vec<usize>;
    /// Whether no cell runs or waits.
    fn is_over(&self) -> bool;
    /// Asks for a stop.
    fn stop(&mut self);
    /// What must be known after a stop.
    fn farewell(&self) -> String;
}

/// What is known of the cells so far.
struct Sitting {
    plan: Plan,
    directory: Directory,
    outcomes: Vec<Option<Outcome>>,
    failures: BTreeMap<usize, String>,
}

/// Runs what is not finished, then writes what all of it says.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let at = &arguments.study;
    if arguments.place == Place::Hyperqueue && arguments.jobs.is_some() {
        return Err(Error::input("--jobs", "none with --on hyperqueue (its workers decide)", "one"));
    }
    let (study, base) = read(at).await?;
    let plan = study.plan(at, &base)?;
    let out = arguments.out.clone().unwrap_or_else(|| format!("studies/{}", study.name));
    let directory = Directory::open(&out, &study, &base, &plan).await?;
    let mut outcomes = vec![];
    for cell in &plan.cells {
        outcomes.push(directory.outcome(cell).await?);
    }
    let mut sitting = Sitting { plan, directory, outcomes, failures: BTreeMap::new() };
    let waiting: Vec<usize> = (0..sitting.outcomes.len()).filter(|&cell| sitting.outcomes[cell].is_none()).collect();
    let mut progress = Progress::new(arguments.json);
    let device = arguments.on.device.to_string();
    let left = waiting.len();
    let mut engine: Box<dyn Engine> = match arguments.place {
        Place::Hyperqueue if left > 0 => Box::new(HyperQueue::open(&study, &sitting, waiting, &device).await?),
        _ => Box::new(Local::new(&study, &sitting, waiting, &device, arguments.jobs.unwrap_or(1))?),
    };
    interrupt::listen("the cells stop after their step")?;
    progress.study(&study, &sitting, left)?;
    if let Some(farewell) = follow(&mut sitting, engine.as_mut(), &mut progress).await? {
        progress.close();
        let finished = sitting.outcomes.iter().flatten().count();
        let (cells, command) = (sitting.outcomes.len(), out::command(std::env::args()));
        eprintln!("retort: {finished} of {cells} cells are finished in {out}; {farewell}go on with: {command}");
        return Ok(Exit::Interrupted);
    }
    progress.close();
    write(&study, &sitting, &mut progress).await?;
    if sitting.failures.is_empty() {
        return Ok(Exit::Fine);
    }
    eprintln!(
        "retort: {} of {} cells failed; the same command tries them again",
        sitting.failures.len(),
        sitting.outcomes.len()
    );
    Ok(Exit::Failed)
}

/// The study file and its base, which is named from the working directory or from beside the study.
async fn read(at: &str) -> Result<(Study, Run)> {
    let study = Study::from_toml(at, &text(at).await?)?;
    let beside = match at.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{}", study.base),
        None => study.base.clone(),
    };
    let base = if process::is_file(&study.base) { &study.base } else { &beside };
    let base = text(base).await.and_then(|text| Run::from_toml(base, &text)).map_err(|error| match error {
        Error::Input { at: place, wanted, found } => Error::input(format!("{at}: base {place}"), wanted, found),
        other => other,
    })?;
    Ok((study, base))
}

/// Follows the cells to their ends; what there is to say when a stop was asked for before.
async fn follow(sitting: &mut Sitting, engine: &mut dyn Engine, progress: &mut Progress) -> Result<Option<String>> {
    let (mut seen, mut stopping) = (BTreeSet::new(), false);
    loop {
        for ended in engine.poll()? {
            let cell = &sitting.plan.cells[ended.cell];
            let outcome = sitting.directory.outcome(cell).await?;
            match outcome {
                Some(outcome) => {
                    let finished = sitting.outcomes.iter().flatten().count() + 1;
                    progress.finished(cell, &outcome, finished, sitting.outcomes.len())?;
                    sitting.outcomes[ended.cell] = Some(outcome);
                }
                None if stopping => {}
                None => {
                    let said = sitting.directory.last_words(cell)?.unwrap_or(ended.said);
                    progress.failed(cell, &said)?;
                    sitting.failures.insert(ended.cell, said);
                }
            }
        }
        let running = engine.running();
        for &cell in &running {
            if seen.insert(cell) {
                progress.started(&sitting.plan.cells[cell])?;
            }
        }
        if engine.is_over() {
            let left = sitting.outcomes.iter().flatten().count() + sitting.failures.len() < sitting.outcomes.len();
            return Ok((stopping && left).then(|| engine.farewell()));
        }
        if interrupt::asked() && !stopping {
            stopping = true;
            engine.stop();
        }
        progress.tick(&running, sitting)?;
        process::pause(Duration::from_millis(100));
    }
}

/// Table, figures and report: always of everything that is finished.
async fn write(study: &Study, sitting: &Sitting, progress: &mut Progress) -> Result<()> {
    let Sitting { plan, directory, outcomes, failures } = sitting;
    let findings = Findings::new(study, plan, outcomes);
    directory.write("results.csv", &csv(study, plan, outcomes)?).await?;
    let of = |metric: &Metric| Findings::new(&Study { metric: *metric, ..study.clone() }, plan, outcomes);
    let all: Vec<Findings> = [findings.clone()].into_iter().chain(study.also.iter().map(of)).collect();
    let json = serde_json::to_vec_pretty(&all).map_err(|error| Error::storage("findings.json", error))?;
    directory.write("findings.json", &json).await?;
    let drawn = settings::draw(study, plan, &findings);
    for figure in &drawn {
        directory.write(figure.file, figure.svg().as_bytes()).await?;
    }
    let names: Vec<(&str, &str)> = drawn.iter().map(|figure| (figure.title, figure.file)).collect();
    let account = Account { study, plan, outcomes, findings: &findings, failures, figures: &names };
    directory.write("report.md", report(&account).as_bytes()).await?;
    progress.written(plan, &findings, directory.root())
}
