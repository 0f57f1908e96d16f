//! A smaller model's files, and whether it computes what it should.

use burn::tensor::{Device, Tensor};

use super::{Cut, Target, padded};
use crate::{
    Result,
    checkpoint::{Files, save_model},
    data::Encodings,
    model::{Gates, Model, Wants},
    readback::read,
};

/// Where the small files lie below those that `transformers` loads, when these are not small.
pub const COMPACT: &str = "compact/";

/// The model for `transformers`: as it is, if its family has words for its shape; else with zeros in the gaps,
/// and below [`COMPACT`] as small as it is. One that cannot be filled up is only written small, on top.
///
/// # Errors
/// [`crate::Error::Device`] when the weights cannot be read back.
pub async fn files(model: &Model, device: &Device) -> Result<Files> {
    let small = save_model(model).await?;
    let [(_, stock), (_, dense), _] = Target::of(model.config());
    if stock.is_none() || dense.is_some() {
        return Ok(small);
    }
    let mut files = save_model(&padded(model, device)?).await?;
    files.extend(small.into_iter().map(|(name, bytes)| (format!("{COMPACT}{name}"), bytes)));
    Ok(files)
}

/// The largest difference between the logits of `small` and those of `model` with everything silenced that
/// `cut` takes out, over all texts. Only of heads and neurons.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails.
pub async fn difference(
    [model, small]: [&Model; 2],
    cut: &Cut,
    texts: &Encodings,
    batch: usize,
    device: &Device,
) -> Result<f64> {
    let gates = cut.gates(model.config(), device);
    let rows: Vec<usize> = (0..texts.len()).collect();
    let mut most: f64 = 0.0;
    for rows in rows.chunks(batch.max(1)) {
        let batch = texts.host(rows).to_device(device);
        let logits = |model: &Model, gates: Option<&Gates>| -> Tensor<2> {
            model.forward(&batch, &Wants::default(), gates, None).logits()
        };
        let far = (logits(model, Some(&gates)) - logits(small, None)).abs().max();
        most = most.max(f64::from(read(far).await?[0]));
    }
    Ok(most)
}
