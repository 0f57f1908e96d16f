//! A run before its start: the data as they are read, the models, the steps, and what they need, and whatever
//! keeps it from starting. Nothing is trained and nothing is written.

use serde::{Deserialize, Serialize};

use super::{
    chain,
    setup::{HopShapes, Sources},
    stark,
};
use crate::{
    Result, data,
    model::{self, Config},
    objective::Weighted,
    platform::{Adapter, DeviceChoice, Opened, open},
    run::{Run, Stage},
};

mod knobs;
mod memory;
mod texts;

pub use knobs::Knob;
pub use memory::{Amount, Memory};
pub use texts::{Bin, Sample, Texts, TextsOf};

/// A run before its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// What keeps the run from starting, a sentence each; none: it starts.
    pub problems: Vec<String>,
    /// What a reader must know: a missing test split, sentences set aside.
    pub notes: Vec<String>,
    /// Where it would compute.
    pub adapter: Adapter,
    /// The data, where they can be read.
    pub texts: Option<Texts>,
    /// Every hop of the chain, one without assistants; none where its models cannot be told yet.
    pub hops: Vec<HopSketch>,
    /// The phases of every hop.
    pub phases: Vec<PhaseSketch>,
    /// Optimiser steps of all hops together, where they can be told.
    pub steps: Option<usize>,
}

/// A hop: who teaches whom, and what a step of it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HopSketch {
    /// `student`, or the assistant that learns.
    pub learner: String,
    /// `teacher`, or the assistant that teaches.
    pub teacher: String,
    /// Everyone, those who teach first.
    pub models: Vec<ModelSketch>,
    /// What a step needs.
    pub memory: Memory,
}

/// A model, by its shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSketch {
    /// `teacher`, `assistant-1`, `student`, `control`, …
    pub who: String,
    /// Where it is read, if it is.
    pub at: Option<String>,
    /// `bert`, `gpt2`, …
    pub family: String,
    /// Layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Heads of each layer.
    pub heads: usize,
    /// Width of the feed-forward layers.
    pub intermediate: usize,
    /// Token ids.
    pub vocabulary: usize,
    /// Longest sequence in tokens.
    pub positions: usize,
    /// Numbers that it learns.
    pub parameters: u64,
    /// What it answers: `classes`, `hidden words` or `the next word`.
    pub answers: String,
}

/// A phase, as it will be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseSketch {
    /// Its name.
    pub name: String,
    /// What is read and answered.
    pub stage: Stage,
    /// Optimiser steps in the last hop, where they can be told.
    pub steps: Option<usize>,
    /// Sentences of a batch.
    pub batch: usize,
    /// Batches of a step.
    pub accumulate: usize,
    /// The methods, in order; of a phase that names none, what it then learns.
    pub objectives: Vec<String>,
}

impl Description {
    /// Of a run file that cannot even be read.
    pub fn refused(problem: impl ToString) -> Self {
        Self { problems: vec![problem.to_string()], ..Self::default() }
    }

    /// Keeps what is there and notes why something is not.
    fn take<T>(&mut self, found: Result<T>) -> Option<T> {
        found.map_err(|error| self.problems.push(error.to_string())).ok()
    }
}

