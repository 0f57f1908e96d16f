//! The cases `sensitivity`, `knowledgeable`, `platon` and `cubic_schedule`: what units and weights matter.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Answer, Answers, Array, Case, Fetch, checkpoint_files};
use crate::{
    Error, Result,
    checkpoint::load_model,
    data::HostBatch,
    loss::cross_entropy,
    model::{Model, Wants},
    readback::read_many,
    score::{Accumulate, Cubic, Platon, Units, blend, keep, losses::friendly, platon::importance, sensitivity},
};

/// `head_` and `neuron_`, `expressive` and `friendly`, `[layers, units]`.
pub async fn units(case: &Case, fetch: &Fetch<'_>, device: &Device) -> Result<Answers> {
    let accumulate = match case.word("accumulate")? {
        "batch" => Accumulate::Batch,
        "example" => Accumulate::Example,
        "token" => Accumulate::Token,
        other => return Ok(Answers::Unknown(format!("where the absolute value is taken: `{other}`"))),
    };
    let (teacher, student) =
        (load(case.word("teacher")?, fetch, device).await?, load(case.word("student")?, fetch, device).await?);
    let temperature = case.number("temperature", 1.0);
    let mut sums: [Option<Units<Vec<Tensor<1>>>>; 2] = [None, None];
    for host in batches(case)? {
        let batch = host.to_device(device);
        let taught = student.forward(&batch, &Wants::default(), None, None).logits();
        let own = sensitivity(&teacher, &batch, accumulate, &Wants::default(), |trace| {
            Ok(cross_entropy(trace.logits(), batch.labels.clone(), batch.labelled))
        })?;
        let apart = sensitivity(&teacher, &batch, accumulate, &Wants::default(), |trace| {
            Ok(friendly(trace.logits(), taught, batch.labels.clone(), temperature, batch.counted))
        })?;
        for (sum, now) in sums.iter_mut().zip([own, apart]) {
            *sum = Some(match sum.take() {
                Some(sum) => sum.plus(now),
                None => now,
            });
        }
    }
    let mut all = BTreeMap::new();
    for (what, sum) in ["expressive", "friendly"].into_iter().zip(sums) {
        let Units { heads, neurons } = sum.ok_or_else(|| Error::input(&case.name, "a batch", "none"))?;
        for (unit, layers) in [("head", heads), ("neuron", neurons)] {
            all.insert(format!("{unit}_{what}"), Answer::whole(read_many(layers).await?.concat()));
        }
    }
    Ok(Answers::Known(all))
}

async fn load(at: &str, fetch: &Fetch<'_>, device: &Device) -> Result<Model> {
    load_model(at, &checkpoint_files(at, fetch).await?, device)
}

/// The batches without the rows that are not there.
fn batches(case: &Case) -> Result<Vec<HostBatch>> {
    let (ids, mask, labels) = (case.input("input_ids")?, case.input("attention_mask")?, case.input("labels")?);
    let [_, rows, length] = ids.shape[..] else {
        return Err(Error::input(&case.name, "in.input_ids by batch, row and column", format!("{:?}", ids.shape)));
    };
    if mask.shape != ids.shape || labels.values.len() * length != ids.values.len() || rows == 0 {
        return Err(Error::input(&case.name, "a mask and labels for every row of in.input_ids", "other sizes"));
    }
    let (ids, mask, labels) = (ids.integers(), mask.floats(), labels.integers());
    let one = |batch: usize| {
        let there: Vec<usize> = (batch * rows..(batch + 1) * rows).filter(|&row| labels[row] != -100).collect();
        let pick = |row: &usize| row * length..(row + 1) * length;
        HostBatch {
            ids: there.iter().flat_map(|row| ids[pick(row)].to_vec()).collect(),
            types: vec![0; there.len() * length],
            mask: there.iter().flat_map(|row| mask[pick(row)].to_vec()).collect(),
            labels: there.iter().map(|&row| labels[row]).collect(),
            rows: there.len(),
            length,
        }
    };
    Ok((0..labels.len() / rows).map(one).filter(|batch| batch.rows > 0).collect())
}

/// `score`, `[layers, units]`, and `masks`, one for each sparsity: 1 for a unit that stays.
pub fn knowledgeable(case: &Case) -> Result<Answers> {
    let [expressive, friendly] = [rows(case, "expressive")?, rows(case, "friendly")?];
    if expressive.iter().map(Vec::len).ne(friendly.iter().map(Vec::len)) {
        return Err(Error::input(&case.name, "in.expressive and in.friendly of one size", "different sizes"));
    }
    let score = blend(&expressive, &friendly, case.number("lambda", 0.5));
    let masks = case.numbers("sparsities_percent").into_iter().flat_map(|percent| keep(&score, percent).concat());
    let masks = masks.map(|kept| if kept { 1.0 } else { 0.0 }).collect();
    let score = score.concat().into_iter().map(|score| score as f32).collect();
    Ok(known([("score", score), ("masks", masks)]))
}

/// `sensitivity`, `uncertainty` and `score` after the last step.
pub async fn platon(case: &Case, device: &Device) -> Result<Answers> {
    let [weights, gradients] = [case.input("weights")?, case.input("gradients")?];
    let steps = weights.shape.first().copied().unwrap_or(0);
    if weights.shape != gradients.shape || weights.values.is_empty() {
        return Err(Error::input(&case.name, "in.weights and in.gradients of one size", "different sizes or none"));
    }
    let size = weights.values.len() / steps;
    let take = |array: &Array, step: usize| {
        let values = array.floats()[step * size..(step + 1) * size].to_vec();
        Tensor::<1>::from_data(TensorData::new(values, [size]), device)
    };
    let mut platon = Platon::new(case.number("beta1", 0.85), case.number("beta2", 0.95));
    for step in 0..steps {
        platon.see(importance(take(weights, step), take(gradients, step)));
    }
    let all = [platon.sensitivity.clone(), platon.uncertainty.clone(), platon.score()];
    let values = read_many(all.into_iter().flatten().collect()).await?;
    Ok(known(["sensitivity", "uncertainty", "score"].into_iter().zip(values)))
}

/// `keep_ratio` at each of the steps.
pub fn schedule(case: &Case) -> Result<Answers> {
    let count = |key: &str| case.number(key, 0.0) as usize;
    let cubic = Cubic {
        initial: case.number("initial", 1.0),
        last: case.number("final", 1.0),
        warmup: count("warmup"),
        cooldown: count("cooldown"),
        steps: count("steps"),
    };
    cubic.check(&case.name)?;
    let shares = case.input("steps")?.values.iter().map(|&step| cubic.at(step as usize) as f32).collect();
    Ok(known([("keep_ratio", shares)]))
}

fn known<'a>(all: impl IntoIterator<Item = (&'a str, Vec<f32>)>) -> Answers {
    Answers::Known(all.into_iter().map(|(name, values)| (name.to_owned(), Answer::whole(values))).collect())
}

fn rows(case: &Case, key: &str) -> Result<Vec<Vec<f64>>> {
    let array = case.input(key)?;
    match array.shape[..] {
        [_, units] if units > 0 => Ok(array.values.chunks(units).map(<[f64]>::to_vec).collect()),
        _ => Err(Error::input(&case.name, format!("in.{key} by layer and unit"), format!("{:?}", array.shape))),
    }
}
