//! A learner that becomes smaller while it learns.
//!
//! Liang et al. 2023, "HomoDistil", section 3: the student starts as its teacher, and columns of its matrices go,
//! a few at a time, by what the loss of the phase feels least. A column's score is the sum over its weights; the
//! layers share one residual stream, so that a number of it is scored over all matrices that read or write it;
//! every layer loses as many neurons, and every head as many numbers, as every other. The paper masks columns
//! and takes them out at the end. Here they are taken out at once, with the optimiser's moments and the columns of
//! the matrices beside the student: the function is the same, norms see the numbers that are left and no
//! others, and the steps become faster on the way.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::{adamw::Flat, learner::Learner};
use crate::{
    Error, Result,
    checkpoint::collect,
    model::{Config, Model, Size, parameters},
    prune::Cut,
    readback::read_many,
    run::{Importance, Shrinking},
    score::{Cubic, Platon, Sums, magnitude, platon::importance, random, sums},
};

#[cfg(test)]
mod tests;

/// Sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sizes {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Neurons of every layer.
    pub neurons: usize,
    /// Width of every head.
    pub head: usize,
}

impl Sizes {
    /// Of a model whose layers are alike.
    pub fn of(config: &Config) -> Self {
        Self { hidden: config.hidden_size, neurons: config.size(0).neurons, head: config.head_size() }
    }

    /// What a model of `config` is to become in a phase. Heads that can become narrower with the stream do, so
    /// that `transformers` has words for the result.
    ///
    /// # Errors
    /// [`Error::Input`] when it would have to grow, its layers are not alike, or its heads cannot be cut.
    pub fn target(at: &str, config: &Config, shrinking: &Shrinking) -> Result<Self> {
        let now = Self::of(config);
        let wrong = |key: &str, wanted: String, found: usize| {
            Err(Error::input(format!("{at}.shrinking.{key}"), wanted, found.to_string()))
        };
        if !config.layers.is_empty() {
            let found = "layers that differ";
            return Err(Error::input(format!("{at}.shrinking"), "a student whose layers are alike", found));
        }
        let whole = config.turns() || config.key_value_heads() < config.num_attention_heads;
        let (heads, keep) = (config.num_attention_heads, shrinking.keep.unwrap_or(1.0));
        let share = |of: usize, step: usize| ((keep * of as f64 / step as f64).round() as usize).max(1) * step;
        let narrowed = shrinking.hidden.is_some() || shrinking.keep.is_some();
        let hidden = shrinking.hidden.unwrap_or_else(|| if narrowed { share(now.hidden, heads) } else { now.hidden });
        let usual = Some(hidden / heads).filter(|head| !whole && head * heads == hidden && narrowed);
        let target = Self {
            hidden,
            neurons: shrinking.neurons.unwrap_or_else(|| share(now.neurons, 1)),
            head: shrinking.head.or(usual).unwrap_or(now.head),
        };
        for (key, target, now) in [
            ("hidden", target.hidden, now.hidden),
            ("neurons", target.neurons, now.neurons),
            ("head", target.head, now.head),
        ] {
            if target > now {
                return wrong(key, format!("at most the student's {now}"), target);
            }
        }
        if whole && target.head < now.head {
            let wanted = format!("the student's {}: its heads are turned or shared and stay whole", now.head);
            return wrong("head", wanted, target.head);
        }
        Ok(target)
    }

    /// A configuration of these sizes.
    pub fn config(self, config: &Config) -> Config {
        let sizes: Vec<Size> = config.sizes().into_iter().map(|size| Size { neurons: self.neurons, ..size }).collect();
        config.with_sizes(&sizes, self.hidden, self.head)
    }

    /// The sizes on the way, when a share of what is to go is left.
    fn at(self, target: Self, left: f64) -> Self {
        let one = |from: usize, to: usize| to + ((from - to) as f64 * left).round() as usize;
        Self {
            hidden: one(self.hidden, target.hidden),
            neurons: one(self.neurons, target.neurons),
            head: one(self.head, target.head),
        }
    }
}

/// How a learner becomes smaller in a phase.
pub struct Shrink {
    settings: Shrinking,
    schedule: Cubic,
    target: Sizes,
    seed: u64,
    /// Numbers of the learner when the phase began.
    whole: u64,
    /// What it has felt.
    pub felt: Felt,
}

/// What a learner has felt in a phase so far.
#[derive(Clone)]
pub struct Felt {
    /// Its sizes when the phase began.
    pub from: Sizes,
    /// Sum of I over the steps since the last cut.
    pub window: Flat,
    /// How many they were.
    pub steps: usize,
    /// Ī by parameter.
    pub sensitivity: Flat,
    /// Ū by parameter.
    pub uncertainty: Flat,
}

impl Felt {
    /// Nothing yet.
    pub fn nothing(from: Sizes) -> Self {
        Self { from, window: Flat::new(), steps: 0, sensitivity: Flat::new(), uncertainty: Flat::new() }
    }
}

impl Shrink {
    /// For a phase of so many `steps`, from a model of `config` that was as large as it has felt, to `target`.
    pub fn new(settings: &Shrinking, config: &Config, steps: usize, target: Sizes, seed: u64, felt: Felt) -> Self {
        let whole = parameters(&felt.from.config(config));
        Self { whole, schedule: settings.schedule(steps), target, settings: settings.clone(), seed, felt }
    }

