//! A model that is being trained: its weights, its objectives, its optimiser.

use burn::{module::Module, tensor::Tensor};

use super::{
    adamw::{AdamW, Flat, collect},
    projections::Projections,
    shrink::{Felt, Shrink},
};
use crate::{
    Result,
    data::Batch,
    model::{Model, Trace, Wants},
    objective::{Objective, Seen, Term},
    run,
};

/// One model in training.
pub struct Learner {
    /// `student`, `control`, or `companion-1` and so on.
    pub who: String,
    /// Its weights, on an autodiff device.
    pub model: Model,
    /// The matrices that it learns beside them.
    pub projections: Projections,
    /// Its optimiser.
    pub optimizer: AdamW,
    objectives: Vec<(f64, Box<dyn Objective>)>,
    tiled: bool,
    /// What the step's batches gave so far, by parameter.
    pub gradients: Flat,
    /// ‖g‖ of more than its own gradients, where it shares parameters with others.
    pub norm: Option<Tensor<1>>,
    /// How it becomes smaller, where it does.
    pub shrink: Option<Shrink>,
    /// What it had felt when it was saved.
    pub felt: Option<Felt>,
    losses: Vec<Loss>,
    weighted: Vec<Loss>,
}

/// What a step was worth: names, and their values in one tensor that is still on the device.
pub struct Scalars {
    /// Of the terms as they are, the sum, and the gradient's norm.
    pub names: Vec<&'static str>,
    /// Of the terms as they are weighed in the sum.
    pub weighted: Vec<&'static str>,
    /// `[names + weighted]`
    pub values: Tensor<1>,
}

/// A named scalar of the current step, off the graph, shape `[1]`.
struct Loss {
    name: &'static str,
    value: Tensor<1>,
}

/// What one batch offers to every learner.
pub struct Lesson<'a> {
    /// The sentences.
    pub batch: &'a Batch,
    /// What the teachers made of them.
    pub teachers: &'a [Trace],
    /// Seed of the dropout masks; `None` leaves dropout out.
    pub noise: Option<u64>,
    /// Share of the phase that is over.
    pub progress: f64,
    /// 1 / number of batches that make up a step.
    pub share: f64,
}

/// A term of an objective with its whole weight.
pub struct Weighed {
    /// Which of the learner's objectives it is of.
    pub objective: usize,
    /// The objective's weight times the term's own.
    pub weight: f64,
    /// The term.
    pub term: Term,
}

impl Weighed {
    /// As it is weighed in the sum, `[1]`, on the graph.
    pub fn weighted(&self) -> Tensor<1> {
        self.term.value.clone().mul_scalar(self.weight)
    }
}

impl Learner {
    /// A learner at its first step.
    pub fn new(who: impl Into<String>, model: Model) -> Self {
        Self {
            who: who.into(),
            model,
            projections: Projections::default(),
            optimizer: AdamW::default(),
            objectives: vec![],
            tiled: false,
            gradients: Flat::new(),
            norm: None,
            shrink: None,
            felt: None,
            losses: vec![],
            weighted: vec![],
        }
    }

    /// Gives it the objectives of a phase; `fresh` also resets its optimiser.
    pub fn begin(&mut self, objectives: Vec<(f64, Box<dyn Objective>)>, fresh: bool) {
        self.objectives = objectives;
        if fresh {
            self.optimizer = AdamW::default();
        }
    }

    /// Whether it takes the logits of language models in tiles.
    pub fn tile(&mut self, tiled: bool) {
        self.tiled = tiled;
    }

    /// What its objectives want recorded of both models.
    pub fn wants(&self) -> Wants {
        let own = Wants { head: self.tiled, ..Wants::default() };
        self.objectives.iter().fold(own, |wants, (_, objective)| wants.union(&objective.wants()))
    }

    /// Whether its objectives want anything beside answers.
    pub fn looks_inside(&self) -> bool {
        self.objectives.iter().any(|(_, objective)| objective.wants() != Wants::default())
    }

