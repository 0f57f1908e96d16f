//! What the three kernels are tried on: tiles, each with the state that those before it left.

use super::{STATE, state};
use crate::{
    Case, grid,
    logit_rows::{
        GROUP, Rows, STATS, Span,
        cases::{buffers, tiles},
        lanes,
    },
    words,
};

fn rounded(numbers: &[f64]) -> Vec<u32> {
    words(&numbers.iter().map(|&x| x as f32).collect::<Vec<f32>>())
}

/// A sum's error is a part of the size of its terms, of which some are negative: of all rows the
/// largest Σ exp(a) |a − b| + exp(b) |b − a|, over as many classes as there are.
fn size(rows: &Rows) -> f64 {
    let of_row = |row: usize| {
        let [s, t] = rows.logits(row);
        let scaled = |logits: Vec<f64>| -> Vec<f64> {
            let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            logits.iter().map(|x| (x - max) / rows.temperature).collect()
        };
        let (b, a) = (scaled(s), scaled(t));
        let sizes = a.iter().zip(&b).map(|(a, b)| (a.exp() + b.exp()) * (a - b).abs());
        sizes.filter(|size| size.is_finite()).sum::<f64>()
    };
    (0..rows.labels.len()).map(of_row).fold(1.0, f64::max)
}

/// One dispatch of a tile kernel on `state` before, and the state it should leave.
fn sweep(name: String, rows: &Rows, classes: Span, before: Option<&[f64]>, wanted: Vec<f64>) -> Case {
    let count = rows.labels.len();
    let lanes = lanes(classes.count);
    let mut buffers = buffers(rows, classes);
    // What a state holds before the first tile must not matter.
    buffers.push(before.map_or(vec![f32::NAN.to_bits(); STATE * count], rounded));
    buffers.push(rows.info(classes, lanes).to_vec());
    let allowance = [2e-6 * size(rows), 2e-5];
    Case { name, buffers, output: 3, groups: grid(count.div_ceil(GROUP / lanes)), wanted, allowance }
}

pub fn sums() -> Vec<Case> {
    let case = |(name, rows, classes): (String, Rows, Span)| {
        let before = (classes.first > 0).then(|| state(&rows, classes.first, 0));
        let wanted = state(&rows, classes.first + classes.count, 0);
        sweep(name, &rows, classes, before.as_deref(), wanted)
    };
    tiles().into_iter().map(case).collect()
}

pub fn mixtures() -> Vec<Case> {
    let case = |(name, rows, classes): (String, Rows, Span)| {
        let [before, wanted] =
            [classes.first, classes.first + classes.count].map(|end| state(&rows, rows.classes, end));
        sweep(name, &rows, classes, Some(&before), wanted)
    };
    tiles().into_iter().filter(|(_, rows, _)| rows.divergence.mixes()).map(case).collect()
}

pub fn statistics() -> Vec<Case> {
    let case = |(name, rows, classes): (String, Rows, Span)| {
        let count = rows.labels.len();
        let labels = rows.labels.iter().map(|&label| label as u32).collect();
        let state = rounded(&state(&rows, rows.classes, rows.classes));
        let buffers = vec![labels, state, vec![0; STATS * count], rows.info(classes, 1).to_vec()];
        let groups = grid(count.div_ceil(GROUP));
        Case { name, buffers, output: 2, groups, wanted: rows.stats(), allowance: [5e-6, 2e-5] }
    };
    tiles().into_iter().filter(|(_, _, classes)| classes.first == 0).map(case).collect()
}
