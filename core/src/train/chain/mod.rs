//! A chain of distillations: teacher → assistants → student, each learner teaching the next.
//!
//! Mirzadeh et al. 2020, "Improved Knowledge Distillation via Teacher Assistant" (TAKD): where the gap
//! between teacher and student is wide, one or more learners between them bridge it. Every hop does all
//! the run's phases; its teacher is the hop before's learner, frozen at its best checkpoint.
//!
//! A hop is a session in a directory of its own, `assistant-1` and so on below the run's, the last one at
//! the run's root. A chain has a session's face, so whoever drives one drives the other: a run without
//! assistants is a chain of one hop. An assistant takes the place of `teacher.model`; where the run learns
//! words before the task from `teacher.pretrained`, the assistant as it was between the two takes that
//! place as well (as MiniLM's assistants do). Further teachers (`teacher.others`) teach in every hop.

use super::{
    apart::{Apart, Specimen, Which},
    attention::Attention,
    directory::{self, RUN},
    disagree::Disagreements,
    event::{Eval, Event},
    look::Continuation,
    session::{Gone, Physical, Prediction, Session, Weighed, Without, plan, same_run},
    setup::Setup,
};
use crate::{
    Error, Result,
    checkpoint::{self, Files},
    generate::Generation,
    platform::{Opened, Store},
    prune::Share,
    run::{Run, Stage},
    score::{Scores, Scoring, pilot::Point},
};

mod hop;
#[cfg(test)]
mod tests;

pub use hop::{Hop, logs};
pub(super) use hop::{Mentor, Named, PRETRAINED, Place, current, learner as learner_of, run_of};
#[cfg(test)]
pub(super) use tests::Bench;

/// A run in progress, hop by hop.
pub struct Chain {
    run: Run,
    store: Store,
    opened: Opened,
    number: usize,
    session: Session,
}

impl Chain {
    /// Opens a run in `store`: a new one, or with `resume` the one that is there.
    ///
    /// # Errors
    /// [`Error::Input`] for whatever does not fit together in any hop, before anything is written.
    pub async fn open(run: Run, store: Store, opened: Opened, resume: bool) -> Result<Self> {
        run.check("the run")?;
        let mut number = 1;
        if resume {
            same_run(&store, &run).await?;
            number = hop::current(&store, &run).await?;
        } else if !run.assistants().is_empty() {
            directory::vacant(&store).await?;
            fits(&run, Some(&store), &opened).await?;
            directory::announce(&store, &run).await?;
        }
        let session = open(&run, &store, &opened, number, resume).await?;
        Ok(Self { run, store, opened, number, session })
    }

    /// Opens the run that is in `store` to look at it, in the hop in progress and as it was saved last: nothing is
    /// written, and no step can be taken with it.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no run, or what it was made of is no longer there.
    pub async fn look(store: Store, opened: Opened) -> Result<Self> {
        let run = directory::run_of(&store).await?;
        let run = run.ok_or_else(|| Error::input(store.root(), "a run", "none"))?;
        if run.stark.is_some() {
            let found = "STARK's, which has a run for every student below it";
            return Err(Error::input(store.root(), "the directory of one run", found));
        }
        let number = hop::current(&store, &run).await?;
        let place = Place::of(&store, &run, number).await?;
        let below = match hop::path(&run, number, "").trim_end_matches('/') {
            "" => store.clone(),
            name => Store::open_existing(&format!("{}/{name}", store.root().trim_end_matches('/'))).await?,
        };
        let session = Session::look(hop::run_of(&run, number), below, opened.clone(), place).await?;
        Ok(Self { run, store, opened, number, session })
    }

    /// The run file as executed.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The bytes of the run's directory.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Which hop is in progress; none in a run without assistants.
    pub fn hop(&self) -> Option<&Hop> {
        self.session.hop()
    }

    /// Figures on test of everyone, once the hop in progress is over.
    pub fn results(&self) -> &[Eval] {
        self.session.results()
    }

