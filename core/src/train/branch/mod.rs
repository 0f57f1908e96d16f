//! A new run that starts from another one's checkpoint, with another run file.
//!
//! It stands where the other one stood: the same weights, moments and step, and the same log up to there. From there
//! on its own run file holds, which may say otherwise whatever leaves data and models alike: budgets, optimisers,
//! objectives, the seed of the order. A run that is over may be given a longer last phase, or a phase more.

use serde::{Deserialize, Serialize};

use super::{
    adamw::AdamW,
    chain::Place,
    directory::{self, History, METRICS, Position},
    event::Event,
    learner::Learner,
    session::{plan, provenance},
    setup::Setup,
    uploads,
};
use crate::{
    Error, Result,
    platform::{Opened, Store},
    run::Run,
};

mod alike;
#[cfg(test)]
mod tests;

/// Which of another run's weights a run starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Those of the last checkpoint, with the optimiser's moments.
    #[default]
    Last,
    /// Those of the phase's best evaluation on dev, of every learner its own; the moments begin anew.
    Best,
}

/// Where a run that did not begin at its first step comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The other run's name.
    pub name: String,
    /// Its optimiser steps up to there.
    pub step: usize,
    /// Which of its weights.
    pub start: Start,
}

/// Begins a run in `to` that starts from the run in `from`: [`super::Chain::open`] with `resume` goes on with it.
///
/// # Errors
/// [`Error::Input`] when there is no checkpoint, or the run file says something otherwise that must be alike, naming
/// the key, before anything is written; [`Error::Storage`] when it cannot be written.
pub async fn branch(from: &Store, start: Start, run: &Run, to: &Store, opened: &Opened) -> Result<()> {
    run.check("the run")?;
    let old = directory::run_of(from).await?.ok_or_else(|| Error::input(from.root(), "a run to start from", "none"))?;
    alike::but_for_phases(&old, run)?;
    directory::vacant(to).await?;
    uploads::offer(from).await?;
    let hops = old.assistants().len() + 1;
    let at = super::chain::current(from, &old).await?;
    if at < hops {
        return Err(Error::input(from.root(), "a chain whose last hop has begun", format!("hop {at} of {hops}")));
    }
    let kept = directory::kept(from).await?.ok_or_else(|| Error::input(from.root(), "a checkpoint", "none yet"))?;
    let log = directory::history(&from.read(METRICS).await?.unwrap_or_default());
    let mut position = kept.position().clone();
    let answering = position.answering(&old);
    // Between two phases there is no best of the next; what the last one left lies there still.
    let between = position.best.is_empty() && position.phase_step == 0;
    reopen(&mut position, &old, run, &log);
    alike::in_phases(&old, run, &position)?;

    let place = Place::of(from, run, hops).await?;
    let mut setup = Setup::open(run, opened, place.mentor).await?;
    let device = opened.device.clone().autodiff();
    setup.answer(answering, run, &device)?;
    kept.restore(&mut setup.learners, &device)?;
    if start == Start::Best {
        best(from, between, &mut position, &mut setup.learners).await?;
    }
    let budget = plan(run, &setup)[position.phase];
    if position.phase_step >= budget {
        let wanted = format!("more than the {} that were taken", position.phase_step);
        return Err(Error::input(format!("phases.{}.steps", position.phase), wanted, budget.to_string()));
    }

    directory::save(to, &position, &setup.learners).await?;
    for who in position.best.keys() {
        let path = directory::best_path(who);
        if let Some(bytes) = from.read(&path).await? {
            to.write(&path, &bytes).await?;
        }
    }
    from.copy(uploads::UPLOADS, to).await?;
    for number in 1..hops {
        from.copy(&format!("assistant-{number}"), to).await?;
    }
    to.write(METRICS, &until(&log, position.step)?).await?;
    let origin = Origin { name: old.name.clone(), step: position.step, start };
    let before = directory::provenance_of(from).await?;
    let mut about = provenance(run, &setup, opened);
    if let Some(before) = before {
        about.init_hash = before.init_hash;
    }
    about.branched_from = Some(origin);
    directory::attest(to, &about).await?;
    directory::announce(to, run).await
}

/// Where a run that was over goes on: in a phase more, if there is one, else in its last one.
fn reopen(position: &mut Position, old: &Run, run: &Run, log: &History) {
    position.done = false;
    let phases = old.phases.len();
    if position.phase >= phases && run.phases.len() <= phases {
        position.phase = phases - 1;
        position.phase_step = position.step - begun_at(log, phases - 1);
    }
}

/// Steps that were taken before a phase.
fn begun_at(log: &History, phase: usize) -> usize {
    let begins = |event: &Event| matches!(event, Event::Phase { index, .. } if *index == phase);
    let before = log.iter().take_while(|event| !begins(event));
    before.filter_map(directory::step_of).max().unwrap_or(0)
}

/// Gives every learner its best weights, and sets the position back to where the student's were taken.
async fn best(from: &Store, between: bool, position: &mut Position, learners: &mut [Learner]) -> Result<()> {
    match position.best.get("student") {
        Some(best) => {
            position.phase_step -= position.step - best.step;
            position.step = best.step;
        }
        None if between => {}
        None => {
            let wanted = "an evaluation in the phase where the run stands (or its last checkpoint)";
            return Err(Error::input(from.root(), wanted, "none yet"));
        }
    }
    position.waited = 0;
    for learner in learners {
        if position.best.contains_key(&learner.who) || between {
            directory::restore_best(from, learner).await?;
        }
        learner.optimizer = AdamW::default();
    }
    Ok(())
}

/// The log up to a step, without the end of the run.
fn until(log: &History, step: usize) -> Result<Vec<u8>> {
    let mut lines = vec![];
    for event in log {
        let counts = match event {
            Event::Done { .. } => false,
            Event::Eval(eval) if eval.split.starts_with("test") => false,
            event => directory::step_of(event).is_none_or(|at| at <= step),
        };
        if counts {
            serde_json::to_writer(&mut lines, event).map_err(|error| Error::storage(METRICS, error))?;
            lines.push(b'\n');
        }
    }
    Ok(lines)
}
