//! Sparse teachers: trial, scores, and one student for every level of sparsity.
//!
//! Yang, Zhang, Song 2022, "Sparse Teachers Can Be Dense with Knowledge" (STARK), section 3:
//!
//! 1. the whole teacher teaches a trial student;
//! 2. what of the teacher matters least to itself and to that student is removed;
//! 3. the sparse teacher teaches a student that starts from the first weights of the trial (rewinding).
//!
//! Every student is a run of its own, in a directory of its own, that `retort distil` could do alone. Beside the
//! scored teachers stand as sparse ones that were drawn at random, and the whole one: the trial is the level 0.
//! Which level is best is told on dev, and what it is worth on test.
//!
//! ```text
//! run.toml                    the run file as executed
//! init/                       the student before its first step
//! trial/                      the run of the trial student
//! scores.json                 what the teacher's units matter
//! lambda-0.5-30/ …            the run of the student of a sparse teacher, which lies in its teacher/
//! random-30/ …                the same of teachers sparse at random
//! report.json                 what came of it
//! ```

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{
    chain::{Chain, Mentor},
    directory::{self, METRICS, RUN, is_done},
    event::Event,
    session::same_run,
    setup::Setup,
};
use crate::{
    Error, Result,
    checkpoint::{self, Files},
    model::Model,
    platform::{self, Opened, Store},
    prune::COMPACT,
    run::{Run, Stark as Settings, Student},
    score::Scores,
};

mod report;
mod seeds;
mod sparse;
mod stages;
#[cfg(test)]
mod tests;

pub use report::{Arm, Figure, Level, Report};
pub use seeds::{Pair, Point, Seeds, Sweep};
use sparse::Teacher;
pub(super) use stages::runs;
use stages::stages;

const INIT: &str = "init";
const TRIAL: &str = "trial";
const SCORES: &str = "scores.json";
/// What came of it.
pub const REPORT: &str = "report.json";

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// The whole teacher teaches.
    Trial,
    /// Its units are scored.
    Scores,
    /// A sparse teacher teaches.
    Level {
        /// Which sweep it is of.
        arm: String,
        /// Per cent that are gone; none where the scores tell.
        percent: Option<f64>,
    },
}

impl Stage {
    /// Its directory.
    pub fn name(&self) -> String {
        match self {
            Self::Trial => TRIAL.into(),
            Self::Scores => "scores".into(),
            Self::Level { arm, percent: Some(percent) } => format!("{arm}-{percent}"),
            Self::Level { arm, percent: None } => arm.clone(),
        }
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "told")]
pub enum Told {
    /// A stage begins, or goes on.
    Stage {
        /// Which.
        #[serde(flatten)]
        stage: Stage,
        /// Counted from 1.
        number: usize,
        /// Of so many.
        of: usize,
    },
    /// Of a student's run.
    Run {
        /// What.
        #[serde(flatten)]
        event: Box<Event>,
    },
    /// The teacher's units were scored.
    Scored {
        /// What they matter.
        scores: Box<Scores>,
    },
    /// A student is ready.
    Level {
        /// Its figures.
        level: Box<Level>,
    },
    /// All are.
    Done {
        /// What came of it.
        report: Box<Report>,
    },
}

/// The whole procedure in progress, an event at a time.
pub struct Stark {
    run: Run,
    settings: Settings,
    store: Store,
    opened: Opened,
    stages: Vec<Stage>,
    /// The next stage, or the one in progress.
    at: usize,
    /// Whether it was told that it begins.
    announced: bool,
    chain: Option<Chain>,
    pending: VecDeque<Told>,
    levels: Vec<Level>,
    scores: Option<Scores>,
    over: bool,
}

impl Stark {
    /// Opens the procedure of `run` in `store`: a new one, or with `resume` the one that is there.
    ///
    /// # Errors
    /// [`Error::Input`] for whatever does not fit together, before anything is written.
    pub async fn open(run: Run, store: Store, opened: Opened, resume: bool) -> Result<Self> {
        run.check("the run")?;
        let settings = run.stark.clone().ok_or_else(|| Error::input("the run", "a [stark]", "none"))?;
        if resume {
            same_run(&store, &run).await?;
        } else {
            directory::vacant(&store).await?;
            let setup = Setup::open(&Run { stark: None, ..run.clone() }, &opened, Mentor::default()).await?;
            let student = sparse::student(&run, &settings, &setup, &opened).await?;
            sparse::fits(&run, &setup, &student, &opened)?;
            lay(&store, INIT, &student, &setup).await?;
            directory::announce(&store, &run).await?;
        }
        let stages = stages(&settings);
        let mut stark = Self {
            run,
            settings,
            store,
            opened,
            stages,
            at: 0,
            announced: false,
            chain: None,
            pending: VecDeque::new(),
            levels: vec![],
            scores: None,
            over: false,
        };
        stark.offer(INIT).await?;
        while stark.at < stark.stages.len() && is_over(&stark.store, &stark.stages[stark.at]).await? {
            stark.close().await?;
        }
        Ok(stark)
    }

