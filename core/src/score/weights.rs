//! What belongs to single weights, summed over the units that they are part of.
//!
//! A unit's score is the sum over every row and column that reads or writes it (Liang et al. 2023,
//! "HomoDistil", section 3: the ℓ1 norm of the scores in a column). A number of the residual stream is one
//! unit of all layers, since the layers share it.

use std::collections::BTreeMap;

use super::Units;
use crate::{
    Result, checkpoint,
    data::shuffled,
    model::{Config, Model, Part, Unit},
};

/// Scores of everything that can be taken out of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sums {
    /// Of the numbers of the residual stream.
    pub hidden: Vec<f64>,
    /// Of heads and neurons, `[layers][units]`.
    pub units: Units<Vec<Vec<f64>>>,
    /// Of the numbers of heads, `[layers][heads][numbers]`: of query and key together, and of value and
    /// context.
    pub dims: [Vec<Vec<Vec<f64>>>; 2],
}

impl Sums {
    fn none(config: &Config) -> Self {
        let sizes = config.sizes();
        let zeros =
            |counts: Vec<usize>| -> Vec<Vec<f64>> { counts.into_iter().map(|count| vec![0.0; count]).collect() };
        let dims = || sizes.iter().map(|size| vec![vec![0.0; config.head_size()]; size.heads]).collect();
        Self {
            hidden: vec![0.0; config.hidden_size],
            units: Units {
                heads: zeros(sizes.iter().map(|size| size.heads).collect()),
                neurons: zeros(sizes.iter().map(|size| size.neurons).collect()),
            },
            dims: [dims(), dims()],
        }
    }

    fn add(&mut self, unit: Unit, value: f64) {
        match unit {
            Unit::Fixed(_) => {}
            Unit::Hidden(number) => self.hidden[number] += value,
            Unit::Neuron { layer, neuron } => self.units.neurons[layer][neuron] += value,
            Unit::Head { layer, head, part, dim } => {
                self.units.heads[layer][head] += value;
                let side = usize::from(matches!(part, Part::Value | Part::Context));
                self.dims[side][layer][head][dim] += value;
            }
        }
    }
}

/// Sums `weights`, a number for every weight of `model` by its parameter's name; what has none counts nothing.
pub fn sums(model: &Model, weights: &BTreeMap<String, Vec<f32>>) -> Sums {
    let mut sums = Sums::none(model.config());
    for axes in model.axes() {
        let Some(values) = weights.get(&axes.name) else { continue };
        let width = axes.shape.get(1).copied().unwrap_or(1);
        for (dim, units) in axes.units.iter().enumerate() {
            for (place, &unit) in units.iter().enumerate() {
                let total: f64 = match dim {
                    0 => values[place * width..(place + 1) * width].iter().map(|value| f64::from(*value)).sum(),
                    _ => values.iter().skip(place).step_by(width).map(|value| f64::from(*value)).sum(),
                };
                sums.add(unit, total);
            }
        }
    }
    sums
}

/// Scores by the size of the weights: Σ |w|.
///
/// # Errors
/// [`crate::Error::Device`] when the weights cannot be read back.
pub async fn magnitude(model: &Model) -> Result<Sums> {
    let tensors = checkpoint::tensors(model).await?;
    let sizes = |data: Vec<f32>| data.into_iter().map(f32::abs).collect();
    Ok(sums(model, &tensors.into_iter().map(|(name, tensor)| (name, sizes(tensor.data))).collect()))
}

/// Scores that know nothing: a seeded order of the units of each kind.
pub fn random(config: &Config, seed: u64) -> Sums {
    let mut sums = Sums::none(config);
    let [scores, values] = &mut sums.dims;
    let heads = sums.units.heads.iter_mut().chain(&mut sums.units.neurons);
    let dims = scores.iter_mut().chain(values).flatten();
    let hidden = [&mut sums.hidden];
    // One order of all units, so that layers can be compared.
    let all: Vec<&mut Vec<f64>> = heads.chain(dims).chain(hidden).collect();
    let count = all.iter().map(|units| units.len()).sum();
    let mut order = shuffled(count, seed).into_iter();
    for units in all {
        units.iter_mut().for_each(|score| *score = order.next().map_or(0.0, |rank| rank as f64 + 1.0));
    }
    sums
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pollster::block_on;

    use super::*;
    use crate::model::tests::model;

    #[test]
    fn every_weight_counts_once_for_each_unit_that_it_reads_or_writes() {
        let model = model(&Device::flex());
        let ones = block_on(checkpoint::tensors(&model)).unwrap();
        let ones = ones.into_iter().map(|(name, tensor)| (name, vec![1.0; tensor.data.len()])).collect();
        let sums = sums(&model, &ones);
        // Width 16, 4 heads of 4, 24 neurons, 2 layers; a neuron has 16 weights and a bias in, 16 out.
        assert_eq!(sums.units.neurons, vec![vec![33.0; 24]; 2]);
        // A head: three parts of 4 · (16 + 1) in, 4 · 16 out; one of its numbers 2 · 17, and 17 + 16.
        assert_eq!(sums.units.heads, vec![vec![3.0 * 68.0 + 64.0; 4]; 2]);
        assert_eq!(sums.dims[0], vec![vec![vec![34.0; 4]; 4]; 2]);
        assert_eq!(sums.dims[1], vec![vec![vec![33.0; 4]; 4]; 2]);
        // A number of the stream: 40 words, 16 places, 2 kinds and a norm; of each layer three times 16 in, 16 out
        // with a bias, 24 in, 24 out with a bias, two norms; the pooler reads and writes it, 3 classes read it.
        let layer = 3.0 * 16.0 + 17.0 + 24.0 + 25.0 + 4.0;
        assert_eq!(sums.hidden, vec![58.0 + 2.0 + 2.0 * layer + 33.0 + 3.0; 16]);
    }

    #[test]
    fn a_draw_is_a_draw() {
        let config = crate::model::tests::config();
        let one = random(&config, 1);
        assert_eq!(one, random(&config, 1));
        assert_ne!(one, random(&config, 2));
        let mut all: Vec<f64> = one.units.heads.concat();
        all.extend(one.units.neurons.concat());
        let count = all.len();
        all.sort_by(f64::total_cmp);
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
