//! Cells as processes of this machine, so many at a time.

use std::{
    collections::VecDeque,
    env,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use retort_core::{Error, Result, platform::process, study::Study};

use super::{Ended, Engine, Sitting};

/// The processes.
pub struct Local {
    program: PathBuf,
    /// The words of every cell and the file for what it says.
    cells: Vec<(Vec<String>, String)>,
    jobs: usize,
    cores: usize,
    waiting: VecDeque<usize>,
    running: Vec<(usize, Child)>,
}

impl Local {
    /// Prepares to run these cells.
    ///
    /// # Errors
    /// [`Error::Storage`] when the system does not say where this program lies.
    pub fn new(study: &Study, sitting: &Sitting, waiting: Vec<usize>, device: &str, jobs: u32) -> Result<Self> {
        let directory = &sitting.directory;
        let cells = &sitting.plan.cells;
        let jobs = jobs as usize;
        // Every job gets its share, unless the study says what it needs.
        let share = process::cores() / jobs;
        Ok(Self {
            program: program()?,
            cells: cells.iter().map(|cell| (directory.words(cell, device), directory.stderr(cell))).collect(),
            jobs,
            cores: study.resources.cores.map_or(share.max(1), |cores| cores as usize),
            waiting: waiting.into(),
            running: vec![],
        })
    }

    /// Starts a cell. It stops, saving, when its standard input ends: with this process, too.
    fn start(&self, cell: usize) -> Result<Child> {
        let (words, stderr) = &self.cells[cell];
        Command::new(&self.program)
            .args(words)
            .arg("--heed-input")
            .env("RAYON_NUM_THREADS", self.cores.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(process::output_to(stderr)?)
            .spawn()
            .map_err(|error| Error::storage(self.program.display().to_string(), error))
    }
}

/// This very program.
///
/// # Errors
/// [`Error::Storage`] when the system does not say where it lies.
pub fn program() -> Result<PathBuf> {
    env::current_exe().map_err(|error| Error::storage("retort", error))
}

impl Engine for Local {
    fn poll(&mut self) -> Result<Vec<Ended>> {
        let mut ended = vec![];
        let mut still = vec![];
        for (cell, mut child) in self.running.drain(..) {
            match child.try_wait().map_err(|error| Error::storage("a cell's process", error))? {
                Some(status) => ended.push(Ended { cell, said: format!("ended with {status}") }),
                None => still.push((cell, child)),
            }
        }
        self.running = still;
        while self.running.len() < self.jobs
            && let Some(cell) = self.waiting.pop_front()
        {
            let child = self.start(cell)?;
            self.running.push((cell, child));
        }
        Ok(ended)
    }

    fn running(&self) -> Vec<usize> {
        self.running.iter().map(|(cell, _)| *cell).collect()
    }

    fn is_over(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    fn stop(&mut self) {
        self.waiting.clear();
        for (_, child) in &mut self.running {
            drop(child.stdin.take());
        }
    }

    fn farewell(&self) -> String {
        String::new()
    }
}
