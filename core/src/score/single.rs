//! Scores of single weights, and models without the lowest.
//!
//! Yang, Zhang, Song 2022, "Sparse Teachers Can Be Dense with Knowledge" (STARK, unstructured): the same two
//! losses and the same blend as for heads and neurons, with |w · ∂L/∂w| of each weight in the place of the
//! slope in a gate. The paper does not spell the score out; this one is Molchanov et al.'s.
//!
//! ```text
//! P, Q = Σ over batches of |w · ∂L/∂w|        each by its ℓ2 norm in its matrix, then λ P + (1 − λ) Q
//! ```
//!
//! Only matrices of layers lose weights ([`in_layers`]). Summed over all matrices that read or write it, the scores are those
//! of a number of the residual stream (Liang et al. 2023, "HomoDistil", section 3).

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::{By, Looked, Scoring, Survey, losses::friendly, platon::importance, sums};
use crate::{
    Error, Result,
    checkpoint::{self, Tensors},
    loss::cross_entropy,
    model::{Model, Wants},
    readback::read_many,
    train::gradients,
};

/// What every weight matters, by its parameter's name.
pub type Weights = BTreeMap<String, Vec<f32>>;

/// Scores of single weights, and of the numbers of the residual stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Fine {
    /// Of every weight, by its parameter's name.
    pub weights: Tensors,
    /// Of every number of the residual stream.
    pub hidden: Vec<f64>,
}

impl Looked<'_> {
    /// Scores what is smaller than a unit, by slopes (in absolute value for each batch) or by size; `on` hears how
    /// many of how many batches are done.
    ///
    /// # Errors
    /// [`Error::Input`] for an order that is drawn, or a slope that is no number; [`Error::Device`] when the
    /// device fails.
    pub async fn fine(&self, scoring: &Scoring, on: &mut dyn FnMut(usize, usize)) -> Result<Fine> {
        scoring.check_fine("")?;
        let (name, model) = self.model;
        let mut weights = checkpoint::tensors(model).await?;
        match scoring.by {
            By::Sensitivity => {
                let scores = blended(&self.survey(scoring).weights(&|_, _| true, on).await?, scoring.lambda);
                weights.retain(|name, _| scores.contains_key(name));
                weights.iter_mut().for_each(|(name, tensor)| tensor.data.clone_from(&scores[name]));
            }
            By::Magnitude | By::Random => {
                weights.values_mut().flat_map(|tensor| &mut tensor.data).for_each(|w| *w = w.abs())
            }
        }
        if weights.values().flat_map(|tensor| &tensor.data).any(|score| !score.is_finite()) {
            return Err(Error::input(name, "finite slopes of its loss", "a slope that is not a number"));
        }
        let flat = weights.iter().map(|(name, tensor)| (name.clone(), tensor.data.clone())).collect();
        Ok(Fine { hidden: sums(model, &flat).hidden, weights })
    }
}

impl Survey<'_> {
    /// What every weight of the parameters that are `wanted`, by name and shape, matters to the model, and to its
    /// student where there is one.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device fails.
    pub async fn weights(
        &self,
        wanted: &dyn Fn(&str, &[usize]) -> bool,
        on: &mut dyn FnMut(usize, usize),
    ) -> Result<[Weights; 2]> {
        let model = checkpoint::copied(self.model, &self.device.clone().autodiff())?;
        let values = checkpoint::collect(self.model);
        let mut sums: [BTreeMap<String, Tensor<1>>; 2] = Default::default();
        let batches = self.batches();
        for (done, batch) in batches.iter().enumerate() {
            let losses = |side: usize, logits: Tensor<2>| match (side, self.student) {
                (0, _) => Some(cross_entropy(logits, batch.labels.clone(), batch.labelled)),
                (_, Some(student)) => {
                    let taught = student.forward(batch, &Wants::default(), None, None).logits();
                    Some(friendly(logits, taught, batch.labels.clone(), self.temperature, batch.counted))
                }
                (_, None) => None,
            };
            for (side, sum) in sums.iter_mut().enumerate() {
                let logits = model.forward(batch, &Wants::default(), None, None).logits();
                let Some(loss) = losses(side, logits) else { continue };
                for (name, slope) in gradients(&model, loss) {
                    let Some((shape, weights)) = values.get(&name) else { continue };
                    if !wanted(&name, shape) {
                        continue;
                    }
                    let felt = importance(weights.clone(), slope);
                    let before = sum.remove(&name);
                    sum.insert(name, before.map_or(felt.clone(), |before| before + felt));
                }
            }
            on(done + 1, batches.len());
        }
        let mut all: [Weights; 2] = Default::default();
        for (sum, weights) in sums.into_iter().zip(&mut all) {
            let (names, tensors): (Vec<String>, Vec<Tensor<1>>) = sum.into_iter().unzip();
            *weights = names.into_iter().zip(read_many(tensors).await?).collect();
        }
        Ok(all)
    }
}

/// Both by their norms in each matrix, λ of the first; the first alone where there is no second.
pub fn blended([own, student]: &[Weights; 2], lambda: f64) -> Weights {
    let normalised = |weights: &[f32]| -> Vec<f64> {
        let norm = weights.iter().map(|weight| f64::from(*weight).powi(2)).sum::<f64>().sqrt() + 1e-7;
        weights.iter().map(|weight| f64::from(*weight) / norm).collect()
    };
    let one = |(name, weights): (&String, &Vec<f32>)| {
        let p = normalised(weights);
        let mixed: Vec<f32> = match student.get(name) {
            Some(other) => {
                p.iter().zip(normalised(other)).map(|(p, q)| (lambda * p + (1.0 - lambda) * q) as f32).collect()
            }
            None => p.into_iter().map(|p| p as f32).collect(),
        };
        (name.clone(), mixed)
    };
    own.iter().map(one).collect()
}

/// Whether a parameter is one of a layer's matrices: only those lose weights.
pub fn in_layers(model: &Model) -> impl Fn(&str, &[usize]) -> bool + use<> {
    let layer = model.config().family.facts().layer;
    move |name, shape| name.starts_with(layer) && shape.len() == 2
}

/// `model` with the weights of the lowest scores at 0: round(per cent · scored weights / 100) of them.
///
/// # Errors
/// [`crate::Error::Device`] when the weights cannot be read back.
pub async fn without(model: &Model, scores: &Weights, percent: f64, device: &Device) -> Result<Model> {
    let mut tensors = checkpoint::tensors(model).await?;
    let mut order: Vec<(f32, &String, usize)> = scores
        .iter()
        .flat_map(|(name, scores)| scores.iter().enumerate().map(move |(place, &score)| (score, name, place)))
        .collect();
    let gone = (percent * order.len() as f64 / 100.0).round_ties_even() as usize;
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, name, place) in order.into_iter().take(gone) {
        if let Some(tensor) = tensors.get_mut(name) {
            tensor.data[place] = 0.0;
        }
    }
    let at = "the sparse model";
    checkpoint::assign(at, Model::empty(at, model.config(), device)?, tensors)
}
