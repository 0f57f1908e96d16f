//! What the commands share that go through a run file: which, with what changed, where, and from where on.

use std::time::Duration;

use retort_core::{
    Error, Result,
    archive::{self, Archive},
    kernel::composed::{Kind, instead},
    platform::{self, Store, process},
    run::Run,
    train::RUN,
};

use super::{On, interrupt};

/// A run file, and what is to be done with it.
#[derive(Debug, clap::Args)]
pub struct RunFile {
    /// The run file (TOML); with --resume also an archive (.retort.zip), which is unpacked beside itself
    #[arg(value_name = "RUN.toml")]
    pub at: String,
    /// Replace one value of the run file; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    #[command(flatten)]
    pub on: On,
    /// Where everything goes [default: runs/<name of the run>]
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
    /// Go on where it was stopped
    #[arg(long)]
    pub resume: bool,
    /// Do what there is to do: begin, go on where it was stopped, or nothing when it is over. For
    /// schedulers, which may start a job twice: of two runs in one directory the second waits for the first
    #[arg(long = "continue", conflicts_with = "resume")]
    pub carry_on: bool,
    /// Compute without Retort's own kernels, or without these kinds of them: slower, to compare. All, or some
    /// of products, norms, softmax, activations, losses, optimizer
    #[arg(long, value_name = "KINDS", value_delimiter = ',', num_args = 0..=1, default_missing_value = "all")]
    plain: Vec<String>,
    /// Print one event a line as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
}

impl RunFile {
    /// An archive is unpacked beside itself, unless it was before: its run file then is the one, and goes on there.
    pub async fn unpacked(mut self) -> Result<Self> {
        let Some(dir) = archive::beside(&self.at).map(str::to_owned) else { return Ok(self) };
        if !self.resume && !self.carry_on {
            return Err(Error::input(
                &self.at,
                "a run file (TOML), or --resume to go on with an archive",
                "an archive",
            ));
        }
        let out = self.out.clone().unwrap_or(dir);
        let begun = match Store::open_existing(&out).await {
            Ok(store) => store.read(RUN).await?.is_some(),
            Err(_) => false,
        };
        match begun {
            true => eprintln!("retort: {} was unpacked into {out} before; going on there", self.at),
            false => {
                unpack(&self.at, &out).await?;
                eprintln!("retort: {} is unpacked into {out}", self.at);
            }
        }
        self.at = format!("{out}/{RUN}");
        self.out = Some(out);
        Ok(self)
    }

    /// The user's own files beside the run file, where it lies in a run directory.
    pub async fn own(&self) -> Option<Store> {
        let parent = self.at.strip_suffix(&format!("/{RUN}"))?;
        Store::open_existing(parent).await.ok()
    }

    /// The run file as it is.
    pub async fn read(&self) -> Result<Run> {
        Run::from_toml(&self.at, &text(&self.at).await?)
    }

    /// With what is to be replaced in it.
    pub fn changed(&self, run: Run) -> Result<Run> {
        self.sets.iter().try_fold(run, |run, assignment| run.set(assignment))
    }

    /// Whether a value is replaced.
    pub fn sets(&self, key: &str) -> bool {
        self.sets.iter().any(|assignment| assignment.split('=').next().is_some_and(|set| set.trim() == key))
    }

    /// Computes as was asked for.
    pub fn compute(&self) -> Result<()> {
        let kinds = match self.plain.iter().any(|kind| kind == "all") {
            true => Kind::ALL.to_vec(),
            false => self.plain.iter().map(|kind| kind.parse()).collect::<Result<_>>()?,
        };
        instead(kinds);
        Ok(())
    }

    /// Where everything goes.
    pub fn out(&self, run: &Run) -> String {
        self.out.clone().unwrap_or_else(|| format!("runs/{}", run.name))
    }
}

/// Unpacks an archive into a directory without a run; what the run is called.
pub async fn unpack(at: &str, out: &str) -> Result<String> {
    let archive = Archive::read(at, &platform::read_file(at).await?)?;
    archive.lay(&Store::open(out).await?).await?;
    Ok(archive.name)
}

/// A file that people write.
pub async fn text(at: &str) -> Result<String> {
    let bytes = platform::read_file(at).await?;
    String::from_utf8(bytes).map_err(|error| Error::input(at, "UTF-8 text", error.to_string()))
}

/// The lock of a run directory, once no other process has it; nothing when a stop was asked for.
pub fn alone(out: &str) -> Result<Option<process::Lock>> {
    let path = format!("{out}/lock");
    loop {
        let lock = process::lock(&path)?;
        if lock.is_some() || interrupt::asked() {
            return Ok(lock);
        }
        process::pause(Duration::from_millis(200));
    }
}
