//! The units of a model, looked at over a data set.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{
    Accumulate, Units, blend,
    knowledgeable::normalised,
    losses::friendly,
    sensitivity,
    sensitivity::{slopes, summed},
};
use crate::{
    Result,
    data::{Batch, Encodings},
    loss::cross_entropy,
    model::{Gates, Model, Wants},
    readback::{read, read_many},
};

/// A model, perhaps the student that it has taught, and the texts that both are looked at on.
pub struct Survey<'a> {
    /// Off the graph.
    pub model: &'a Model,
    /// Off the graph.
    pub student: Option<&'a Model>,
    /// In the order in which they are cut into batches.
    pub texts: &'a Encodings,
    /// Texts of a batch.
    pub batch: usize,
    /// Where the absolute value is taken.
    pub accumulate: Accumulate,
    /// T of the divergence from the student.
    pub temperature: f64,
    /// Where the models are.
    pub device: &'a Device,
}

/// What the units of every layer matter, `[layers][units]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Felt {
    /// To the model's own loss; nothing where it was not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expressive: Vec<Vec<f64>>,
    /// To its divergence from its student; nothing without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub friendly: Vec<Vec<f64>>,
}

impl Felt {
    /// Both, by their norms in each layer, λ of the first; without a student the first alone.
    pub fn score(&self, lambda: f64) -> Vec<Vec<f64>> {
        match self.friendly.is_empty() {
            true => normalised(&self.expressive),
            false => blend(&self.expressive, &self.friendly, lambda),
        }
    }
}

/// Which units are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Attention heads.
    Heads,
    /// Feed-forward neurons.
    Neurons,
}

/// By how much the loss rises without a unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    /// Counted from 0.
    pub layer: usize,
    /// The head or neuron, counted from 0.
    pub unit: usize,
    /// To first order: −∂L/∂ξ.
    pub predicted: f64,
    /// With the unit's gate at 0.
    pub measured: f64,
}

impl Survey<'_> {
    /// What every unit matters; `on` hears how many of how many batches are done.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device fails.
    pub async fn run(&self, on: &mut dyn FnMut(usize, usize)) -> Result<Units<Felt>> {
        let batches = self.batches();
        let (mut own, mut apart) = (None, None);
        for (done, batch) in batches.iter().enumerate() {
            let felt = sensitivity(self.model, batch, self.accumulate, &Wants::default(), |trace| {
                Ok(cross_entropy(trace.logits(), batch.labels.clone(), batch.labelled))
            })?;
            own = Some(plus(own, felt));
            if let Some(student) = self.student {
                let taught = student.forward(batch, &Wants::default(), None, None).logits();
                let (labels, counted) = (batch.labels.clone(), batch.counted);
                let felt = sensitivity(self.model, batch, self.accumulate, &Wants::default(), |trace| {
                    Ok(friendly(trace.logits(), taught, labels, self.temperature, counted))
                })?;
                apart = Some(plus(apart, felt));
            }
            on(done + 1, batches.len());
        }
        let [own, apart] = [values(own).await?, values(apart).await?];
        Ok(Units {
            heads: Felt { expressive: own.heads, friendly: apart.heads },
            neurons: Felt { expressive: own.neurons, friendly: apart.neurons },
        })
    }

    /// By how much the model's own loss is to rise without each of its units, to first order, `[layers][units]`.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device fails.
    pub async fn predicted(&self) -> Result<Units<Vec<Vec<f64>>>> {
        let batches = self.batches();
        let labelled = batches.iter().map(|batch| batch.labelled).sum::<usize>().max(1) as f64;
        let mut sum: Option<Units<Vec<Tensor<1>>>> = None;
        for batch in &batches {
            let Units { heads, neurons } = slopes(self.model, batch, Accumulate::Batch, &Wants::default(), |trace| {
                Ok(cross_entropy(trace.logits(), batch.labels.clone(), batch.labelled))
            })?;
            let share = batch.labelled as f64 / labelled;
            let weigh = |slopes: Vec<Tensor<3>>| slopes.into_iter().map(|slope| summed(slope) * share).collect();
            sum = Some(plus(sum, Units { heads: weigh(heads), neurons: weigh(neurons) }));
        }
        let Units { mut heads, mut neurons } = values(sum).await?;
        heads.iter_mut().chain(&mut neurons).flatten().for_each(|slope| *slope = -*slope);
        Ok(Units { heads, neurons })
    }

    /// By how much the model's own loss rises with these factors on its units.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device fails.
    pub async fn rise(&self, gates: &Gates) -> Result<f64> {
        let batches = self.batches();
        Ok(self.loss(&batches, Some(gates)).await? - self.loss(&batches, None).await?)
    }

    /// The model's own loss without each of its units of a kind, predicted and measured; `on` hears how many of
    /// how many are done.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when the device fails.
    pub async fn removals(&self, of: Kind, on: &mut dyn FnMut(usize, usize)) -> Result<Vec<Removal>> {
        let predicted = self.predicted().await?;
        let predicted = if of == Kind::Heads { predicted.heads } else { predicted.neurons };
        let batches = self.batches();
        let whole = self.loss(&batches, None).await?;
        let count = predicted.iter().map(Vec::len).sum();
        let mut removals = vec![];
        for (layer, slopes) in predicted.into_iter().enumerate() {
            let width = slopes.len();
            for (unit, predicted) in slopes.into_iter().enumerate() {
                let mut gates = Gates::ones(self.model.config(), [1, 1], self.device);
                let kept: Vec<f32> = (0..width).map(|other| if other == unit { 0.0 } else { 1.0 }).collect();
                let without = Tensor::from_data(TensorData::new(kept, [1, 1, width]), self.device);
                match of {
                    Kind::Heads => gates.heads[layer] = without,
                    Kind::Neurons => gates.neurons[layer] = without,
                }
                let measured = self.loss(&batches, Some(&gates)).await? - whole;
                removals.push(Removal { layer, unit, predicted, measured });
                on(removals.len(), count);
            }
        }
        Ok(removals)
    }

    pub(super) fn batches(&self) -> Vec<Batch> {
        let rows: Vec<usize> = (0..self.texts.len()).collect();
        rows.chunks(self.batch.max(1)).map(|rows| self.texts.host(rows).to_device(self.device)).collect()
    }

    /// The model's own loss over all of them.
    async fn loss(&self, batches: &[Batch], gates: Option<&Gates>) -> Result<f64> {
        let (mut sum, mut labelled) = (0.0, 0);
        for batch in batches {
            let logits = self.model.forward(batch, &Wants::default(), gates, None).logits();
            sum += f64::from(read(cross_entropy(logits, batch.labels.clone(), 1)).await?[0]);
            labelled += batch.labelled;
        }
        Ok(sum / labelled.max(1) as f64)
    }
}

fn plus(sum: Option<Units<Vec<Tensor<1>>>>, now: Units<Vec<Tensor<1>>>) -> Units<Vec<Tensor<1>>> {
    match sum {
        Some(sum) => sum.plus(now),
        None => now,
    }
}

async fn values(units: Option<Units<Vec<Tensor<1>>>>) -> Result<Units<Vec<Vec<f64>>>> {
    let Some(Units { heads, neurons }) = units else { return Ok(Units { heads: vec![], neurons: vec![] }) };
    let wide = |layers: Vec<Vec<f32>>| -> Vec<Vec<f64>> {
        layers.into_iter().map(|layer| layer.into_iter().map(f64::from).collect()).collect()
    };
    Ok(Units { heads: wide(read_many(heads).await?), neurons: wide(read_many(neurons).await?) })
}
