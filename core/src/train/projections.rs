//! The matrices between a student's and its teacher's width: learned beside the student, thrown away
//! with the teacher.

use std::collections::BTreeMap;

use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor, TensorData},
};

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
                    let data = init::draw(config, seed, &name, &shape);
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

/// A matrix with its values, to be learned.
fn matrix(weight: HostTensor, bias: HostTensor, device: &Device) -> Linear {
    let place = |tensor: HostTensor| TensorData::new(tensor.data, tensor.shape);
    Linear {
        weight: Param::from_tensor(Tensor::from_data(place(weight), device)),
        bias: Some(Param::from_tensor(Tensor::from_data(place(bias), device))),
    }
}
