//! One weight, number by number: which, and what AdamW makes of it.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::{Followed, Which, groups::group_of};
use crate::{
    Error, Result,
    model::Family,
    readback::read,
    run::Optimizer,
    train::adamw::{AdamW, Flat, decays},
};

/// Parameters by name: their shapes and numbers, `[numel]`.
pub type Weights = BTreeMap<String, (Vec<usize>, Tensor<1>)>;

/// Before and after a step.
pub struct Steps<'a> {
    pub weights: [&'a Weights; 2],
    pub optimizers: [&'a AdamW; 2],
    pub gradients: &'a Flat,
    pub clip_factor: f64,
    pub settings: &'a Optimizer,
}

/// The weight that is followed unless another is asked for: of a matrix of the head, or where it has none of the
/// embeddings, the one with the largest gradient.
///
/// # Errors
/// [`Error::Input`] when no matrix received a gradient; [`Error::Device`] when the device fails.
pub async fn usual(family: Family, weights: &Weights, gradients: &Flat) -> Result<Which> {
    let matrices =
        || gradients.iter().filter(|(name, _)| weights.get(*name).is_some_and(|(shape, _)| shape.len() == 2));
    let of = |group: &str| matrices().find(|(name, _)| group_of(family, name) == group);
    let found = of("head").or_else(|| of("embeddings")).or_else(|| matrices().next());
    let Some((name, gradient)) = found else {
        return Err(Error::input("the step", "a matrix that receives a gradient", "none"));
    };
    let shape = &weights[name].0;
    let [rows, columns] = [shape[0], shape[1]];
    let sizes = gradient.clone().abs().reshape([rows, columns]);
    // In two reads of few numbers: the row, then the place in it.
    let by_row = read(sizes.clone().max_dim(1).reshape([rows])).await?;
    let row = largest(&by_row);
    let column = largest(&read(sizes.slice([row..row + 1, 0..columns]).reshape([columns])).await?);
    Ok(Which { name: name.clone(), index: row * columns + column })
}

/// Where the largest number is; the first of equals.
fn largest(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best })
}

impl Steps<'_> {
    /// What happened to one weight.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such weight, or it received no gradient; [`Error::Device`] when the device
    /// fails.
    pub async fn follow(&self, which: Which) -> Result<Followed> {
        let Some((gradient, (shape, weight))) = self.gradients.get(&which.name).zip(self.weights[0].get(&which.name))
        else {
            let wanted = format!("a parameter that receives a gradient, such as {}", self.some());
            return Err(Error::input("the weight", wanted, format!("`{}`", which.name)));
        };
        let numbers: usize = shape.iter().product();
        if which.index >= numbers {
            let wanted = format!("one of the {numbers} numbers of {}", which.name);
            return Err(Error::input("the weight", wanted, which.index.to_string()));
        }
        let [before, after] = self.optimizers;
        let nothing = weight.zeros_like();
        let moment = |moments: &Flat| moments.get(&which.name).cloned().unwrap_or_else(|| nothing.clone());
        let updated = self.weights[1].get(&which.name).map_or_else(|| weight.clone(), |(_, weight)| weight.clone());
        let tensors = [
            weight.clone(),
            gradient.clone(),
            moment(&before.first),
            moment(&after.first),
            moment(&before.second),
            moment(&after.second),
            updated,
        ];
        let one = tensors.map(|tensor| tensor.slice(which.index..which.index + 1));
        let values = read(Tensor::cat(one.to_vec(), 0)).await?;
        let at = |place: usize| f64::from(values[place]);
        let (steps, betas) = (after.steps, self.settings.betas);
        let corrected = |moment: f64, beta: f64| moment / (1.0 - beta.powi(steps as i32));
        let mut rest = which.index;
        let mut place: Vec<usize> = shape
            .iter()
            .rev()
            .map(|&size| {
                let here = rest % size.max(1);
                rest /= size.max(1);
                here
            })
            .collect();
        place.reverse();
        Ok(Followed {
            place,
            weight: at(0),
            gradient: at(1),
            clipped: at(1) * self.clip_factor,
            first: [at(2), at(3)],
            second: [at(4), at(5)],
            first_corrected: corrected(at(3), betas[0]),
            second_corrected: corrected(at(5), betas[1]),
            updated: at(6),
            steps,
            betas,
            eps: self.settings.eps,
            decay: if decays(&which.name) { self.settings.weight_decay } else { 0.0 },
            which,
        })
    }

    /// A few names.
    fn some(&self) -> String {
        let names: Vec<String> = self.gradients.keys().rev().take(3).map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }
}
