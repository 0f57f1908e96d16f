//! AdamW with a clip on the norm of the whole gradient.
//!
//! Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2; clipping as
//! Pascanu, Mikolov and Bengio 2013, with the `+ 1e-6` of PyTorch's `clip_grad_norm_`.
//!
//! ```text
//! g ← g · min(1, clip / (‖g‖ + 1e-6))          ‖g‖ over all parameters together
//! m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
//! w ← w − lr · ( decay · w + m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε) )
//! ```
//!
//! Burn's own optimisers clip each parameter by itself and keep their state under identifiers
//! that change from one start of the program to the next; a run that is resumed to the same
//! losses needs the joint norm and state by name.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Gradients, Tensor},
};

use super::projections::Projections;
use crate::{
    kernel::{self, Step, Stepped},
    model::{Model, Path},
    run,
};

/// Gradients by parameter name, each flattened to `[numel]`.
pub type Flat = BTreeMap<String, Tensor<1>>;

/// The optimiser's state for one model.
#[derive(Clone, Default)]
pub struct AdamW {
    /// First moments by parameter name, `[numel]`.
    pub first: Flat,
    /// Second moments by parameter name, `[numel]`.
    pub second: Flat,
    /// Steps taken; t of the formula.
    pub steps: usize,
}

impl AdamW {
    /// Takes one step and returns the model and the matrices beside it with their new weights, and
    /// ‖g‖ over both, of shape `[1]`, before clipping. `joint` is that of a larger whole, if they are part
    /// of one.
    pub fn step(
        &mut self,
        (model, beside): (Model, Projections),
        gradients: Flat,
        joint: Option<Tensor<1>>,
        lr: f64,
        settings: &run::Optimizer,
    ) -> (Model, Projections, Tensor<1>) {
        self.steps += 1;
        let norm = joint.unwrap_or_else(|| norm(gradients.values()));
        let mut update = Update { optimizer: self, gradients, norm: norm.clone(), lr, settings, path: Path::default() };
        (model.map(&mut update), beside.map(&mut update), norm)
    }
}

/// ℓ2 norm over all gradients together, `[1]`.
pub fn norm<'a>(gradients: impl Iterator<Item = &'a Tensor<1>>) -> Tensor<1> {
    kernel::length(gradients).expect("something has a gradient")
}

/// The slopes of `loss` in every parameter of `model`, which is on the graph.
pub fn gradients<M: Module>(model: &M, loss: Tensor<1>) -> Flat {
    let mut found = Flat::new();
    collect(model, &mut loss.backward(), 1.0, &mut found);
    found
}

/// Adds what `model` received in `gradients` to `sum`, times `scale`.
pub fn collect<M: Module>(model: &M, gradients: &mut Gradients, scale: f64, sum: &mut Flat) {
    model.visit(&mut Collect { gradients, scale, sum, path: Path::default() });
}

struct Collect<'a> {
    gradients: &'a mut Gradients,
    scale: f64,
    sum: &'a mut Flat,
    path: Path,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = param.val().grad_remove(self.gradients) else { return };
        let gradient = gradient.flatten::<1>(0, D - 1);
        let gradient = if self.scale == 1.0 { gradient } else { gradient.mul_scalar(self.scale) };
        let name = self.path.name();
        let total = match self.sum.remove(&name) {
            Some(before) => before + gradient,
            None => gradient,
        };
        self.sum.insert(name, total);
    }
}

/// One step over every parameter of a model.
struct Update<'a> {
    optimizer: &'a mut AdamW,
    gradients: Flat,
    norm: Tensor<1>,
    lr: f64,
    settings: &'a run::Optimizer,
    path: Path,
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(gradient) = self.gradients.remove(&name) else { return param };
        param.map(|weight| {
            let shape = weight.shape();
            let weight = self.updated(&name, weight.inner().flatten::<1>(0, D - 1), gradient);
            Tensor::from_inner(weight.reshape(shape)).require_grad()
        })
    }
}

impl Update<'_> {
    /// The new value of one flattened parameter.
    fn updated(&mut self, name: &str, weight: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let settings = self.settings;
        let moments = [&mut self.optimizer.first, &mut self.optimizer.second]
            .map(|moments| moments.remove(name).unwrap_or_else(|| weight.zeros_like()));
        let step = Step {
            betas: settings.betas,
            lr: self.lr,
            steps: self.optimizer.steps,
            eps: settings.eps,
            decay: if decays(name) { settings.weight_decay } else { 0.0 },
            clip: settings.clip,
        };
        let Stepped { weights, first, second } = kernel::adamw(weight, gradient, moments, self.norm.clone(), step);
        self.optimizer.first.insert(name.to_owned(), first);
        self.optimizer.second.insert(name.to_owned(), second);
        weights
    }
}

/// Biases and norms are not decayed (the convention of BERT's own code).
pub(super) fn decays(name: &str) -> bool {
    let norm = name.to_lowercase().contains("norm") || name.contains(".ln_");
    !name.ends_with("bias") && !norm
}
