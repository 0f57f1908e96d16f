//! Taking turns with another program at the same step.

use std::io::BufRead;

use retort_core::{
    Error, Result,
    bench::{
        contend::{Contender, lesson},
        step::Size,
    },
    platform::{Opened, Store},
};
use serde::Deserialize;

use crate::cli::{Exit, out};

/// A line of standard input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    steps: usize,
}

/// Answers every line `{"steps": n}` of standard input with a line of what n steps took and their losses.
pub async fn run(opened: &Opened, size: &str) -> Result<Exit> {
    let mut contender = Contender::new(&Size::named(size)?, opened)?;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Error::input("standard input", "lines", error.to_string()))?;
        let Ask { steps } = serde_json::from_str(&line)
            .map_err(|error| Error::input("standard input", "{\"steps\": n}", error.to_string()))?;
        out::json(&contender.take(steps).await?)?;
    }
    Ok(Exit::Fine)
}

/// Writes what another program needs to take the same steps.
pub async fn write(opened: &Opened, size: &str, at: &str) -> Result<Exit> {
    let size = Size::named(size)?;
    let store = Store::open(at).await?;
    for (name, bytes) in lesson(&size, opened).await? {
        store.write(&name, &bytes).await?;
    }
    Ok(Exit::Fine)
}