/// Describes `run` as it would start on `opened`, whose device is left alone.
pub async fn describe(run: &Run, opened: &Opened) -> Description {
    let mut told = Description { adapter: opened.adapter.clone(), ..Description::default() };
    let checked = run.check("the run");
    let sound = told.take(checked).is_some();
    if let Some(settings) = &run.stark {
        let runs = stark::runs(settings);
        told.notes.push(format!("This is STARK: {runs} students one after the other, each as described here."));
    }
    let run = &Run { stark: None, ..run.clone() };
    told.phases = run.phases.iter().map(|phase| phase_of(phase, run.teacher.is_some())).collect();

    let dataset = data::load(&run.data).await;
    let dataset = told.take(dataset);
    let (sources, troubles) = Sources::read(run).await;
    let readable = troubles.is_empty();
    told.problems.extend(troubles.iter().map(ToString::to_string));
    let tokenizer = match readable {
        true => {
            let tokenizer = sources.tokenizer(run).await;
            told.take(tokenizer)
        }
        false => None,
    };
    let Some(mut dataset) = dataset else { return told };
    told.notes.extend(dataset.notes.iter().cloned());
    let limited = dataset.limit(run.data.limit, run.seed);
    told.take(limited);
    let found = data::found(&run.data).await;
    let files = told.take(found).unwrap_or_default();
    let hops = match (&tokenizer, sound && readable) {
        (Some(tokenizer), true) => {
            let hops = sources.hops(run, &dataset, tokenizer);
            told.take(hops).unwrap_or_default()
        }
        _ => vec![],
    };
    let family = hops.last().map(|hop| hop.shapes[hop.learner].config.family);
    let texts = texts::of(run, &dataset, files, tokenizer.as_ref().zip(family));
    told.texts = told.take(texts);

    let strains = |run: &Run| {
        let hops = sources.hops(run, &dataset, tokenizer.as_ref()?).ok()?;
        Some(hops.iter().map(|hop| hop.strain(&opened.adapter)).collect::<Vec<f64>>())
    };
    for (index, hop) in hops.iter().enumerate() {
        let strain = |run: &Run| strains(run)?.get(index).copied();
        let memory = Memory::of(hop, &opened.adapter, || knobs::of(run, index, &strain, told.texts.as_ref()));
        if !memory.fits {
            told.problems.push(memory.told(&hop.hop.learner, &opened.adapter));
        }
        told.hops.push(sketch(hop, memory));
    }
    if told.problems.is_empty() {
        let plans = plans(run, opened).await;
        if let Some(plans) = told.take(plans) {
            told.steps = Some(plans.iter().flatten().sum());
            let last = plans.last().into_iter().flatten();
            told.phases.iter_mut().zip(last).for_each(|(phase, &steps)| phase.steps = Some(steps));
        }
    }
    told
}

/// The steps of every phase of every hop, from everything that the run starts with: made on the processor, so that
/// neither the device nor a run on it notices.
async fn plans(run: &Run, opened: &Opened) -> Result<Vec<Vec<usize>>> {
    let host = open(DeviceChoice::Cpu).await?;
    // What the real device has room for was asked before.
    let adapter = Adapter { memory_bytes: None, ..host.adapter };
    let adapter = Adapter { name: opened.adapter.name.clone(), ..adapter };
    chain::fits(run, None, &Opened { device: host.device, adapter }).await
}

fn phase_of(phase: &crate::run::Phase, taught: bool) -> PhaseSketch {
    let usual = if taught { "kd" } else { "cross_entropy" };
    let objectives = match phase.objectives.is_empty() {
        true => vec![usual.to_owned()],
        false => phase.objectives.iter().map(|Weighted { method, .. }| method.clone()).collect(),
    };
    PhaseSketch {
        name: phase.name.clone(),
        stage: phase.stage,
        steps: phase.steps,
        batch: phase.batch,
        accumulate: phase.accumulate,
        objectives,
    }
}

fn sketch(hop: &HopShapes, memory: Memory) -> HopSketch {
    let models = hop.shapes.iter().map(|shape| of_model(&shape.who, shape.at.clone(), &shape.config));
    HopSketch { learner: hop.hop.learner.clone(), teacher: hop.hop.teacher.clone(), models: models.collect(), memory }
}

fn of_model(who: &str, at: Option<String>, config: &Config) -> ModelSketch {
    ModelSketch {
        who: who.to_owned(),
        at,
        family: config.family.facts().model_type.into(),
        layers: config.num_hidden_layers,
        hidden: config.hidden_size,
        heads: config.num_attention_heads,
        intermediate: config.intermediate_size,
        vocabulary: config.vocab_size,
        positions: config.max_position_embeddings,
        parameters: model::parameters(config),
        answers: config.task(who).map_or("nothing that Retort asks for", |task| task.name()).into(),
    }
}

#[cfg(test)]
mod tests;
