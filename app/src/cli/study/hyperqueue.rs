//! Cells as tasks of a HyperQueue server, through its Python package.
//!
//! The server hands a cell to one worker, and to another when that one dies; both see the study's
//! directory under the same path. Whoever gets a cell goes on where its log and checkpoint end, and
//! a lock keeps a second one waiting, so that no cell is lost and none is run twice.

use std::{
    collections::BTreeMap,
    env,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    time::Instant,
};

use retort_core::{
    Error, Result,
    study::{Cell, Study},
};
use serde::{Deserialize, Serialize};

use super::{Ended, Engine, Sitting, directory::Directory, local};

/// Speaks to the server.
const BRIDGE: &str = include_str!("hyperqueue.py");
/// The job, kept in the study's directory so that a second sitting finds it.
const RECORD: &str = "hyperqueue.json";
/// Seconds between two looks at the cells' logs.
const LOOK: f64 = 0.5;

/// A job of the server.
pub struct HyperQueue {
    record: Record,
    watcher: Child,
    directory: Directory,
    cells: Vec<Cell>,
    /// Cells that are not known to be over.
    open: Vec<usize>,
    running: Vec<usize>,
    looked: Option<Instant>,
    /// The watcher is gone, or was sent away.
    over: bool,
}

/// Which job of which server, and the cells that are its tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    server: String,
    job: u64,
    cells: Vec<String>,
}

/// What the bridge answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    error: Option<String>,
    package: bool,
    server: String,
    job: u64,
    again: bool,
    failed: BTreeMap<usize, String>,
}

impl HyperQueue {
    /// Submits these cells, or finds the job of an earlier sitting that still goes on.
    ///
    /// # Errors
    /// [`Error::Input`] when the package or the server is not there.
    pub async fn open(study: &Study, sitting: &Sitting, waiting: Vec<usize>, device: &str) -> Result<Self> {
        let (directory, plan) = (&sitting.directory, &sitting.plan);
        let before: Option<Record> =
            directory.read(RECORD).await?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let folder = env::current_dir().map_err(|error| Error::storage(".", error))?;
        let program = local::program()?.display().to_string();
        let tasks = waiting.iter().map(|&cell| {
            let cell = &plan.cells[cell];
            let words: Vec<String> = [vec![program.clone()], directory.words(cell, device)].concat();
            let stderr = folder.join(directory.stderr(cell)).display().to_string();
            serde_json::json!({ "name": cell.id, "words": words, "stderr": stderr })
        });
        let wanted = serde_json::json!({
            "name": study.name,
            "folder": folder.display().to_string(),
            "cores": study.resources.cores.unwrap_or(1),
            "gpus": study.resources.gpus,
            "tasks": tasks.collect::<Vec<_>>(),
            "before": before,
        });
        let mut child = bridge(&["submit"], Stdio::piped())?;
        if let Some(mut stdin) = child.stdin.take() {
            // If it does not listen, its answer says why.
            let _ = stdin.write_all(wanted.to_string().as_bytes());
        }
        let answer = answer(&mut child)?;
        let record = match before {
            Some(before) if answer.again => before,
            _ => {
                let cells = waiting.iter().map(|&cell| plan.cells[cell].id.clone()).collect();
                let record = Record { server: answer.server, job: answer.job, cells };
                let json = serde_json::to_vec_pretty(&record).map_err(|error| Error::storage(RECORD, error))?;
                directory.write(RECORD, &json).await?;
                record
            }
        };
        Ok(Self {
            watcher: bridge(&["watch", &record.job.to_string()], Stdio::null())?,
            record,
            directory: directory.clone(),
            cells: plan.cells.clone(),
            open: waiting,
            running: vec![],
            looked: None,
            over: false,
        })
    }

    /// Cells whose logs say that they are over.
    fn look(&mut self) -> Result<Vec<Ended>> {
        let mut ended = vec![];
        self.running.clear();
        for cell in std::mem::take(&mut self.open) {
            if self.directory.seems_over(&self.cells[cell])? {
                ended.push(Ended { cell, said: String::new() });
                continue;
            }
            self.open.push(cell);
            if self.directory.is_begun(&self.cells[cell]) {
                self.running.push(cell);
            }
        }
        Ok(ended)
    }