    /// The next thing that happens: at most one optimiser step further on. Every hop begins with
    /// [`Event::Started`] and ends with [`Event::Done`]. `None` when the last one is over.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails, [`Error::Storage`] when the directory does. What was
    /// saved before stays as it is.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            match self.session.next().await? {
                Some(event) => return Ok(Some(event)),
                None if self.number > self.run.assistants().len() => return Ok(None),
                None => {
                    self.session = open(&self.run, &self.store, &self.opened, self.number + 1, false).await?;
                    self.number += 1;
                }
            }
        }
    }

    /// Whether everything that happened was told by [`Chain::next`]: the moment to stop, since what is
    /// not told yet is not in the log.
    pub fn is_told(&self) -> bool {
        self.session.is_told()
    }

    /// Saves where the run stands; [`Chain::open`] with `resume` goes on from there.
    ///
    /// # Errors
    /// As [`Chain::next`].
    pub async fn save(&mut self) -> Result<()> {
        self.session.save().await
    }

    /// What every model of the hop in progress makes of a sentence now.
    ///
    /// # Errors
    /// As [`Chain::next`].
    pub async fn predict(&self, text: &str, pair: Option<&str>) -> Result<Prediction> {
        self.session.predict(text, pair).await
    }

    /// How teacher and student of the hop in progress go on with a prompt now, token by token; nothing
    /// unless both are causal language models.
    ///
    /// # Errors
    /// [`Error::Input`] when the prompt is empty, or leaves no room in one of the models.
    pub async fn go_on(&self, prompt: &str, settings: &Generation) -> Result<Vec<Continuation>> {
        self.session.go_on(prompt, settings).await
    }

    /// Where teacher and student of the hop in progress look, in a text or in a pair of them.
    ///
    /// # Errors
    /// [`Error::Input`] when the text is empty, or too long for a model that is not to have it cut.
    pub async fn attention(&self, text: &str, pair: Option<&str>) -> Result<Attention> {
        self.session.attention(text, pair).await
    }

    /// Where teacher and student of the hop in progress disagree on dev, and the `most` texts on which they do
    /// most.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher, or one that answers something else.
    pub async fn disagreements(&self, most: usize) -> Result<Disagreements> {
        self.session.disagreements(most).await
    }

    /// The step to come, taken apart on one example; the run is left as it is. `which` is the weight whose
    /// way through the optimiser is told; absent: one of the head's.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such example or weight, or no step to come.
    pub async fn take_apart(&mut self, example: &Specimen, which: Option<&Which>) -> Result<Apart> {
        self.session.take_apart(example, which).await
    }

    /// What the units of the teacher of the hop in progress matter.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher; [`Error::Device`] when the device fails.
    pub async fn weigh(&self, scoring: &Scoring) -> Result<Weighed> {
        self.session.weigh(scoring).await
    }

    /// That teacher without one head.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher, or no such head.
    pub async fn without(&self, layer: usize, head: usize, sentence: Option<(&str, Option<&str>)>) -> Result<Without> {
        self.session.without(layer, head, sentence).await
    }

    /// What is left of that teacher, really taken out and measured.
    ///
    /// # Errors
    /// [`Error::Input`] when the scores are another model's, or nothing is left.
    pub async fn physical(&self, scores: &Scores, share: Share) -> Result<Physical> {
        self.session.physical(scores, share).await
    }

    /// How right and how sure that teacher is on dev without some of its weights or units, drawn by `seed`.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no teacher, it does not choose among classes, or nothing would be left.
    pub async fn sparse(&self, gone: Gone, percent: f64, seed: u64) -> Result<Point> {
        self.session.sparse(gone, percent, seed).await
    }

    /// The learner of the hop in progress as a Hugging Face directory with its card.
    ///
    /// # Errors
    /// As [`Chain::next`].
    pub async fn export(&self) -> Result<Files> {
        self.session.export().await
    }
}

