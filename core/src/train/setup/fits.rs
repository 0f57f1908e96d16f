//! Whether data, models, objectives and device fit together: asked before the first step.

use super::Answers;
use crate::{
    Error, Result,
    data::{Dataset, Tokenizer},
    kernel,
    model::{self, Config, MemoryEstimate, Model, Task, Whole, mebibytes},
    objective::{Objective, Pair, Weighted},
    platform::Adapter,
    run::{Phase, Run},
    train::shrink::Sizes,
};

/// What every model must fit.
pub struct Fits<'a> {
    pub run: &'a Run,
    pub tokenizer: &'a Tokenizer,
    pub dataset: &'a Dataset,
}

impl Fits<'_> {
    /// A model must answer what is asked, in the tokenizer's vocabulary and the data's classes, and
    /// have room for the texts.
    pub fn model(&self, at: &str, config: &Config, task: Task) -> Result<()> {
        if config.task(at)? != task {
            let wanted = match task {
                Task::Classification => "a classifier, for labelled sentences",
                Task::MaskedLm => "a masked language model",
                Task::CausalLm => "a causal language model",
            };
            let found = config.architectures.first().map_or("another", String::as_str);
            return Err(Error::input(at, wanted, format!("`{found}`")));
        }
        self.tokenizer.fits(config.vocab_size, at)?;
        let length = self.run.data.max_length;
        if length > config.max_position_embeddings {
            let wanted = format!("at most the model's {} positions", config.max_position_embeddings);
            return Err(Error::input(format!("{at}: data.max_length"), wanted, length.to_string()));
        }
        let (classes, labels) = (config.labels().len(), &self.dataset.labels);
        if task == Task::Classification && classes != labels.len() {
            let wanted = format!("a model with {} classes ({})", labels.len(), labels.join(", "));
            return Err(Error::input(at, wanted, format!("{classes} classes")));
        }
        Ok(())
    }
}

/// Teacher and student must speak of the same vocabulary and the same classes.
pub fn together(teacher: &Config, student: &Config) -> Result<()> {
    if teacher.vocab_size != student.vocab_size {
        return Err(Error::input(
            "student",
            format!("the teacher's vocabulary of {}", teacher.vocab_size),
            student.vocab_size.to_string(),
        ));
    }
    if student.task("student")? == Task::Classification && teacher.labels() != student.labels() {
        return Err(Error::input(
            "student",
            format!("the teacher's classes in its order ({})", teacher.labels().join(", ")),
            student.labels().join(", "),
        ));
    }
    Ok(())
}

/// What a phase learns; when it names nothing, from the teacher if there is one, else the labels.
pub fn objectives_of(phase: &Phase, taught: bool) -> Vec<Weighted> {
    match (phase.objectives.is_empty(), taught) {
        (false, _) => phase.objectives.clone(),
        (true, true) => vec![Weighted::new("kd")],
        (true, false) => vec![Weighted::new("cross_entropy")],
    }
}

/// Objectives that need a teacher must have one that answers to the same `task`, and one that fits.
pub fn objectives(at: &str, phase: &Phase, task: Task, teachers: &[Model], student: &Config) -> Result<()> {
    for weighted in objectives_of(phase, !teachers.is_empty()) {
        let at = format!("{at}: {}", weighted.method);
        let objective = weighted.build(&at)?;
        if !objective.needs_teacher() {
            continue;
        }
        let teacher =
            teachers.first().ok_or_else(|| Error::input(&at, "a teacher", "none: the run file has no [teacher]"))?;
        if objective.asks_the_teacher() && teacher.config().task(&at)? != task {
            let wanted = "a teacher that guesses words (teacher.pretrained, a masked language model)";
            return Err(Error::input(&at, wanted, "a classifier"));
        }
        for (place, teacher) in heeded(objective.as_ref(), teachers).iter().enumerate() {
            let at = if place == 0 { at.clone() } else { format!("{at} of teacher.others.{}", place - 1) };
            objective.fits(&at, &Pair { student, teacher: teacher.config(), place })?;
        }
    }
    Ok(())
}

/// What a student of `config` is after a phase: smaller, if it shrinks and can.
pub fn shrinking(at: &str, run: &Run, phase: &Phase, config: &Config) -> Result<Config> {
    let Some(shrinking) = &phase.shrinking else { return Ok(config.clone()) };
    if !run.companions.is_empty() || phase.teaching.is_some() {
        let wanted = "a student that learns alone, without companions and from a teacher that stays as it is";
        return Err(Error::input(format!("{at}.shrinking"), wanted, "another"));
    }
    Ok(Sizes::target(at, config, shrinking)?.config(config))
}

/// The teachers inside which an objective looks.
pub fn heeded<'a>(objective: &dyn Objective, teachers: &'a [Model]) -> &'a [Model] {
    if objective.heeds_all() { teachers } else { &teachers[..teachers.len().min(1)] }
}

