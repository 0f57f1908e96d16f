//! The step itself: forward, backward, update and forward again, on copies.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::{
    Apart, Group, LineOf, TermOf, Which,
    follow::{Steps, Weights, usual},
    groups::{group_of, rank},
    rows::{self, Read},
};
use crate::{
    Error, Result, checkpoint,
    data::{HostBatch, Tokenizer},
    kernel,
    model::{Answer, Family, Model, Task, Trace, Wants},
    objective::{METHODS, Weighted},
    readback::read,
    run::Optimizer,
    train::{
        adamw::{Flat, collect},
        learner::{Learner, Lesson, Weighed},
    },
};

/// What is to be taken apart, and where in the run.
pub struct Ask<'a> {
    pub learner: &'a Learner,
    /// The teachers, off the graph.
    pub teachers: &'a [Model],
    pub host: &'a HostBatch,
    pub tokenizer: &'a Tokenizer,
    /// The names of the classes, where classes are asked for.
    pub classes: &'a [String],
    /// What the phase learns, in order.
    pub objectives: &'a [Weighted],
    pub settings: &'a Optimizer,
    pub lr: f64,
    /// Steps of the run, steps of the phase, and of the phase in all.
    pub steps: [usize; 3],
    pub phase: usize,
    pub device: &'a Device,
}

impl Ask<'_> {
    /// Takes the step and tells everything; the learner is left as it is.
    ///
    /// # Errors
    /// [`Error::Input`] when there is nothing to learn, or no such weight; [`Error::Device`] when the device fails.
    pub async fn answer(&self, which: Option<&Which>) -> Result<Apart> {
        let learner = self.learner;
        let batch = self.host.to_device(self.device);
        let wants = learner.wants();
        let teachers: Vec<Trace> =
            self.teachers.iter().map(|teacher| teacher.forward(&batch, &wants, None, None)).collect();
        let [step, done, steps] = self.steps;
        let progress = done as f64 / steps as f64;
        let lesson = Lesson { batch: &batch, teachers: &teachers, noise: None, progress, share: 1.0 };

        let trace = learner.model.forward(&batch, &wants, None, None);
        let terms = learner.weigh(&trace, &learner.projections, &lesson)?;
        let total = sum(&terms).ok_or_else(nothing)?;
        let mut found = total.clone().backward();
        let mut gradients = Flat::new();
        collect(&learner.model, &mut found, 1.0, &mut gradients);
        collect(&learner.projections, &mut found, 1.0, &mut gradients);
        if gradients.is_empty() {
            return Err(nothing());
        }

        let mut optimizer = learner.optimizer.clone();
        let learned = (learner.model.clone(), learner.projections.clone());
        let (model, projections, norm) = optimizer.step(learned, gradients.clone(), None, self.lr, self.settings);
        let moved = model.forward(&batch, &wants, None, None);
        let after = sum(&learner.weigh(&moved, &projections, &lesson)?).ok_or_else(nothing)?;

        let values = terms.iter().flat_map(|one| [one.term.value.clone().inner(), one.weighted().inner()]);
        let scalars = [total.inner(), norm, after.inner()];
        let told = read(Tensor::cat(scalars.into_iter().chain(values).collect(), 0)).await?;
        let at = |place: usize| f64::from(told[place]);
        let [total, gradient_norm, after] = [0, 1, 2].map(at);
        let clip = self.settings.clip;
        let clip_factor = if clip > 0.0 { (clip / (gradient_norm + 1e-6)).min(1.0) } else { 1.0 };

        let weights = [weights(&learner.model, &learner.projections), weights(&model, &projections)];
        let family = learner.model.config().family;
        let groups = groups(family, &weights, &gradients).await?;
        let which = match which {
            Some(which) => which.clone(),
            None => usual(family, &weights[0], &gradients).await?,
        };
        let steps_of = Steps {
            weights: [&weights[0], &weights[1]],
            optimizers: [&learner.optimizer, &optimizer],
            gradients: &gradients,
            clip_factor,
            settings: self.settings,
        };
        let temperatures = self.temperatures();
        Ok(Apart {
            step,
            phase: self.phase,
            of_phase: [done, steps],
            tokens: self.tokens(),
            rows: self.rows(&teachers, &lesson, &temperatures).await?,
            temperatures,
            counted: batch.counted,
            terms: terms
                .iter()
                .enumerate()
                .map(|(place, one)| self.term(one, at(3 + 2 * place), at(4 + 2 * place)))
                .collect(),
            lines: self.lines(&wants, &lesson).await?,
            total,
            gradient_norm,
            clip,
            clip_factor,
            lr: self.lr,
            groups,
            followed: steps_of.follow(which).await?,
            before: total,
            after,
        })
    }

    fn term(&self, one: &Weighed, value: f64, weighted: f64) -> TermOf {
        TermOf { method: self.method(one.objective), name: one.term.name.into(), value, weight: one.weight, weighted }
    }

    fn method(&self, objective: usize) -> String {
        self.objectives.get(objective).map_or_else(String::new, |objective| objective.method.clone())
    }

    /// Every objective alone: what it comes to, and how long its slope is.
    async fn lines(&self, wants: &Wants, lesson: &Lesson<'_>) -> Result<Vec<LineOf>> {
        let learner = self.learner;
        let mut lines = vec![];
        for objective in 0..self.objectives.len() {
            let trace = learner.model.forward(lesson.batch, wants, None, None);
            let mut terms = learner.weigh(&trace, &learner.projections, lesson)?;
            terms.retain(|one| one.objective == objective);
            let Some(total) = sum(&terms) else { continue };
            let mut found = total.clone().backward();
            let mut gradients = Flat::new();
            collect(&learner.model, &mut found, 1.0, &mut gradients);
            collect(&learner.projections, &mut found, 1.0, &mut gradients);
            let value = total.inner();
            let slope = kernel::length(gradients.values()).unwrap_or_else(|| value.zeros_like());
            let told = read(Tensor::cat(vec![value, slope], 0)).await?;
            lines.push(LineOf { method: self.method(objective), value: told[0].into(), slope: told[1].into() });
        }
        Ok(lines)
    }

    /// 1, and whatever else the objectives divide logits by.
    fn temperatures(&self) -> Vec<f64> {
        let mut all = vec![1.0];
        for objective in self.objectives {
            let usual = METHODS.iter().find(|entry| entry.name == objective.method).map(|entry| (entry.defaults)());
            let own = objective.settings.get("temperature").cloned();
            let known = own.or_else(|| usual?.get("temperature").cloned());
            all.extend(known.and_then(|value| value.as_f64()).filter(|t| !all.contains(t)));
        }
        all
    }

    fn tokens(&self) -> Vec<String> {
        let real = self.host.ids.iter().zip(&self.host.mask).filter(|(_, mask)| **mask > 0.0);
        self.tokenizer.tokens(&real.map(|(&id, _)| id as u32).collect::<Vec<_>>())
    }

    /// The rows of logits that count, with the gradient of the total in the student's logits alone.
    async fn rows(&self, teachers: &[Trace], lesson: &Lesson<'_>, temperatures: &[f64]) -> Result<Vec<super::Row>> {
        let model = &self.learner.model;
        let wants = Wants { head: false, ..self.learner.wants() };
        let trace = model.forward(lesson.batch, &wants, None, None);
        let logits: Tensor<2> = Tensor::from_inner(trace.logits().inner()).require_grad();
        let trace = Trace { answer: Answer::Logits(logits.clone()), ..trace };
        let terms = self.learner.weigh(&trace, &self.learner.projections, lesson)?;
        let slope = sum(&terms).and_then(|total| logits.grad(&total.backward()));
        let logits = logits.inner();
        let slope = slope.unwrap_or_else(|| logits.zeros_like());
        let answered = teachers.first().map(Trace::logits).filter(|theirs| theirs.dims() == logits.dims());

        let [_, classes] = logits.dims();
        let places = rows::counting(&self.host.labels);
        let picked = |tensor: &Tensor<2>| {
            let rows = places.iter().map(|&place| tensor.clone().slice([place..place + 1, 0..classes]));
            Tensor::cat(rows.collect(), 0)
        };
        if places.is_empty() {
            return Ok(vec![]);
        }
        let (student, slope) = (read(picked(&logits)).await?, read(picked(&slope)).await?);
        let teacher = match answered {
            Some(teacher) => Some(read(picked(&teacher)).await?),
            None => None,
        };
        let words = model.config().task("the student")? != Task::Classification;
        let name = |class: usize| match words {
            true => self.tokenizer.tokens(&[class as u32]).concat(),
            false => self.classes.get(class).cloned().unwrap_or_else(|| class.to_string()),
        };
        let row = |(at, &place): (usize, &usize)| {
            let span = at * classes..(at + 1) * classes;
            let read = Read {
                teacher: teacher.as_ref().map(|values| &values[span.clone()]),
                student: &student[span.clone()],
                gradient: &slope[span],
            };
            read.told(place, self.host.labels[place], temperatures, name)
        };
        Ok(places.iter().enumerate().map(row).collect())
    }
}