    /// The run file as executed.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Where everything lies.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The student's run in progress, if there is one.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The same, to ask what its next step would be.
    pub fn chain_mut(&mut self) -> Option<&mut Chain> {
        self.chain.as_mut()
    }

    /// The student in progress as a Hugging Face directory with its card and its log; between two of them, and
    /// when all is over, the best of those that are ready, by dev.
    ///
    /// # Errors
    /// As [`Stark::next`]; [`Error::Input`] before the trial is over.
    pub async fn export(&self) -> Result<Files> {
        let (name, mut files) = match &self.chain {
            Some(chain) => (self.stages[self.at].name(), chain.export().await?),
            None => {
                let name = self.best()?.name();
                let mut files = self.files(&format!("{name}/student")).await?;
                let compact = self.files(&format!("{name}/{}", COMPACT.trim_end_matches('/'))).await?;
                files.extend(compact.into_iter().map(|(name, bytes)| (format!("{COMPACT}{name}"), bytes)));
                (name, files)
            }
        };
        let log = self.store.read(&format!("{name}/{METRICS}")).await?;
        files.insert(METRICS.into(), log.unwrap_or_default());
        Ok(files)
    }

    /// The stage whose student is the best of those that are ready.
    fn best(&self) -> Result<&Stage> {
        let done = self.stages[..self.at].iter().filter(|stage| **stage != Stage::Scores).zip(&self.levels);
        let best = done.reduce(|best, next| if next.1.student[0].beats(&best.1.student[0]) { next } else { best });
        best.map(|(stage, _)| stage).ok_or_else(|| Error::input(self.place(TRIAL), "a student", "none yet"))
    }

    /// The next thing that happens: at most one optimiser step further on. `None` when all is over.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails, [`Error::Storage`] when the directory does. What was saved
    /// before stays as it is.
    pub async fn next(&mut self) -> Result<Option<Told>> {
        while self.pending.is_empty() && !self.over {
            match (&mut self.chain, self.stages.get(self.at)) {
                (Some(chain), _) => match chain.next().await? {
                    Some(event) => return Ok(Some(Told::Run { event: Box::new(event) })),
                    None => {
                        self.chain = None;
                        self.close().await?;
                    }
                },
                (None, Some(stage)) if !self.announced => {
                    self.announced = true;
                    let (stage, number, of) = (stage.clone(), self.at + 1, self.stages.len());
                    return Ok(Some(Told::Stage { stage, number, of }));
                }
                (None, Some(_)) => self.begin().await?,
                (None, None) => self.end().await?,
            }
        }
        Ok(self.pending.pop_front())
    }

    /// Whether everything that happened was told by [`Stark::next`]: the moment to stop.
    pub fn is_told(&self) -> bool {
        self.pending.is_empty() && self.chain.as_ref().is_none_or(Chain::is_told)
    }

    /// Saves where it stands; [`Stark::open`] with `resume` goes on from there.
    ///
    /// # Errors
    /// As [`Stark::next`].
    pub async fn save(&mut self) -> Result<()> {
        match &mut self.chain {
            Some(chain) => chain.save().await,
            None => Ok(()),
        }
    }

    /// Begins the stage that is next.
    async fn begin(&mut self) -> Result<()> {
        let stage = self.stages[self.at].clone();
        let teacher = match &stage {
            Stage::Scores => {
                let scores = self.score().await?;
                let json = serde_json::to_vec(&scores).map_err(|error| Error::storage(SCORES, error))?;
                self.store.write(SCORES, &json).await?;
                return self.close().await;
            }
            Stage::Trial => None,
            Stage::Level { arm, percent } => Some(self.teacher(&stage, arm, *percent).await?),
        };
        let name = stage.name();
        let below = Store::open(&self.place(&name)).await?;
        let begun = below.read(RUN).await?.is_some();
        let run = self.run_of(&name, teacher);
        if begun {
            moved(&below, &name, &run).await?;
        }
        self.chain = Some(Chain::open(run, below, self.opened.clone(), begun).await?);
        Ok(())
    }