/// Where a file of the hop in progress lies below the directory of a run.
///
/// # Errors
/// [`Error::Storage`] when the logs cannot be read.
pub async fn place(store: &Store, run: &Run, file: &str) -> Result<String> {
    Ok(hop::path(run, hop::current(store, run).await?, file))
}

/// Opens a hop: where its run file lies it goes on. The last one's is there from the beginning.
async fn open(run: &Run, store: &Store, opened: &Opened, number: usize, resume: bool) -> Result<Session> {
    let chained = !run.assistants().is_empty();
    let place = Place::of(store, run, number).await?;
    let below = match hop::path(run, number, "").trim_end_matches('/') {
        "" => store.clone(),
        name => Store::open(&format!("{}/{name}", store.root().trim_end_matches('/'))).await?,
    };
    let begun = if chained { below.read(RUN).await?.is_some() } else { resume };
    Session::open(hop::run_of(run, number), below, opened.clone(), begun, place).await
}

/// Checks every hop before the first one begins: the shape of each learner is known before it has
/// learned anything. Where the run is to lie, if that is known, there must be room. Gives back the optimiser steps
/// of every phase of every hop.
pub(super) async fn fits(run: &Run, store: Option<&Store>, opened: &Opened) -> Result<Vec<Vec<usize>>> {
    if run.teacher.is_none() && !run.assistants().is_empty() {
        return Err(Error::input("assistants", "a [teacher] for the first of them", "none"));
    }
    let mut mentor = Mentor::default();
    let mut plans = vec![];
    for number in 1..=run.assistants().len() + 1 {
        let (hop, name) = (hop::run_of(run, number), hop::learner(run, number));
        let teaches = number <= run.assistants().len();
        if let Some(store) = store.filter(|_| teaches)
            && !store.list(&name).await?.is_empty()
        {
            let at = format!("{}/{name}", store.root());
            return Err(Error::input(at, "an empty directory or none", "one with files in it"));
        }
        let setup = Setup::open(&hop, opened, mentor).await.map_err(|error| of_hop(run, number, error))?;
        plans.push(plan(&hop, &setup));
        mentor = match teaches {
            true => untrained(setup, &hop, opened, &name).await?,
            false => Mentor::default(),
        };
    }
    Ok(plans)
}

/// What a hop would leave to the next, with the weights of its first step.
async fn untrained(mut setup: Setup, run: &Run, opened: &Opened, name: &str) -> Result<Mentor> {
    let device = opened.device.clone().autodiff();
    let mut as_of = async |stage: Stage| {
        setup.answer(stage, run, &device)?;
        let mut files = checkpoint::save_model(&setup.learners[0].model).await?;
        files.insert("tokenizer.json".into(), setup.tokenizer.json().to_vec());
        Ok((name.to_owned(), files))
    };
    let words = match run.phases.iter().find(|phase| phase.stage != Stage::Task) {
        Some(phase) if run.teacher.as_ref().is_some_and(|teacher| teacher.pretrained.is_some()) => {
            Some(as_of(phase.stage).await?)
        }
        _ => None,
    };
    let last = run.phases.last().map_or(Stage::Task, |phase| phase.stage);
    let student = as_of(last).await?;
    Ok(Mentor::new(run, !setup.dataset.labels.is_empty(), student, words))
}

/// An error of one hop, told of the whole run file: the learner is called as it is there.
fn of_hop(run: &Run, number: usize, error: Error) -> Error {
    let Error::Input { at, wanted, found } = error else { return error };
    let last = number > run.assistants().len();
    let learner = if last { "student".to_owned() } else { format!("assistants.{}", number - 1) };
    let taught = if number > 1 { format!("{learner} after assistants.{}", number - 2) } else { learner.clone() };
    let at = match at.strip_prefix("student") {
        Some(key) => format!("{learner}{key}"),
        None if at.starts_with("phases") => format!("{taught}: {at}"),
        None => at,
    };
    Error::Input { at, wanted, found }
}
