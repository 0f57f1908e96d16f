//! What the scores of units cost, and which part of that the reductions to their gates are: the products of
//! what reaches a gate with what leaves it, summed over a unit's numbers, tokens and texts.

use burn::tensor::{Device, Distribution, Tensor};

use super::{
    Meter,
    cut::{MODEL, TEXTS, VOCABULARY, model},
    step::batch,
};
use crate::{
    Result,
    loss::cross_entropy,
    model::{Task, Wants},
    score::{Accumulate, sensitivity},
};

/// Measures the scoring of one batch, and the reductions alone.
pub async fn run(meter: &mut Meter<'_>) -> Result<()> {
    let ([layers, width, ..], [rows, length]) = (MODEL, TEXTS);
    let whole = model(meter.device)?;
    let batch = batch(Task::Classification, VOCABULARY, TEXTS).to_device(meter.device);
    for (name, accumulate) in
        [("batch", Accumulate::Batch), ("example", Accumulate::Example), ("token", Accumulate::Token)]
    {
        let mut scores = || {
            let units = sensitivity(&whole, &batch, accumulate, &Wants::default(), |trace| {
                Ok(cross_entropy(trace.logits(), batch.labels.clone(), batch.labelled))
            })?;
            let all = units.heads.into_iter().chain(units.neurons).map(Tensor::sum);
            Ok(all.reduce(|sum, next| sum + next).expect("a model has layers"))
        };
        let all = meter.seconds(&mut scores).await?;
        let alone = meter.seconds(&mut reductions(accumulate, meter.device)).await?;
        let name = format!("scores of a batch, {layers} × {width}, {rows} × {length}, slopes of each {name}");
        let note = format!("the reductions to the gates alone: {:.1} % of it", 100.0 * alone / all);
        meter.note(name, all * 1e3, "ms", note);
    }
    Ok(())
}

/// As the gates of all layers need them.
fn reductions(accumulate: Accumulate, device: &Device) -> impl FnMut() -> Result<Tensor<1>> {
    let ([layers, width, heads, wide], [rows, length]) = (MODEL, TEXTS);
    let drawn = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Default, device);
    let sides = |shape: [usize; 4]| [drawn(shape), drawn(shape)];
    let (of_heads, of_neurons) = (sides([rows, heads, length, width / heads]), sides([rows, 1, length, wide]));
    // Over texts and tokens where the gates do not tell them apart.
    let narrowed = move |product: Tensor<4>| match accumulate {
        Accumulate::Batch => product.sum_dim(2).sum_dim(0),
        Accumulate::Example => product.sum_dim(2),
        Accumulate::Token => product,
    };
    move || {
        let mut sum = None;
        for _ in 0..layers {
            let [left, right] = of_heads.clone();
            let heads = narrowed((left * right).sum_dim(3)).sum();
            let [left, right] = of_neurons.clone();
            let both = heads + narrowed(left * right).sum();
            sum = Some(sum.map_or(both.clone(), |sum: Tensor<1>| sum + both));
        }
        Ok(sum.expect("a model has layers"))
    }
}
