//! The matrices between a student's and its teacher's width: learned beside the student, thrown away
//! with the teacher.

use std::collections::BTreeMap;

use burn::{
    module::{Module, Param},
    tensor::{Device, Int, Tensor, TensorData},
};

use super::adamw::Flat;
use crate::{
    Error, Result,
    checkpoint::{self, HostTensor, Tensors},
    model::{Config, init, layers::Linear},
    objective::Projection,
};

/// A student's matrices, in the order of their names.
#[derive(Module, Debug, Default)]
pub struct Projections {
    matrices: Vec<Linear>,
    #[module(skip)]
    names: Vec<String>,
}

impl Projections {
    /// With those of `wanted` that are not there yet drawn as the student's other weights are.
    /// `device` is the student's.
    ///
    /// # Errors
    /// [`Error::Input`] when two of one name differ in shape.
    pub fn with(&self, wanted: &[Projection], config: &Config, seed: u64, device: &Device) -> Result<Self> {
        let mut all: BTreeMap<String, Linear> = self.names.iter().cloned().zip(self.matrices.iter().cloned()).collect();
        for projection in wanted {
            let shape = [projection.to, projection.from];
            match all.get(&projection.name) {
                Some(matrix) if matrix.weight.lazy_shape().to_vec() == shape => {}
                Some(_) => {
                    let found = format!("another of {} to {}", projection.from, projection.to);
                    return Err(Error::input(&projection.name, "one projection of that name", found));
                }
                None => {
                    let name = format!("projection.{}.weight", projection.name);
                    let data = match projection.identity {
                        true => identity(projection.to, projection.from),
                        false => init::draw(config, seed, &name, &shape),
                    };
                    let weight = HostTensor { shape: shape.to_vec(), data };
                    let bias = HostTensor { shape: vec![projection.to], data: vec![0.0; projection.to] };
                    all.insert(projection.name.clone(), matrix(weight, bias, device));
                }
            }
        }
        let (names, matrices) = all.into_iter().unzip();
        Ok(Self { matrices, names })
    }

    /// `x` W ᵀ + b, `[batch, length, from]` → `[batch, length, to]`.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no matrix of that name.
    pub fn apply(&self, name: &str, x: Tensor<3>) -> Result<Tensor<3>> {
        let at = self.names.iter().position(|known| known == name);
        let at = at.ok_or_else(|| Error::input(name, "a projection of that name", "none"))?;
        Ok(self.matrices[at].forward(x))
    }

    /// The matrices when of the student's width only these numbers are left.
    #[must_use]
    pub fn narrowed(&self, kept: &[usize], device: &Device) -> Self {
        let places = places(kept, device);
        let narrow = |matrix: &Linear| {
            let weight = matrix.weight.val().inner().select(1, places.clone());
            Linear { weight: leaf(weight), bias: matrix.bias.clone() }
        };
        Self { matrices: self.matrices.iter().map(narrow).collect(), names: self.names.clone() }
    }

    /// What belongs to the matrices among `flat`, narrowed likewise; everything else as it is.
    pub fn narrowed_moments(&self, flat: &Flat, kept: &[usize]) -> Flat {
        let shapes = checkpoint::collect(self);
        let narrow = |(name, tensor): (&String, &Tensor<1>)| {
            let tensor = match shapes.get(name).map(|(shape, _)| shape.as_slice()) {
                Some(&[to, from]) => {
                    let matrix = tensor.clone().reshape([to, from]);
                    matrix.select(1, places(kept, &tensor.device())).flatten(0, 1)
                }
                _ => tensor.clone(),
            };
            (name.clone(), tensor)
        };
        flat.iter().map(narrow).collect()
    }

    /// The matrices by name: `hidden.weight`, `hidden.bias`.
    ///
    /// # Errors
    /// [`Error::Device`] when they cannot be read back.
    pub async fn tensors(&self) -> Result<Tensors> {
        let by_place = checkpoint::tensors(self).await?;
        let named = by_place.into_iter().filter_map(|(path, tensor)| {
            let mut parts = path.split('.').skip(1);
            let place: usize = parts.next()?.parse().ok()?;
            Some((format!("{}.{}", self.names.get(place)?, parts.next()?), tensor))
        });
        Ok(named.collect())
    }

    /// What [`Projections::tensors`] gave.
    pub fn from_tensors(mut tensors: Tensors, device: &Device) -> Self {
        let names: Vec<String> =
            tensors.keys().filter_map(|key| Some(key.strip_suffix(".weight")?.to_owned())).collect();
        let mut all = Self::default();
        for name in names {
            let (weight, bias) = (tensors.remove(&format!("{name}.weight")), tensors.remove(&format!("{name}.bias")));
            if let (Some(weight), Some(bias)) = (weight, bias) {
                all.names.push(name);
                all.matrices.push(matrix(weight, bias, device));
            }
        }
        all
    }
}

/// 1 on the diagonal.
fn identity(to: usize, from: usize) -> Vec<f32> {
    (0..to * from).map(|place| if place / from == place % from { 1.0 } else { 0.0 }).collect()
}

fn places(kept: &[usize], device: &Device) -> Tensor<1, Int> {
    let kept: Vec<i32> = kept.iter().map(|&place| place as i32).collect();
    let count = kept.len();
    Tensor::from_data(TensorData::new(kept, [count]), &device.clone().without_autodiff())
}

/// A parameter of the graph.
fn leaf(values: Tensor<2>) -> Param<Tensor<2>> {
    Param::from_tensor(values.autodiff())
}

/// A matrix with its values, to be learned.
fn matrix(weight: HostTensor, bias: HostTensor, device: &Device) -> Linear {
    let place = |tensor: HostTensor| TensorData::new(tensor.data, tensor.shape);
    Linear {
        weight: Param::from_tensor(Tensor::from_data(place(weight), device)),
        bias: Some(Param::from_tensor(Tensor::from_data(place(bias), device))),
    }
}
