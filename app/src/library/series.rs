//! One configuration with several seeds: which of its runs are kept, and how far each is.

use retort_core::{
    Error, Result,
    checkpoint::Files,
    run::{Lists, Run, differences},
    train::uploads,
};
use serde::{Deserialize, Serialize};

use super::{LONGEST, Library};

/// Fewest and most seeds.
pub const SEEDS: [u64; 2] = [2, 20];

/// A seed of a series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeded {
    /// Which.
    pub seed: u64,
    /// The run that is kept of it, if there is one.
    pub id: Option<String>,
    /// Optimiser steps that it has taken.
    pub step: usize,
    /// Optimiser steps in all; 0 before it has begun.
    pub steps: usize,
    /// Nothing is left to do.
    pub done: bool,
}

/// What a series is of: the run file with a seed, and what its run is called.
pub fn of_seed(run: &Run, seed: u64) -> (Run, String) {
    let end = format!(", seed {seed}");
    let name: String = run.name.chars().take(LONGEST - end.len()).collect();
    (Run { seed, ..run.clone() }, name + &end)
}

/// What keeps a run from being done once for each of so many seeds.
///
/// # Errors
/// [`Error::Input`] with what is wrong.
pub fn check(run: &Run, count: u64) -> Result<()> {
    let [few, many] = SEEDS;
    if !(few..=many).contains(&count) {
        return Err(Error::input("seeds", format!("from {few} to {many} of them"), count.to_string()));
    }
    match run.stark {
        Some(_) => Err(Error::input("seeds", "a single distillation", "STARK, a procedure of many")),
        None => Ok(()),
    }
}

impl Library {
    /// The seeds 1 to `count` of a configuration. A run counts that says the same but for its seed, was begun at its
    /// first step, and learns from these `files` where there are some; of several the one that is furthest.
    ///
    /// # Errors
    /// [`Error::Storage`] when the runs cannot be read.
    pub async fn seeded(&self, run: &Run, count: u64, files: &Files) -> Result<Vec<Seeded>> {
        let mut seeds: Vec<Seeded> = (1..=count).map(|seed| Seeded { seed, ..Seeded::default() }).collect();
        for stored in self.list().await? {
            let Ok(other) = Run::from_toml(&stored.id, &stored.run) else { continue };
            let whole = stored.trouble.is_none() && stored.branched_from.is_none();
            let Some(place) = seeds.iter().position(|known| known.seed == other.seed).filter(|_| whole) else {
                continue;
            };
            let alike = differences(run, &other, Lists::ByPlace)?.iter().all(|one| one.path == "seed");
            let known = &mut seeds[place];
            let further = known.id.is_none() || (stored.done, stored.step) > (known.done, known.step);
            if alike && further && self.learns_from(&stored.id, run, files).await? {
                let (step, steps) = (stored.step, stored.steps);
                *known = Seeded { seed: known.seed, id: Some(stored.id), step, steps, done: stored.done };
            }
        }
        Ok(seeds)
    }

    /// Whether what lies beside a run is what is brought for another.
    async fn learns_from(&self, id: &str, run: &Run, files: &Files) -> Result<bool> {
        let (store, _) = self.read(id).await?;
        for name in [&run.data.train, &run.data.dev, &run.data.test].into_iter().flatten() {
            if let Some(bytes) = files.get(name)
                && store.read(&uploads::path(name)).await?.as_ref() != Some(bytes)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