    /// The stage in progress is over, or was before.
    async fn close(&mut self) -> Result<()> {
        let stage = self.stages[self.at].clone();
        match &stage {
            Stage::Scores => {
                let bytes = self.store.read(SCORES).await?.unwrap_or_default();
                let at = self.place(SCORES);
                let scores: Scores =
                    serde_json::from_slice(&bytes).map_err(|error| Error::input(at, "scores", error.to_string()))?;
                self.pending.push_back(Told::Scored { scores: Box::new(scores.clone()) });
                self.scores = Some(scores);
            }
            Stage::Trial | Stage::Level { .. } => {
                let level = self.level(&stage).await?;
                if let Some(trial) = self.levels.first().filter(|trial| trial.init_hash != level.init_hash) {
                    let wanted = format!("the trial's first weights ({})", trial.init_hash);
                    return Err(Error::input(self.place(&stage.name()), wanted, level.init_hash));
                }
                self.pending.push_back(Told::Level { level: Box::new(level.clone()) });
                self.levels.push(level);
            }
        }
        self.at += 1;
        self.announced = false;
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        let report = Report::of(&self.levels);
        let json = serde_json::to_vec_pretty(&report).map_err(|error| Error::storage(REPORT, error))?;
        self.store.write(REPORT, &json).await?;
        self.pending.push_back(Told::Done { report: Box::new(report) });
        self.over = true;
        Ok(())
    }

    /// The run file of a student; `teacher` stands in the place of the whole one.
    fn run_of(&self, name: &str, teacher: Option<String>) -> Run {
        let mut run = Run { name: format!("{}-{name}", self.run.name), stark: None, ..self.run.clone() };
        run.student = Student { model: Some(self.place(INIT)), ..run.student };
        // The twin has no teacher, so that one is enough.
        run.control = self.run.control && teacher.is_none();
        if let (Some(own), Some(teacher)) = (&mut run.teacher, teacher) {
            own.model = teacher;
        }
        run
    }

    fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.store.root().trim_end_matches('/'))
    }

    /// Lets a directory of ours be read as a user's model is, wherever the bytes are.
    async fn offer(&self, dir: &str) -> Result<()> {
        for (name, bytes) in self.files(dir).await? {
            platform::offer(self.place(&format!("{dir}/{name}")), bytes);
        }
        Ok(())
    }

    async fn files(&self, dir: &str) -> Result<Files> {
        let mut files = Files::new();
        for name in self.store.list(dir).await? {
            if let Some(bytes) = self.store.read(&format!("{dir}/{name}")).await? {
                files.insert(name, bytes);
            }
        }
        Ok(files)
    }
}

/// Where a procedure stands that is not open.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The stage in progress; of a finished procedure its last.
    pub stage: Stage,
    /// Counted from 1.
    pub number: usize,
    /// Of so many.
    pub of: usize,
    /// Whether nothing is left to do.
    pub done: bool,
}

/// Where the procedure of a run file stands in `store`.
///
/// # Errors
/// [`Error::Input`] for a run without `[stark]`, [`Error::Storage`] when the directory cannot be read.
pub async fn standing(store: &Store, run: &Run) -> Result<Standing> {
    let settings = run.stark.as_ref().ok_or_else(|| Error::input("the run", "a [stark]", "none"))?;
    let stages = stages(settings);
    let (of, mut number) = (stages.len(), 1);
    while number < of && is_over(store, &stages[number - 1]).await? {
        number += 1;
    }
    let done = store.read(REPORT).await?.is_some();
    Ok(Standing { stage: stages[number - 1].clone(), number, of, done })
}

/// A procedure may lie elsewhere than where it was begun: the run file of a stage then says where it lies now.
async fn moved(store: &Store, name: &str, run: &Run) -> Result<()> {
    let Some(mut before) = directory::run_of(store).await? else { return Ok(()) };
    if before == *run {
        return Ok(());
    }
    if before.student.model.as_ref().is_some_and(|model| model.ends_with(&format!("/{INIT}"))) {
        before.student.model.clone_from(&run.student.model);
    }
    if let (Some(teacher), Some(now)) = (&mut before.teacher, &run.teacher)
        && teacher.model.ends_with(&format!("/{name}/teacher"))
    {
        teacher.model.clone_from(&now.model);
    }
    if before == *run { directory::announce(store, run).await } else { Ok(()) }
}

/// Whether a stage's results are there.
async fn is_over(store: &Store, stage: &Stage) -> Result<bool> {
    Ok(match stage {
        Stage::Scores => store.read(SCORES).await?.is_some(),
        stage => is_done(&store.read(&format!("{}/{METRICS}", stage.name())).await?.unwrap_or_default()),
    })
}

/// Writes a model with its tokenizer into a directory.
async fn lay(store: &Store, dir: &str, model: &Model, setup: &Setup) -> Result<()> {
    let mut files = checkpoint::save_model(model).await?;
    files.insert("tokenizer.json".into(), setup.tokenizer.json().to_vec());
    for (name, bytes) in files {
        store.write(&format!("{dir}/{name}"), &bytes).await?;
    }
    Ok(())
}
