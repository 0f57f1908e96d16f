//! Checks this implementation, on one device, against numbers that PyTorch computed in float64.
//!
//! A case is a safetensors file: its metadata say what to compute, `in.*` are the inputs and
//! `out.*` what is right. It passes when for every `out.*`
//!
//! ```text
//! max|got − want| ≤ 1e-6 + tol · max|want|      tol = 1e-4, for gradients and scores 5e-4
//! ```
//!
//! NaN never passes, nor does anything that is not known here.

use std::{collections::BTreeMap, pin::Pin};

use burn::tensor::Device;
use serde::Serialize;

use crate::{Result, checkpoint::Files, platform::Store};

mod case;
mod features;
mod logits;
mod metrics;
mod model;
mod scores;

pub use case::{Array, Case};

/// How a case went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The case.
    pub case: String,
    /// What it computes; empty when the file could not be read.
    pub op: String,
    /// The worst error, divided by what is allowed; infinite when there is nothing to compare.
    pub worst: f64,
    /// Where the worst error is, or why there is none.
    pub detail: String,
    /// Whether everything was within what is allowed.
    pub passed: bool,
    /// Whether it failed because this implementation does not know what it asks for.
    pub unknown: bool,
}

/// What was computed for one `out.*`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Numbers, row by row.
    pub values: Vec<f32>,
    /// False where a number means nothing, such as at padding.
    pub counts: Vec<bool>,
}

impl Answer {
    /// Numbers that all count.
    pub fn whole(values: Vec<f32>) -> Self {
        let counts = vec![true; values.len()];
        Self { values, counts }
    }
}

/// What was computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Answers {
    /// By name, without `out.`.
    Known(BTreeMap<String, Answer>),
    /// The case asks for this, which is not known.
    Unknown(String),
}

/// Bytes of a file that belongs to a case, by its path relative to the case's folder.
pub type Fetch<'a> = dyn Fn(String) -> Later<'a, Vec<u8>> + 'a;

/// Something that takes a while.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

type Op = for<'a, 'f> fn(&'a Case, &'a Fetch<'f>, &'a Device) -> Later<'a, Answers>;

/// What is known: one line per operation.
const OPS: &[(&str, Op)] = &[
    ("logit_loss", |case, _, device| Box::pin(logits::loss(case, device))),
    ("linear_logit_loss", |case, _, device| Box::pin(logits::linear(case, device))),
    ("multi_teacher", |case, _, device| Box::pin(logits::teachers(case, device))),
    ("confidence", |case, _, device| Box::pin(logits::sureness(case, device))),
    ("feature_loss", |case, _, device| Box::pin(features::run(case, device))),
    ("metric_classification", |case, _, _| Box::pin(async { metrics::classification(case) })),
    ("metric_regression", |case, _, _| Box::pin(async { metrics::regression(case) })),
    ("model", |case, files, device| Box::pin(model::run(case, files, device))),
    ("sensitivity", |case, files, device| Box::pin(scores::units(case, files, device))),
    ("knowledgeable", |case, _, _| Box::pin(async { scores::knowledgeable(case) })),
    ("platon", |case, _, device| Box::pin(scores::platon(case, device))),
    ("cubic_schedule", |case, _, _| Box::pin(async { scores::schedule(case) })),
];

/// A checkpoint that a case names.
async fn checkpoint_files(at: &str, fetch: &Fetch<'_>) -> Result<Files> {
    let mut files = Files::new();
    for name in ["config.json", "model.safetensors"] {
        files.insert(name.to_owned(), fetch(format!("{at}/{name}")).await?);
    }
    Ok(files)
}

/// Computes the case in `bytes` on `device` (without autodiff) and compares. `files` gives the
/// checkpoints that it names.
pub async fn run_case(name: &str, bytes: &[u8], files: &Fetch<'_>, device: &Device) -> Outcome {
    let failed = |op: &str, detail: String, unknown| Outcome {
        case: name.to_owned(),
        op: op.to_owned(),
        worst: f64::INFINITY,
        detail,
        passed: false,
        unknown,
    };
    let case = match Case::read(name, bytes) {
        Ok(case) => case,
        Err(error) => return failed("", error.to_string(), false),
    };
    let Some((_, op)) = OPS.iter().find(|(known, _)| *known == case.op) else {
        return failed(&case.op, format!("the operation `{}` is not known", case.op), true);
    };
    match op(&case, files, device).await {
        Ok(Answers::Known(answers)) => {
            let (worst, detail) = compare(&case, &answers);
            Outcome { worst, detail, passed: worst <= 1.0, ..failed(&case.op, String::new(), false) }
        }
        Ok(Answers::Unknown(what)) => failed(&case.op, format!("{what} is not known"), true),
        Err(error) => failed(&case.op, error.to_string(), false),
    }
}

/// Runs every case of a folder, in the order of their names.
///
/// # Errors
/// When the folder cannot be read. A case that cannot be is an outcome.
pub async fn run_folder(store: &Store, device: &Device, on: &mut dyn FnMut(Outcome)) -> Result<()> {
    let files = |path: String| -> Later<'_, Vec<u8>> {
        Box::pin(async move { store.read(&path).await?.ok_or_else(|| crate::Error::storage(&path, "no such file")) })
    };
    let mut names = store.list("").await?;
    names.sort();
    for name in names.iter().filter_map(|name| name.strip_suffix(".safetensors")) {
        let bytes = files(format!("{name}.safetensors")).await?;
        on(run_case(name, &bytes, &files, device).await);
    }
    Ok(())
}

/// The worst error as a share of what is allowed, and where it is.
fn compare(case: &Case, answers: &BTreeMap<String, Answer>) -> (f64, String) {
    let mut worst = (0.0, "nothing to compare".to_owned());
    let mut compared = false;
    for (name, want) in case.wanted() {
        let found = match answers.get(name) {
            Some(answer) if answer.values.len() == want.values.len() => share(name, answer, &want.values),
            Some(answer) => (f64::INFINITY, format!("{} numbers, not {}", answer.values.len(), want.values.len())),
            None => (f64::INFINITY, "not computed".to_owned()),
        };
        if !compared || found.0 > worst.0 {
            worst = (found.0, format!("{name}: {}", found.1));
        }
        compared = true;
    }
    if compared { worst } else { (f64::INFINITY, worst.1) }
}

fn share(name: &str, answer: &Answer, want: &[f64]) -> (f64, String) {
    let loose = ["grad", "score"].iter().any(|start| name.starts_with(start));
    let counted = || answer.values.iter().zip(want).enumerate().filter(|(index, _)| answer.counts[*index]);
    let largest = counted().map(|(_, (_, want))| want.abs()).fold(0.0, f64::max);
    let allowed = 1e-6 + if loose { 5e-4 } else { 1e-4 } * largest;
    let mut worst = (0.0, format!("exact, of {largest:.3e}"));
    for (index, (got, want)) in counted() {
        let error = (*got as f64 - want).abs() / allowed;
        if error.is_nan() {
            return (f64::INFINITY, format!("{got} at {index}, wanted {}", *want as f32));
        }
        if error > worst.0 {
            worst = (error, format!("{got} at {index}, wanted {}", *want as f32));
        }
    }
    worst
}

#[cfg(test)]
mod tests;
