//! `retort figures`: the figures of the companions, as they are before anything is chosen.

use retort_core::{
    Error, Result,
    platform::{self, Store},
};

use super::{Exit, out};
use crate::exhibits::{EXHIBITS, Recorded, sheet};

/// Draws the figures.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where they go, one SVG for each: COMPANION-FIGURE.svg
    dir: String,
    /// What they show
    #[arg(long, value_name = "DIR", default_value = "www/recorded")]
    recorded: String,
    /// The tables of the studies
    #[arg(long, value_name = "FILE", default_value = "RESULTS.md")]
    results: String,
}

/// Draws all of them, and writes them only when none is wrong.
pub async fn run(arguments: Arguments) -> Result<Exit> {
    let mut recorded = Recorded::new();
    for name in EXHIBITS.iter().flat_map(|exhibit| exhibit.recorded) {
        let path =
            if *name == "results.md" { arguments.results.clone() } else { format!("{}/{name}", arguments.recorded) };
        if !recorded.contains_key(*name) {
            let bytes = platform::read_file(&path).await?;
            let text =
                String::from_utf8(bytes).map_err(|error| Error::input(&path, "a recording", error.to_string()))?;
            recorded.insert((*name).to_owned(), text);
        }
    }
    let all = EXHIBITS.iter().map(|exhibit| Ok((exhibit.parts().join("-"), sheet(&exhibit.first(&recorded)?))));
    let all = all.collect::<Result<Vec<_>>>()?;
    let store = Store::open(&arguments.dir).await?;
    for (name, svg) in &all {
        store.write(&format!("{name}.svg"), svg.as_bytes()).await?;
    }
    out::line(format!("{} figures in {}", all.len(), arguments.dir))?;
    Ok(Exit::Fine)
}
