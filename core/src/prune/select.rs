//! From scores to what stays.

use serde::{Deserialize, Serialize};

use super::{Cut, HeadCut};
use crate::{
    Error, Result,
    model::Config,
    score::{Units, keep},
};

/// Whom a unit competes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// The units of all layers: some layers lose more than others (STARK).
    #[default]
    Model,
    /// Those of its layer: all layers lose the same share.
    Layer,
}

/// How much goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Per cent of the heads that are removed.
    pub heads: f64,
    /// Per cent of the neurons that are removed.
    pub neurons: f64,
    /// Whom they compete with.
    pub spread: Spread,
    /// A layer's neurons are so many or a multiple of it, rounded to the nearest; less than one multiple is none
    /// (8 in STARK's code).
    pub multiple: usize,
}

impl Share {
    /// The same of heads and of neurons, among the units of the whole model.
    pub fn of_both(percent: f64) -> Self {
        Self { heads: percent, neurons: percent, spread: Spread::Model, multiple: 1 }
    }

    /// Ranges that the types do not express; `at` comes before each key.
    ///
    /// # Errors
    /// [`Error::Input`] with what is wrong.
    pub fn check(&self, at: &str) -> Result<()> {
        for (key, percent) in [("heads", self.heads), ("neurons", self.neurons)] {
            if !(0.0..=100.0).contains(&percent) {
                return Err(Error::input(format!("{at}{key}"), "per cent, 0 to 100", percent.to_string()));
            }
        }
        if self.heads >= 100.0 && self.neurons >= 100.0 {
            return Err(Error::input(format!("{at}heads"), "something that is left of the model", "nothing"));
        }
        match self.multiple {
            0 => Err(Error::input(format!("{at}multiple"), "at least 1", "0")),
            _ => Ok(()),
        }
    }
}

/// What stays of a model when the units with the lowest `scores`, `[layers][units]`, are removed. Heads that
/// share keys go together, by the sum of their scores.
///
/// # Errors
/// [`Error::Input`] when the scores are another model's, a score is no number, or nothing is left.
pub fn select(at: &str, config: &Config, scores: &Units<Vec<Vec<f64>>>, share: Share) -> Result<Cut> {
    share.check(&format!("{at}: "))?;
    let sizes = config.sizes();
    let of = |scores: &[Vec<f64>]| -> Vec<usize> { scores.iter().map(Vec::len).collect() };
    let wanted: [Vec<usize>; 2] =
        [sizes.iter().map(|size| size.heads).collect(), sizes.iter().map(|size| size.neurons).collect()];
    for (what, found, wanted) in [("heads", &scores.heads, &wanted[0]), ("neurons", &scores.neurons, &wanted[1])] {
        if of(found) != *wanted {
            let wanted = format!("scores of {wanted:?} {what}, as the model has");
            return Err(Error::input(at, wanted, format!("{:?}", of(found))));
        }
        if found.iter().flatten().any(|score| score.is_nan()) {
            return Err(Error::input(at, format!("numbers as scores of the {what}"), "NaN"));
        }
    }
    let mut cut = Cut::nothing(config);
    let grouped: Vec<Vec<f64>> = scores
        .heads
        .iter()
        .zip(&sizes)
        .map(|(heads, size)| heads.chunks(size.shared()).map(|group| group.iter().sum()).collect())
        .collect();
    for ((layer, stay), size) in cut.layers.iter_mut().zip(kept(&grouped, share.heads, share.spread)).zip(&sizes) {
        layer.heads.retain(|HeadCut { head, .. }| stay[head / size.shared()]);
    }
    let stay = kept(&scores.neurons, share.neurons, share.spread);
    for ((layer, stay), scores) in cut.layers.iter_mut().zip(stay).zip(&scores.neurons) {
        layer.neurons = rounded(&stay, scores, share.multiple);
    }
    cut.config(at, config)?;
    Ok(cut)
}

fn kept(scores: &[Vec<f64>], percent: f64, spread: Spread) -> Vec<Vec<bool>> {
    match spread {
        Spread::Model => keep(scores, percent),
        Spread::Layer => scores.iter().flat_map(|layer| keep(std::slice::from_ref(layer), percent)).collect(),
    }
}

/// The units that stay, so many that a multiple does: those with the highest scores.
fn rounded(stay: &[bool], scores: &[f64], multiple: usize) -> Vec<usize> {
    let count = stay.iter().filter(|stay| **stay).count();
    let nearest = (count + multiple / 2) / multiple * multiple;
    let target = if nearest > stay.len() { nearest - multiple } else { nearest };
    let mut order: Vec<usize> = (0..stay.len()).collect();
    order.sort_by(|&a, &b| stay[b].cmp(&stay[a]).then(scores[b].total_cmp(&scores[a])));
    order.truncate(if count == stay.len() { count } else { target });
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_multiples_by_adding_the_best_or_dropping_the_worst() {
        let scores = [0.1, 0.9, 0.8, 0.4, 0.3, 0.7];
        let stay = [false, true, true, false, false, true];
        assert_eq!(rounded(&stay, &scores, 1), [1, 2, 5]);
        // 3 is nearer to 4 than to 0 (half up).
        assert_eq!(rounded(&stay, &scores, 4), [1, 2, 3, 5]);
        // 1 of 4 is less than half a multiple.
        assert_eq!(rounded(&[true, false, false, false], &scores[..4], 4), Vec::<usize>::new());
        // Nothing is rounded where nothing goes.
        assert_eq!(rounded(&[true; 3], &scores[..3], 4), [0, 1, 2]);
    }
}