fn nothing() -> Error {
    Error::input("the example", "something for the objectives of this phase to learn", "nothing")
}

/// The weighted sum, in the order of training.
fn sum(terms: &[Weighed]) -> Option<Tensor<1>> {
    terms.iter().map(Weighed::weighted).reduce(|sum, term| sum + term)
}

/// Everything that is learned, by name.
fn weights(model: &Model, projections: &crate::train::projections::Projections) -> Weights {
    let mut all = checkpoint::collect(model);
    all.extend(checkpoint::collect(projections));
    all
}

/// The parameters that received a gradient, by where they are.
async fn groups(family: Family, weights: &[Weights; 2], gradients: &Flat) -> Result<Vec<Group>> {
    let beside = |name: &str| name.starts_with("matrices.");
    let of = |name: &str| if beside(name) { "projections".to_owned() } else { group_of(family, name) };
    let mut found: BTreeMap<String, [Vec<Tensor<1>>; 3]> = BTreeMap::new();
    for (name, gradient) in gradients {
        let [Some((_, before)), Some((_, after))] = [0, 1].map(|at: usize| weights[at].get(name)) else { continue };
        let [own, slopes, changes] = found.entry(of(name)).or_default();
        own.push(before.clone());
        slopes.push(gradient.clone());
        changes.push(after.clone() - before.clone());
    }
    let mut names: Vec<&String> = found.keys().collect();
    names.sort_by_key(|name| rank(name));
    let lengths = names.iter().flat_map(|name| &found[*name]).filter_map(|parts| kernel::length(parts.iter()));
    let values = read(Tensor::cat(lengths.collect(), 0)).await?;
    let group = |(name, lengths): (&&String, &[f32])| Group {
        name: (*name).clone(),
        parameters: found[*name][0].iter().map(|part| part.dims()[0]).sum(),
        weights: lengths[0].into(),
        gradient: lengths[1].into(),
        update: lengths[2].into(),
    };
    Ok(names.iter().zip(values.chunks(3)).map(group).collect())
}
