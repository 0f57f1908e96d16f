//! `retort report`: what came of a run, of STARK's runs or of a study, as a page or as Markdown.

use retort_core::{
    Error, Result,
    platform::Store,
    run::Run,
    study::Study,
    train::{
        METRICS, history, provenance_of, run_of,
        stark::{REPORT, Report, Seeds},
    },
};

use super::{Exit, out, study::Directory};
use crate::report::{Account, Document, html, markdown, of_run, of_seeds, of_stark, of_study};

/// Writes a report.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of a run, of STARK's runs (with one seed or several), or of a study
    #[arg(value_name = "RUNDIR")]
    run: String,
    /// A file that ends in .html, or in .md for Markdown with the figures beside it [default: RUNDIR/report.html]
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

/// Reads what is there, and writes what it says.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let dir = arguments.run.trim_end_matches('/');
    let to = arguments.out.unwrap_or_else(|| format!("{dir}/report.html"));
    let (above, name) = to.rsplit_once('/').unwrap_or((".", &to));
    let stem = match name.rsplit_once('.') {
        Some((stem, "html" | "md")) if !stem.is_empty() => stem,
        _ => return Err(Error::input("--out", "a name that ends in .html or .md", format!("`{to}`"))),
    };
    let store = Store::open_existing(dir).await?;
    let document = match store.read("study.toml").await? {
        Some(study) => of_a_study(&store, &study).await?,
        None => of_a_run(&store).await?,
    };
    let there = Store::open(above).await?;
    if name.ends_with(".html") {
        there.write(name, html(&document).as_bytes()).await?;
    } else {
        let (text, figures) = markdown(&document, stem);
        for (file, svg) in figures {
            there.write(&file, svg.as_bytes()).await?;
        }
        there.write(name, text.as_bytes()).await?;
    }
    out::line(&to)?;
    Ok(Exit::Fine)
}

async fn of_a_run(store: &Store) -> Result<Document> {
    let Some(run) = run_of(store).await? else { return of_several(store).await };
    let provenance = provenance_of(store).await?;
    if run.stark.is_some() {
        let at = format!("{}/{REPORT}", store.root());
        let none = || Error::input(&at, "what came of all stages", "nothing yet; go on with `retort stark … --resume`");
        let bytes = store.read(REPORT).await?.ok_or_else(none)?;
        return of_stark(&run.name, &run, &read_report(&at, &bytes)?, provenance.as_ref());
    }
    let log = async |below: &str| -> Result<_> {
        Ok(history(&store.read(&format!("{below}{METRICS}")).await?.unwrap_or_default()))
    };
    let mut before = vec![];
    for number in 1..=run.assistants().len() {
        let name = format!("assistant-{number}");
        let events = log(&format!("{name}/")).await?;
        before.push((name, events));
    }
    let events = log("").await?;
    of_run(&Account { title: &run.name, run: &run, events: &events, before: &before, provenance: provenance.as_ref() })
}

/// Of STARK with several seeds, each in a directory of its own.
async fn of_several(store: &Store) -> Result<Document> {
    let mut reports = vec![];
    for seed in 1.. {
        let Some(bytes) = store.read(&format!("seed-{seed}/{REPORT}")).await? else { break };
        reports.push(read_report(&format!("{}/seed-{seed}/{REPORT}", store.root()), &bytes)?);
    }
    if reports.is_empty() {
        return Err(Error::input(store.root(), "the directory of a run or of a study", "neither"));
    }
    Ok(of_seeds(store.root().rsplit('/').next().unwrap_or_default(), &Seeds::of(&reports)))
}

fn read_report(at: &str, bytes: &[u8]) -> Result<Report> {
    serde_json::from_slice(bytes).map_err(|error| Error::input(at, "a report", error.to_string()))
}

async fn of_a_study(store: &Store, study: &[u8]) -> Result<Document> {
    let (at, base_at) = (format!("{}/study.toml", store.root()), format!("{}/base.toml", store.root()));
    let study = Study::from_toml(&at, &String::from_utf8_lossy(study))?;
    let base = store.read("base.toml").await?;
    let base = base.ok_or_else(|| Error::input(&base_at, "the run file that the study varies", "none"))?;
    let base = Run::from_toml(&base_at, &String::from_utf8_lossy(&base))?;
    let plan = study.plan(&at, &base)?;
    let directory = Directory::of(store.clone());
    let mut outcomes = vec![];
    for cell in &plan.cells {
        outcomes.push(directory.outcome(cell).await?);
    }
    of_study(&study, &base, &plan, &outcomes)
}
