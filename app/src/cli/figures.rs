//! `retort figures`: the figures of the companions, as they are before anything is chosen.

use std::{fs, path::PathBuf};

use retort_core::{Error, Result};

use super::{Exit, out};
use crate::exhibits::{EXHIBITS, Recorded, sheet};

/// Draws the figures.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where they go, one SVG for each: COMPANION-FIGURE.svg
    dir: PathBuf,
    /// What they show
    #[arg(long, value_name = "DIR", default_value = "www/recorded")]
    recorded: PathBuf,
    /// The tables of the studies
    #[arg(long, value_name = "FILE", default_value = "RESULTS.md")]
    results: PathBuf,
}

/// Draws all of them, and writes them only when none is wrong.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let mut recorded = Recorded::new();
    for name in EXHIBITS.iter().flat_map(|exhibit| exhibit.recorded) {
        let path = if *name == "results.md" { arguments.results.clone() } else { arguments.recorded.join(name) };
        let read = || {
            fs::read_to_string(&path)
                .map_err(|error| Error::input(path.display().to_string(), "a recording", error.to_string()))
        };
        if !recorded.contains_key(*name) {
            recorded.insert((*name).to_owned(), read()?);
        }
    }
    let all = EXHIBITS.iter().map(|exhibit| Ok((exhibit.parts().join("-"), sheet(&exhibit.first(&recorded)?))));
    let all = all.collect::<Result<Vec<_>>>()?;
    let wrong = |path: &PathBuf, error: std::io::Error| Error::storage(path.display().to_string(), error);
    fs::create_dir_all(&arguments.dir).map_err(|error| wrong(&arguments.dir, error))?;
    for (name, svg) in &all {
        let path = arguments.dir.join(format!("{name}.svg"));
        fs::write(&path, svg).map_err(|error| wrong(&path, error))?;
    }
    out::line(format!("{} figures in {}", all.len(), arguments.dir.display()))?;
    Ok(Exit::Fine)
}
