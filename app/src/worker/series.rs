//! One configuration with several seeds, one after the other: each an ordinary run that is kept.
//!
//! What is over is read from those runs, so that going on after a pause, a stop or a reload is the same as going on
//! from one seed to the next.

use retort_core::{Result, checkpoint::Files, platform::DeviceChoice, run::Run, train::uploads};

use super::{drive::Driver, say};
use crate::{
    library::{
        Seeded,
        series::{check, of_seed},
    },
    protocol::FromWorker,
};

/// What is being done.
#[derive(Debug, Clone)]
pub struct Series {
    run: Run,
    device: DeviceChoice,
    count: u64,
    files: Files,
}

impl Driver {
    /// Answers how far the seeds are; with `begin` it begins with the first that is not over.
    pub(super) async fn seeds(
        &mut self,
        run: &str,
        device: DeviceChoice,
        count: u64,
        begin: bool,
        files: Files,
    ) -> Result<()> {
        let run = Run::from_toml("the run file", run)?;
        check(&run, count)?;
        if begin {
            self.series = Some(Series { run, device, count, files });
            self.next_seed().await
        } else {
            let seeds = self.library().await?.seeded(&run, count, &files).await?;
            say(FromWorker::Seeds { seeds, going: self.series.is_some() });
            Ok(())
        }
    }

    /// Opens the next seed of the series, if there is one, and runs it.
    pub(super) async fn next_seed(&mut self) -> Result<()> {
        let Some(Series { run, device, count, mut files }) = self.series.clone() else { return Ok(()) };
        self.save().await?;
        let seeds = self.library().await?.seeded(&run, count, &files).await?;
        let Some(Seeded { seed, id, .. }) = seeds.iter().find(|one| !one.done).cloned() else {
            self.series = None;
            say(FromWorker::Seeds { seeds, going: false });
            return Ok(());
        };
        match id {
            Some(id) => self.resume(&id, device).await?,
            None => {
                // After a reload the page has no files any more, but the other seeds have.
                if let Some(id) = seeds.iter().find_map(|one| one.id.as_ref()).filter(|_| files.is_empty()) {
                    files = uploads::files(&self.library().await?.read(id).await?.0).await?;
                }
                let (run, title) = of_seed(&run, seed);
                self.begin(&run.to_toml()?, device, Some(&title), &files).await?;
            }
        }
        let seeds = self.library().await?.seeded(&run, count, &files).await?;
        say(FromWorker::Seeds { seeds, going: true });
        self.running = true;
        say(FromWorker::Running);
        Ok(())
    }
}
