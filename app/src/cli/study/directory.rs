//! A study's directory: the study as executed, its cells, and what they say together.
//!
//! ```text
//! study.toml, base.toml      the study file and the run file that it varies, as executed
//! cells/ID.toml              the run file of a cell
//! cells/ID/                  its run directory
//! cells/ID.stderr            what its process said last
//! results.csv, findings.json, *.svg, report.md
//! ```

use retort_core::{
    Error, Result,
    platform::{Store, process},
    run::Run,
    study::{Cell, Outcome, Plan, Study, outcome},
    train::{Event, METRICS, RUN, history, is_done},
};

/// Bytes at the end of a log that hold its last lines.
const TAIL: u64 = 1 << 14;

/// A study's directory.
#[derive(Debug, Clone)]
pub struct Directory {
    store: Store,
}

impl Directory {
    /// Opens the directory of this study: a new one, or the one where it was begun.
    ///
    /// # Errors
    /// [`Error::Input`] when another study is in it; nothing is written then.
    pub async fn open(out: &str, study: &Study, base: &Run, plan: &Plan) -> Result<Self> {
        let mut files = vec![("study.toml".to_owned(), study.to_toml()?), ("base.toml".to_owned(), base.to_toml()?)];
        for cell in &plan.cells {
            files.push((format!("cells/{}.toml", cell.id), cell.run.to_toml()?));
        }
        let mut missing = vec![];
        if let Ok(store) = Store::open_existing(out).await {
            for (name, text) in files {
                match store.read(&name).await? {
                    None => missing.push((name, text)),
                    Some(there) if there == text.as_bytes() => {}
                    Some(_) => {
                        let wanted = "what the study was started with (or another --out)";
                        return Err(Error::input(format!("{out}/{name}"), wanted, "something else"));
                    }
                }
            }
        } else {
            missing = files;
        }
        let store = Store::open(out).await?;
        for (name, text) in missing {
            store.write(&name, text.as_bytes()).await?;
        }
        Ok(Self { store })
    }

    /// The directory of a study that was begun, only to be read.
    pub fn of(store: Store) -> Self {
        Self { store }
    }

    /// Its path.
    pub fn root(&self) -> &str {
        self.store.root()
    }

    /// The words after `retort` that do what is left of a cell.
    pub fn words(&self, cell: &Cell, device: &str) -> Vec<String> {
        let command = if cell.run.teacher.is_some() { "distil" } else { "train" };
        let path = self.path(cell);
        let file = format!("{path}.toml");
        [command, &file, "--out", &path, "--device", device, "--continue", "--json"].map(str::to_owned).to_vec()
    }

    /// The file for what a cell's process says.
    pub fn stderr(&self, cell: &Cell) -> String {
        format!("{}.stderr", self.path(cell))
    }

    /// What a cell measured, if its run is over.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read.
    pub async fn outcome(&self, cell: &Cell) -> Result<Option<Outcome>> {
        let metrics = self.store.read(&format!("cells/{}/{METRICS}", cell.id)).await?;
        Ok(metrics.and_then(|metrics| outcome(&metrics)))
    }

    /// Whether a cell was begun, wherever it runs.
    pub fn is_begun(&self, cell: &Cell) -> bool {
        process::is_file(&format!("{}/{RUN}", self.path(cell)))
    }

    /// Whether the last lines of a cell's log say that it is over.
    ///
    /// # Errors
    /// As [`Directory::outcome`].
    pub fn seems_over(&self, cell: &Cell) -> Result<bool> {
        Ok(is_done(&self.log(cell)?))
    }

    /// The last step of a cell, in a chain of its hop in progress.
    ///
    /// # Errors
    /// As [`Directory::outcome`].
    pub fn step(&self, cell: &Cell) -> Result<Option<usize>> {
        let hops = (1..=cell.run.assistants().len()).rev().map(|number| format!("assistant-{number}/"));
        for hop in [String::new()].into_iter().chain(hops) {
            let log = process::tail(&format!("{}/{hop}{METRICS}", self.path(cell)), TAIL)?;
            let step = |event: &Event| if let Event::Step(step) = event { Some(step.step) } else { None };
            if let Some(step) = history(&log).iter().rev().find_map(step) {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// The last line that a cell's process wrote to its standard error.
    ///
    /// # Errors
    /// As [`Directory::outcome`].
    pub fn last_words(&self, cell: &Cell) -> Result<Option<String>> {
        let text = process::tail(&self.stderr(cell), TAIL)?;
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
        Ok(last.map(|line| line.strip_prefix("retort: ").unwrap_or(line).to_owned()))
    }

    /// Reads a file of the study itself.
    ///
    /// # Errors
    /// As [`Directory::outcome`].
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.store.read(name).await
    }

    /// Writes a file of the study itself.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.store.write(name, bytes).await
    }

    fn path(&self, cell: &Cell) -> String {
        format!("{}/cells/{}", self.root(), cell.id)
    }

    fn log(&self, cell: &Cell) -> Result<Vec<u8>> {
        process::tail(&format!("{}/{METRICS}", self.path(cell)), TAIL)
    }
}