/// A teacher learns to teach alone, classes, and by objectives that tell how.
pub fn teaching(at: &str, phase: &Phase, task: Task, teachers: &[Model]) -> Result<()> {
    if phase.teaching.is_none() {
        return Ok(());
    }
    let place = format!("{at}.teaching");
    if task != Task::Classification {
        return Err(Error::input(place, "none: a teacher learns to teach classes", "some"));
    }
    if teachers.is_empty() {
        return Err(Error::input(place, "a teacher, to learn to teach", "none: the run file has no [teacher]"));
    }
    for weighted in objectives_of(phase, true) {
        let objective = weighted.build(at)?;
        if objective.needs_teacher() && !objective.reaches_the_teacher() {
            let found = format!("`{}`", weighted.method);
            return Err(Error::input(place, "objectives that the teacher can learn from (`metakd`)", found));
        }
    }
    Ok(())
}

/// Only decoders write, and what a teacher writes needs one.
pub fn writing(at: &str, phase: &Phase, task: Task, teachers: &[Model]) -> Result<()> {
    let Some(writing) = &phase.writing else { return Ok(()) };
    let at = format!("{at}.writing");
    if task != Task::CausalLm {
        return Err(Error::input(at, "none: only a causal language model writes", "some"));
    }
    if writing.teacher + writing.mixed > 0.0 && teachers.is_empty() {
        return Err(Error::input(at, "a teacher to write", "none: the run file has no [teacher]"));
    }
    Ok(())
}

/// Whether a phase that asks for `task` takes logits in tiles, of texts of at most `length` tokens.
pub fn tiled(phase: &Phase, task: Task, config: &Config, length: usize) -> bool {
    task != Task::Classification && phase.logits.tiled(phase.batch.saturating_mul(length), config.vocab_size)
}

/// Sentences of the run's largest batch.
fn largest_batch(run: &Run) -> usize {
    run.phases.iter().map(|phase| phase.batch).max().unwrap_or(1)
}

/// What a step of the largest batch needs.
pub fn need(run: &Run, teacher: Option<&Config>, student: &Config, answers: Answers) -> MemoryEstimate {
    let learners = 1 + usize::from(run.control && teacher.is_some());
    let length = run.data.max_length;
    let logits = !run.phases.iter().all(|phase| tiled(phase, answers.to(phase.stage), student, length));
    let looks = |phase: &Phase| {
        // What cannot be built is refused elsewhere.
        let built = objectives_of(phase, teacher.is_some()).into_iter().filter_map(|weighted| weighted.build("").ok());
        built.map(|objective| objective.wants()).any(|wants| wants.scores || wants.probs)
    };
    let whole = Whole { logits, maps: run.phases.iter().any(looks) };
    model::memory_estimate(teacher, student, learners, largest_batch(run), length, whole)
}

/// Bytes of the largest logits that a phase makes whole; 0 where none are.
pub fn whole_logits(run: &Run, student: &Config, answers: Answers) -> u64 {
    let length = run.data.max_length;
    let of = |phase: &Phase| match answers.to(phase.stage) {
        Task::Classification => phase.batch.saturating_mul(student.labels().len()),
        task if tiled(phase, task, student, length) => 0,
        _ => phase.batch.saturating_mul(length).saturating_mul(student.vocab_size),
    };
    run.phases.iter().map(|phase| (of(phase) as u64).saturating_mul(4)).max().unwrap_or(0)
}

/// The largest batch of the run must fit the device.
pub fn memory(run: &Run, teacher: Option<&Model>, student: &Model, answers: Answers, adapter: &Adapter) -> Result<u64> {
    let (batch, config, length) = (largest_batch(run), student.config(), run.data.max_length);
    let tiled = |phase: &Phase| tiled(phase, answers.to(phase.stage), config, length);
    let estimate = need(run, teacher.map(Model::config), config, answers);
    for phase in &run.phases {
        match answers.to(phase.stage) {
            Task::Classification => kernel::fits(adapter, phase.batch, config.labels().len())?,
            Task::MaskedLm | Task::CausalLm if tiled(phase) => {}
            Task::MaskedLm | Task::CausalLm => {
                kernel::fits(adapter, phase.batch.saturating_mul(length), config.vocab_size)?
            }
        }
    }
    let limit = adapter.max_binding_bytes.min(adapter.max_buffer_bytes);
    if estimate.largest_tensor_bytes > limit {
        return Err(Error::input(
            format!("phases: batch {batch} on {}", adapter.name),
            format!("every tensor within the adapter's {}", mebibytes(limit)),
            format!(
                "{} for {}; try a smaller batch or a smaller data.max_length",
                mebibytes(estimate.largest_tensor_bytes),
                estimate.largest_tensor
            ),
        ));
    }
    if adapter.memory_bytes.is_some_and(|memory| estimate.bytes_total > memory) {
        return Err(Error::input(
            format!("phases: batch {batch} on {}", adapter.name),
            format!("a step within the {} of memory", mebibytes(adapter.memory_bytes.unwrap_or(0))),
            format!("an estimated {}; try a smaller batch", mebibytes(estimate.bytes_total)),
        ));
    }
    Ok(estimate.bytes_total)
}

/// Bytes of a teacher that learns: a learner beside the others.
pub fn of_tutor(run: &Run, config: &Config) -> u64 {
    let whole = Whole { logits: true, maps: false };
    model::memory_estimate(None, config, 1, largest_batch(run), run.data.max_length, whole).bytes_total
}
