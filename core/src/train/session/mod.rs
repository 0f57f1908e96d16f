//! The one loop: pull an event, and one step or one phase boundary happens.
//!
//! Pausing is not calling, stopping is dropping between two events, and back-pressure is free.

use std::collections::VecDeque;

use web_time::Instant;

use super::{
    card,
    chain::{Hop, Place},
    directory::{self, Position, Provenance},
    evaluate::{Answers, predict, probabilities},
    event::{Eval, Event},
    kept::Kept,
    look::{Continuation, Onlookers},
    setup::Setup,
    teaching::parted,
};
use crate::{
    Result,
    checkpoint::Files,
    data::{Encodings, Example, Masking, Order},
    generate::Generation,
    model::{Model, Task},
    platform::{self, Opened, Store},
    prune,
    run::{Phase, Run},
};

mod apart;
mod attend;
mod disagree;
mod lessons;
mod place;
mod sparse;
mod stages;
#[cfg(test)]
mod tests;
mod units;

pub use sparse::Gone;
pub use units::{Physical, Weighed, Without};

/// A run in progress.
pub struct Session {
    run: Run,
    store: Store,
    opened: Opened,
    setup: Setup,
    plan: Vec<usize>,
    position: Position,
    stage: Stage,
    /// Which hop of a chain this is, whom it comes after, and the figures of the assistants so far.
    hop: Option<Hop>,
    before: Vec<(String, usize)>,
    elders: Vec<Eval>,
    pending: VecDeque<Event>,
    order: Option<Order>,
    /// The texts that the student is tried on, where its teacher learns to teach.
    quiz: Option<Order>,
    /// What is hidden in the phase, where words are guessed.
    masking: Option<Masking>,
    /// The teacher's answers, where the phase can be taught by kept ones.
    kept: Option<Kept>,
    /// What the teacher makes of dev and test.
    taught: [Option<Answers>; 2],
    /// Everyone's figures at the end of the run; empty until then.
    results: Vec<Eval>,
    /// When the time spent was last added to the position.
    since: Instant,
    /// Seconds and steps when losses were last read back.
    logged: (f64, usize),
}

/// Where in the run the next event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Phase,
    Training,
    Ending,
    Over,
}

/// Class probabilities of one sentence.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Prediction {
    /// Names of the classes.
    pub labels: Vec<String>,
    /// By model: `teacher` or the assistant that teaches, `student`, `control`.
    pub models: Vec<(String, Vec<f64>)>,
    /// The sentence as the models see it.
    pub tokens: Vec<String>,
}

impl Session {
    /// Opens a run in `store`: a new one, or with `resume` the one that is there. `place` is its place
    /// in a chain.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for whatever does not fit together, before anything is written.
    pub async fn open(run: Run, store: Store, opened: Opened, resume: bool, mut place: Place) -> Result<Self> {
        run.check("the run")?;
        let mut setup = Setup::open(&run, &opened, std::mem::take(&mut place.mentor)).await?;
        let device = opened.device.clone().autodiff();
        let mut position = None;
        if resume {
            same_run(&store, &run).await?;
            directory::mend(&store).await?;
            if let Some(kept) = directory::kept(&store).await? {
                setup.answer(kept.position().answering(&run), &run, &device)?;
                let mut restored = kept.restore(&mut setup.learners, &device)?;
                // A kill between the last save and the last lines of the log: the end is told again.
                restored.done &= directory::is_over(&store).await?;
                position = Some(restored);
            } else {
                directory::attest(&store, &provenance(&run, &setup, &opened)).await?;
            }
        } else {
            directory::begin(&store, &run, &provenance(&run, &setup, &opened)).await?;
        }
        Self::at(run, store, opened, setup, place, position.unwrap_or_default())
    }