    /// Runs one batch forward and backward and adds its gradients to the step's.
    ///
    /// # Errors
    /// What the objectives find wrong.
    pub fn learn(&mut self, lesson: &Lesson) -> Result<()> {
        let mut total: Option<Tensor<1>> = None;
        for (weight, term) in self.terms(&self.model, lesson)? {
            self.losses.add(term.name, term.value.clone().inner().mul_scalar(lesson.share));
            let weighed = term.value.mul_scalar(weight);
            self.weighted.add(term.name, weighed.clone().inner().mul_scalar(lesson.share));
            total = Some(match total {
                Some(sum) => sum + weighed,
                None => weighed,
            });
        }
        if let Some(total) = total {
            self.losses.add(TOTAL, total.clone().inner().mul_scalar(lesson.share));
            let mut gradients = total.backward();
            collect(&self.model, &mut gradients, lesson.share, &mut self.gradients);
            collect(&self.projections, &mut gradients, lesson.share, &mut self.gradients);
        }
        Ok(())
    }

    /// The weighted sum of its objectives with `model` in the place of its own, on the graph.
    ///
    /// # Errors
    /// What the objectives find wrong.
    pub fn loss(&self, model: &Model, lesson: &Lesson) -> Result<Tensor<1>> {
        let terms = self.terms(model, lesson)?.into_iter().map(|(weight, term)| term.value.mul_scalar(weight));
        Ok(terms.reduce(|sum, term| sum + term).unwrap_or_else(|| Tensor::zeros([1], &lesson.batch.mask.device())))
    }

    /// Every term with its whole weight, what `model` makes of the lesson.
    fn terms(&self, model: &Model, lesson: &Lesson) -> Result<Vec<(f64, Term)>> {
        if self.objectives.is_empty() {
            return Ok(vec![]);
        }
        let trace = model.forward(lesson.batch, &self.wants(), None, lesson.noise);
        let terms = self.weigh(&trace, &self.projections, lesson)?;
        Ok(terms.into_iter().map(|one| (one.weight, one.term)).collect())
    }

    /// Every term of what a model with these matrices beside it recorded, which is on the graph.
    ///
    /// # Errors
    /// What the objectives find wrong.
    pub fn weigh(&self, trace: &Trace, projections: &Projections, lesson: &Lesson) -> Result<Vec<Weighed>> {
        let seen = Seen {
            student: trace,
            teachers: lesson.teachers,
            project: &|name, x| projections.apply(name, x),
            batch: lesson.batch,
            counted: lesson.batch.counted,
            labelled: lesson.batch.labelled,
            causal: !self.model.config().family.is_encoder(),
            progress: lesson.progress,
        };
        let mut terms = vec![];
        for (index, (weight, objective)) in self.objectives.iter().enumerate() {
            let weighed = |term: Term| Weighed { objective: index, weight: term.weight * weight, term };
            terms.extend(objective.terms(&seen)?.into_iter().map(weighed));
        }
        Ok(terms)
    }

    /// Puts a scalar, off the graph, among those of the step.
    pub fn note(&mut self, name: &'static str, value: Tensor<1>) {
        self.losses.add(name, value);
    }

    /// Takes the optimiser step and gives back the step's scalars.
    pub fn take_step(&mut self, lr: f64, settings: &run::Optimizer) -> Scalars {
        if let Some(shrink) = &mut self.shrink {
            shrink.feel(&self.model, &self.gradients);
        }
        let learned = (self.model.clone(), self.projections.clone());
        let (model, projections, norm) =
            self.optimizer.step(learned, std::mem::take(&mut self.gradients), self.norm.take(), lr, settings);
        (self.model, self.projections) = (model, projections);
        self.losses.add(NORM, norm);
        let losses = std::mem::take(&mut self.losses);
        let weighted = std::mem::take(&mut self.weighted);
        let names = |losses: &[Loss]| losses.iter().map(|loss| loss.name).collect();
        Scalars {
            names: names(&losses),
            weighted: names(&weighted),
            values: Tensor::cat(losses.into_iter().chain(weighted).map(|loss| loss.value).collect(), 0),
        }
    }

    /// The model off the graph, for evaluation.
    pub fn frozen(&self) -> Model {
        self.model.valid()
    }
}

/// Name of the weighted sum among a step's scalars.
pub const TOTAL: &str = "total";
/// Name of the gradient's norm among a step's scalars.
pub const NORM: &str = "grad_norm";

trait Add {
    fn add(&mut self, name: &'static str, value: Tensor<1>);
}

impl Add for Vec<Loss> {
    /// Sums values of the same name over the batches of a step.
    fn add(&mut self, name: &'static str, value: Tensor<1>) {
        match self.iter_mut().find(|loss| loss.name == name) {
            Some(loss) => loss.value = loss.value.clone() + value,
            None => self.push(Loss { name, value }),
        }
    }
}
