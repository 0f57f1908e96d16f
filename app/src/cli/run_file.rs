//! What the commands share that go through a run file: which, with what changed, where, and from where on.

use std::time::Duration;

use retort_core::{
    Error, Result,
    kernel::composed::{Kind, instead},
    platform::{self, process},
    run::Run,
};

use super::{On, interrupt};

/// A run file, and what is to be done with it.
#[derive(Debug, clap::Args)]
pub struct RunFile {
    /// The run file (TOML)
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