    /// Opens the run in `store` where it was saved last, to look at it: nothing is written.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn look(run: Run, store: Store, opened: Opened, mut place: Place) -> Result<Self> {
        let mut setup = Setup::open(&run, &opened, std::mem::take(&mut place.mentor)).await?;
        let device = opened.device.clone().autodiff();
        let mut position = Position::default();
        if let Some(kept) = directory::kept(&store).await? {
            setup.answer(kept.position().answering(&run), &run, &device)?;
            position = kept.restore(&mut setup.learners, &device)?;
        }
        let mut session = Self::at(run, store, opened, setup, place, position)?;
        let more = session.position.phase < session.plan.len() && !session.position.done;
        session.stage = if more { Stage::Phase } else { Stage::Over };
        Ok(session)
    }

    /// A session that stands at `position`.
    fn at(run: Run, store: Store, opened: Opened, setup: Setup, place: Place, position: Position) -> Result<Self> {
        let logged = (position.seconds, position.step);
        let plan = plan(&run, &setup);
        let mut session = Self {
            run,
            store,
            opened,
            setup,
            plan,
            position,
            stage: Stage::Opening,
            hop: place.hop,
            before: place.before,
            elders: place.elders,
            pending: VecDeque::new(),
            order: None,
            quiz: None,
            masking: None,
            kept: None,
            taught: [None, None],
            results: vec![],
            since: Instant::now(),
            logged,
        };
        if session.position.phase_step > 0 {
            session.assign_objectives(false)?;
        }
        Ok(session)
    }

    /// Which hop of a chain this is.
    pub fn hop(&self) -> Option<&Hop> {
        self.hop.as_ref()
    }

    /// Figures on test once the run is over: teacher, assistants, student, control.
    pub fn results(&self) -> &[Eval] {
        &self.results
    }

    /// The next thing that happens: at most one optimiser step further on. `None` when the run
    /// is over.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device fails, [`crate::Error::Storage`] when the
    /// directory does. What was saved before stays as it is.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        self.since = Instant::now();
        while self.pending.is_empty() && self.stage != Stage::Over {
            match self.stage {
                Stage::Opening => self.start().await?,
                Stage::Phase => self.begin_phase().await?,
                Stage::Training => self.step().await?,
                Stage::Ending => self.end().await?,
                Stage::Over => {}
            }
        }
        self.clock();
        match self.pending.pop_front() {
            Some(event) => {
                directory::record(&self.store, &event).await?;
                Ok(Some(event))
            }
            None => Ok(None),
        }
    }

    /// Whether everything that happened was told by [`Session::next`]: the moment to stop, since
    /// what is not told yet is not in the log.
    pub fn is_told(&self) -> bool {
        self.pending.is_empty()
    }

    /// Saves where the run stands; [`Session::open`] with `resume` goes on from there.
    ///
    /// # Errors
    /// As [`Session::next`].
    pub async fn save(&mut self) -> Result<()> {
        directory::save(&self.store, &self.position, &self.setup.learners).await
    }

    /// What every model makes of a sentence now.
    ///
    /// # Errors
    /// As [`Session::next`].
    pub async fn predict(&self, text: &str, pair: Option<&str>) -> Result<Prediction> {
        let example = Example { text: text.to_owned(), pair: pair.map(str::to_owned), label: 0 };
        let encodings = Encodings::new(&self.setup.tokenizer, &[example], self.run.data.max_length)?;
        let tokens = self.setup.tokenizer.encode(text, pair, self.run.data.max_length)?.ids;
        let mut models = vec![];
        let classifies = |model: &Model| model.config().task("").is_ok_and(|task| task == Task::Classification);
        if let Some(teacher) = self.setup.teachers.first().filter(|teacher| classifies(teacher)) {
            models.push((self.teacher().to_owned(), teacher.clone()));
        }
        let learners = self.setup.learners.iter().filter(|learner| classifies(&learner.model));
        models.extend(learners.map(|learner| (learner.who.clone(), learner.frozen())));
        let mut rows = vec![];
        for (who, model) in models {
            let predictions = predict(&model, &encodings, &self.opened.device).await?;
            rows.push((who, probabilities(predictions.row(0))));
        }
        let labels = self.setup.dataset.labels.clone();
        Ok(Prediction { labels, models: rows, tokens: self.setup.tokenizer.tokens(&tokens) })
    }

    /// How teacher and student go on with a prompt now, token by token; nothing unless both are causal
    /// language models.
    ///
    /// # Errors
    /// As [`Onlookers::go_on`].
    pub async fn go_on(&self, prompt: &str, settings: &Generation) -> Result<Vec<Continuation>> {
        let student = self.setup.learners[0].frozen();
        let Some(teacher) = self.setup.teachers.first() else { return Ok(vec![]) };
        if student.config().task("the student")? != Task::CausalLm {
            return Ok(vec![]);
        }
        let (tokenizer, device) = (&self.setup.tokenizer, &self.opened.device);
        Onlookers { teacher, student: &student, tokenizer, device }.go_on(prompt, settings).await
    }

    /// The student as a Hugging Face directory with its card; those of whoever learned beside it below their
    /// names.
    ///
    /// # Errors
    /// As [`Session::next`].
    pub async fn export(&self) -> Result<Files> {
        let provenance = provenance(&self.run, &self.setup, &self.opened);
        let task = self.setup.learners[0].model.config().task("the student")?;
        let card = card::write(&self.run, task, &provenance, &self.position, &self.results);
        let mut all = Files::new();
        for learner in self.setup.learners.iter().filter(|learner| learner.who != "control") {
            let mut files = prune::files(&learner.model, &self.opened.device).await?;
            files.insert("tokenizer.json".into(), self.setup.tokenizer.json().to_vec());
            files.insert("README.md".into(), card.clone().into_bytes());
            if files.contains_key(&format!("{}config.json", prune::COMPACT)) {
                files.insert(format!("{}tokenizer.json", prune::COMPACT), self.setup.tokenizer.json().to_vec());
            }
            let below = if learner.who == "student" { String::new() } else { format!("{}/", learner.who) };
            all.extend(files.into_iter().map(|(name, bytes)| (below.clone() + &name, bytes)));
        }
        Ok(all)
    }
}

