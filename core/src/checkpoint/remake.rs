//! A model made of the units of another: fewer of them, or with empty ones between.

use std::collections::BTreeMap;

use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, TensorData},
};

use super::{Place, collect};
use crate::{
    Result,
    model::{Axes, Config, Model, Part, Path, Unit},
};

/// How the weights of one model come from those of another.
pub struct Remake {
    config: Config,
    from: BTreeMap<String, Axes>,
    to: BTreeMap<String, Axes>,
    /// For each parameter and dimension where each row comes from; none: it is empty.
    rows: BTreeMap<String, Vec<Vec<Option<usize>>>>,
    /// What queries are multiplied by, so that their products with keys are as they were though they are
    /// divided by the root of another width.
    query: f64,
}

impl Remake {
    /// From `model` to one of `config`, whose every unit is the one of `model` that `of` names, or empty.
    ///
    /// # Errors
    /// [`crate::Error::Input`] when Retort cannot run a model of `config`.
    pub fn new(model: &Model, config: &Config, of: impl Fn(Unit) -> Option<Unit>) -> Result<Self> {
        let named = |model: &Model| model.axes().into_iter().map(|axes| (axes.name.clone(), axes)).collect();
        let empty = Model::empty("the model", config, &Device::flex())?;
        let (from, to): (BTreeMap<String, Axes>, BTreeMap<String, Axes>) = (named(model), named(&empty));
        let rows = to.iter().filter_map(|(name, axes)| {
            let there = from.get(name)?;
            let one = |(new, old): (&Vec<Unit>, &Vec<Unit>)| {
                let places: BTreeMap<Unit, usize> = old.iter().enumerate().map(|(at, unit)| (*unit, at)).collect();
                new.iter().map(|unit| of(*unit).and_then(|unit| places.get(&unit).copied())).collect()
            };
            Some((name.clone(), axes.units.iter().zip(&there.units).map(one).collect()))
        });
        let rows = rows.collect();
        let widths = [model.config(), config].map(|config| config.score_divisor());
        Ok(Self { config: config.clone(), rows, query: widths[1] / widths[0], from, to })
    }

    /// The new model, its parameters on `device`.
    ///
    /// # Errors
    /// As [`Remake::new`].
    pub fn model(&self, model: &Model, device: &Device) -> Result<Model> {
        let old = collect(model);
        let value = |name: &str, _: &Device| old.get(name).map(|(_, tensor)| self.tensor(name, tensor.clone(), 1));
        let empty = Model::empty("the model", &self.config, device)?;
        Ok(empty.map(&mut Place { path: Path::default(), value }))
    }

    /// What belongs to a parameter, `[numel]`, in the order of the new one. Queries are multiplied by their
    /// factor to some power: 1 for weights, −1 for slopes, −2 for squares of slopes. What belongs to none stays.
    pub fn tensor(&self, name: &str, tensor: Tensor<1>, power: i32) -> Tensor<1> {
        let (Some(from), Some(to), Some(rows)) = (self.from.get(name), self.to.get(name), self.rows.get(name)) else {
            return tensor;
        };
        let device = tensor.device();
        if to.shape.contains(&0) || from.shape.contains(&0) {
            return Tensor::zeros([to.shape.iter().product::<usize>()], &device);
        }
        let [height, width] = [from.shape[0], from.shape.get(1).copied().unwrap_or(1)];
        let mut matrix: Tensor<2> = tensor.reshape([height, width]);
        for (dim, sources) in rows.iter().enumerate() {
            matrix = taken(matrix, dim, sources);
            let is_query = |unit: &Unit| matches!(unit, Unit::Head { part: Part::Query, .. });
            if self.query != 1.0 && to.units[dim].iter().any(is_query) {
                let factor = self.query.powi(power) as f32;
                let factors: Vec<f32> =
                    to.units[dim].iter().map(|unit| if is_query(unit) { factor } else { 1.0 }).collect();
                let shape = if dim == 0 { [factors.len(), 1] } else { [1, factors.len()] };
                matrix = matrix * Tensor::from_data(TensorData::new(factors, shape), &device);
            }
        }
        matrix.flatten(0, 1)
    }
}

/// The rows (or columns, of dimension 1) of `matrix` in this order, and zeros where there is none.
fn taken(matrix: Tensor<2>, dim: usize, sources: &[Option<usize>]) -> Tensor<2> {
    let count = matrix.dims()[dim];
    if sources.iter().enumerate().all(|(at, source)| *source == Some(at)) && sources.len() == count {
        return matrix;
    }
    let device = matrix.device();
    let places: Vec<i32> = sources.iter().map(|source| source.unwrap_or(count) as i32).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [sources.len()]), &device);
    let matrix = match sources.iter().all(Option::is_some) {
        true => matrix,
        false => {
            let mut empty = matrix.dims();
            empty[dim] = 1;
            Tensor::cat(vec![matrix, Tensor::zeros(empty, &device)], dim)
        }
    };
    matrix.select(dim, places)
}