    /// Takes in what a step's whole gradient says of the weights it is of.
    pub fn feel(&mut self, model: &Model, gradients: &Flat) {
        if !matches!(self.settings.by, Importance::Sensitivity | Importance::Platon) {
            return;
        }
        for (name, (_, weights)) in collect(model) {
            let Some(gradient) = gradients.get(&name) else { continue };
            let felt = importance(weights, gradient.clone());
            let before = self.felt.window.remove(&name);
            self.felt.window.insert(name, before.map_or(felt.clone(), |before| before + felt));
        }
        self.felt.steps += 1;
    }

    /// The sizes after so many steps of the phase; none where no cut is due.
    fn due(&self, step: usize, now: Sizes) -> Option<Sizes> {
        let end = self.schedule.steps.saturating_sub(self.schedule.cooldown);
        if !(step.is_multiple_of(self.settings.every) || step == end) || step < self.schedule.warmup {
            return None;
        }
        let next = self.felt.from.at(self.target, self.schedule.at(step));
        // Sizes only fall.
        let next = Sizes {
            hidden: next.hidden.min(now.hidden),
            neurons: next.neurons.min(now.neurons),
            head: next.head.min(now.head),
        };
        (next != now).then_some(next)
    }

    /// What everything matters now.
    async fn scores(&mut self, model: &Model) -> Result<Sums> {
        let scores = match self.settings.by {
            Importance::Magnitude => return magnitude(model).await,
            Importance::Random => return Ok(random(model.config(), self.seed)),
            Importance::Sensitivity => self.mean(),
            Importance::Platon => {
                let [beta1, beta2] = self.settings.betas;
                let mut scores = Flat::new();
                for (name, now) in self.mean() {
                    let (sensitivity, uncertainty) = (&mut self.felt.sensitivity, &mut self.felt.uncertainty);
                    let before = (sensitivity.remove(&name), uncertainty.remove(&name));
                    let mut platon = Platon { beta1, beta2, sensitivity: before.0, uncertainty: before.1 };
                    platon.see(now);
                    scores.extend(platon.score().map(|score| (name.clone(), score)));
                    sensitivity.extend(platon.sensitivity.map(|tensor| (name.clone(), tensor)));
                    uncertainty.extend(platon.uncertainty.map(|tensor| (name, tensor)));
                }
                scores
            }
        };
        let (names, tensors): (Vec<String>, Vec<Tensor<1>>) = scores.into_iter().unzip();
        let values: BTreeMap<String, Vec<f32>> = names.into_iter().zip(read_many(tensors).await?).collect();
        for (name, values) in &values {
            if values.iter().any(|value| !value.is_finite()) {
                return Err(Error::input(name, "finite slopes, to tell what matters", "a slope that is not a number"));
            }
        }
        Ok(sums(model, &values))
    }

    fn mean(&self) -> Flat {
        let share = 1.0 / self.felt.steps.max(1) as f64;
        self.felt.window.iter().map(|(name, felt)| (name.clone(), felt.clone().mul_scalar(share))).collect()
    }
}

/// The `count` highest, ascending; of equal ones the first.
fn highest(scores: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// What stays when the model becomes of these sizes.
fn cut(config: &Config, scores: &Sums, sizes: Sizes) -> Cut {
    let mut cut = Cut::nothing(config);
    cut.hidden = highest(&scores.hidden, sizes.hidden);
    for (index, layer) in cut.layers.iter_mut().enumerate() {
        layer.neurons = highest(&scores.units.neurons[index], sizes.neurons);
        for head in &mut layer.heads {
            head.scores = highest(&scores.dims[0][index][head.head], sizes.head);
            head.values = highest(&scores.dims[1][index][head.head], sizes.head);
        }
    }
    cut
}

impl Learner {
    /// Share of its numbers that are left since the phase began, where it shrinks.
    pub fn kept(&self) -> Option<f64> {
        Some(self.model.parameters() as f64 / self.shrink.as_ref()?.whole as f64)
    }

    /// Cuts the learner down if that is due after so many steps of the phase: its sizes when the phase began,
    /// and its new ones, then.
    ///
    /// # Errors
    /// [`Error::Input`] when a slope is no number; [`Error::Device`] when the device fails.
    pub async fn shrink(&mut self, step: usize, device: &Device) -> Result<Option<[Sizes; 2]>> {
        let Some(shrink) = &mut self.shrink else { return Ok(None) };
        let config = self.model.config().clone();
        let Some(sizes) = shrink.due(step, Sizes::of(&config)) else { return Ok(None) };
        let scores = shrink.scores(&self.model).await?;
        let cut = cut(&config, &scores, sizes);
        let remake = cut.remake("the student", &self.model)?;
        let of = |flat: &Flat, power: i32| -> Flat {
            flat.iter().map(|(name, tensor)| (name.clone(), remake.tensor(name, tensor.clone(), power))).collect()
        };
        for (moments, power) in [(&mut self.optimizer.first, -1), (&mut self.optimizer.second, -2)] {
            *moments = self.projections.narrowed_moments(&of(moments, power), &cut.hidden);
        }
        for felt in [&mut shrink.felt.sensitivity, &mut shrink.felt.uncertainty] {
            *felt = of(felt, 0);
        }
        shrink.felt.window.clear();
        shrink.felt.steps = 0;
        self.projections = self.projections.narrowed(&cut.hidden, device);
        self.model = remake.model(&self.model, device)?;
        Ok(Some([shrink.felt.from, sizes]))
    }
}