/// Optimiser steps of every phase.
pub(super) fn plan(run: &Run, setup: &Setup) -> Vec<usize> {
    let sentences = |phase: &Phase| match &phase.teaching {
        Some(teaching) => parted(setup.train(phase.stage).len(), teaching, run.seed)[0].len(),
        None => setup.train(phase.stage).len(),
    };
    run.phases.iter().map(|phase| budget(phase, sentences(phase))).collect()
}

/// Optimiser steps of a phase over so many sentences.
fn budget(phase: &Phase, sentences: usize) -> usize {
    let batches = sentences.div_ceil(phase.batch) as f64;
    phase.steps.unwrap_or_else(|| (phase.epochs * batches / phase.accumulate as f64).ceil().max(1.0) as usize)
}

/// Where a run comes from that begins at its first step.
pub(super) fn provenance(run: &Run, setup: &Setup, opened: &Opened) -> Provenance {
    Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        source_commit: platform::source_commit().into(),
        seed: run.seed,
        data_hash: setup.dataset.hash.clone(),
        init_hash: setup.init_hash.clone(),
        adapter: opened.adapter.clone(),
        labels: setup.dataset.labels.clone(),
        branched_from: None,
    }
}

/// A run is resumed with the run file it was started with, or not at all.
pub(super) async fn same_run(store: &Store, run: &Run) -> Result<()> {
    match directory::run_of(store).await? {
        Some(before) if before == *run => Ok(()),
        Some(_) => Err(crate::Error::input(
            format!("{}/{}", store.root(), directory::RUN),
            "the run file that the run was started with",
            "a different one; start it in another directory",
        )),
        None => Err(crate::Error::input(store.root(), "a run to resume", "none")),
    }
}