    /// The job is over: what is still open did not end well.
    fn settle(&mut self) -> Result<Vec<Ended>> {
        let answer = answer(&mut self.watcher)?;
        self.over = true;
        let mut ended = self.look()?;
        for cell in std::mem::take(&mut self.open) {
            let task = self.record.cells.iter().position(|id| *id == self.cells[cell].id);
            let said = task.and_then(|task| answer.failed.get(&task)).cloned();
            ended.push(Ended { cell, said: said.unwrap_or_else(|| "HyperQueue ended it without a word".into()) });
        }
        self.running.clear();
        Ok(ended)
    }
}

impl Engine for HyperQueue {
    fn poll(&mut self) -> Result<Vec<Ended>> {
        if self.over {
            return Ok(vec![]);
        }
        if self.watcher.try_wait().map_err(|error| Error::storage("HyperQueue", error))?.is_some() {
            return self.settle();
        }
        if self.looked.is_some_and(|looked| looked.elapsed().as_secs_f64() < LOOK) {
            return Ok(vec![]);
        }
        self.looked = Some(Instant::now());
        self.look()
    }

    fn running(&self) -> Vec<usize> {
        self.running.clone()
    }

    fn is_over(&self) -> bool {
        self.over
    }

    /// The cells go on: this process only watches.
    fn stop(&mut self) {
        self.over = true;
    }

    fn farewell(&self) -> String {
        let job = self.record.job;
        format!("HyperQueue goes on with the others (`hq job cancel {job}` stops them); wait for them and ")
    }
}

impl Drop for HyperQueue {
    fn drop(&mut self) {
        // It only watches; one that is gone already needs no end.
        let _ = self.watcher.kill();
        let _ = self.watcher.wait();
    }
}

/// Starts the bridge in the Python that `RETORT_HQ` names, or the first one on the path.
fn bridge(words: &[&str], stdin: Stdio) -> Result<Child> {
    let given = env::var_os("RETORT_HQ").filter(|given| !given.is_empty());
    let python = given.unwrap_or_else(|| "python3".into());
    let child = Command::new(&python)
        .args(["-c", BRIDGE])
        .args(words)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    child.map_err(|error| package(format!("`{}`: {error}", python.to_string_lossy())))
}

/// What the bridge says at its end.
fn answer(child: &mut Child) -> Result<Answer> {
    let mut text = String::new();
    if let Some(stdout) = &mut child.stdout {
        stdout.read_to_string(&mut text).map_err(|error| Error::storage("HyperQueue", error))?;
    }
    child.wait().map_err(|error| Error::storage("HyperQueue", error))?;
    let last = text.lines().last().unwrap_or_default();
    let answer: Answer = serde_json::from_str(last)
        .map_err(|_| Error::device("HyperQueue", "its Python package ended without an answer"))?;
    match answer.error {
        Some(error) if answer.package => Err(package(error)),
        Some(error) => Err(Error::input(
            "--on hyperqueue",
            "a running server (`hq server start`, then `hq worker start` where the cells may run; HQ_SERVER_DIR \
             names another server folder than ~/.hq-server)",
            error,
        )),
        None => Ok(answer),
    }
}

fn package(found: String) -> Error {
    Error::input(
        "--on hyperqueue",
        "a Python with the package `hyperqueue` (`pip install hyperqueue`; RETORT_HQ names another Python than the \
         first one on the path)",
        found,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let read = |text: &str| serde_json::from_str::<Answer>(text).unwrap();
        let submitted = read(r#"{"server": "MlJZsP", "job": 3, "again": true}"#);
        assert_eq!((submitted.server.as_str(), submitted.job, submitted.again), ("MlJZsP", 3, true));
        let watched = read(r#"{"failed": {"1": "Program terminated with exit code 2"}}"#);
        assert_eq!(watched.failed[&1], "Program terminated with exit code 2");
        assert!(read(r#"{"error": "No module named 'hyperqueue'", "package": true}"#).package);
    }
}
