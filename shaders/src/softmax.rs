//! Twins of `softmax.wgsl` and `softmax_grad.wgsl`: softmax(x / divisor + mask) of rows.

use crate::{Case, Kernel, lanes, noise, words};

/// The function, alone and together.
pub const FORWARD: [Kernel; 2] = [
    Kernel {
        name: "softmax_alone",
        source: || lanes::write(include_str!("softmax.wgsl"), true),
        cases: || cases(true),
    },
    Kernel { name: "softmax", source: || lanes::write(include_str!("softmax.wgsl"), false), cases: || cases(false) },
];

/// Its slope in x.
pub const GRADIENT: [Kernel; 2] = [
    Kernel {
        name: "softmax_grad_alone",
        source: || lanes::write(include_str!("softmax_grad.wgsl"), true),
        cases: || cases_grad(true),
    },
    Kernel {
        name: "softmax_grad",
        source: || lanes::write(include_str!("softmax_grad.wgsl"), false),
        cases: || cases_grad(false),
    },
];

/// Which row of a mask belongs to which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Rows that each have a mask of their own, or one for all of them.
    pub inner: usize,
    /// Rows of a text.
    pub outer: usize,
    /// Whether a text has masks of its own.
    pub by_text: bool,
    /// Whether a row has one.
    pub by_row: bool,
}

impl Rows {
    /// Numbers from one text's mask to the next, and from one row's.
    pub(crate) fn strides(self, width: usize) -> [usize; 2] {
        let row = if self.by_row { width } else { 0 };
        let text = match (self.by_text, self.by_row) {
            (false, _) => 0,
            (true, false) => width,
            (true, true) => width * self.inner,
        };
        [text, row]
    }

    /// Where the mask of a row begins.
    pub fn start(self, row: usize, width: usize) -> usize {
        let [outer, inner] = self.strides(width);
        row / self.outer * outer + row % self.inner * inner
    }
}

/// The info buffer.
pub fn info(count: usize, width: usize, divisor: f64, rows: Rows) -> [u32; 7] {
    let [outer, inner] = rows.strides(width);
    let inverse = ((1.0 / divisor) as f32).to_bits();
    [count as u32, width as u32, inverse, rows.inner as u32, rows.outer as u32, outer as u32, inner as u32]
}

/// The info buffer of the slope.
pub fn info_grad(count: usize, width: usize, divisor: f64) -> [u32; 3] {
    [count as u32, width as u32, ((1.0 / divisor) as f32).to_bits()]
}

/// softmax(x / divisor + mask), `[…, width]`
pub fn softmax(x: &[f32], mask: &[f32], width: usize, divisor: f64, rows: Rows) -> Vec<f64> {
    let mut output = vec![];
    for (row, x) in x.chunks(width).enumerate() {
        let mask = &mask[rows.start(row, width)..][..width];
        let scores: Vec<f64> = x.iter().zip(mask).map(|(&x, &mask)| f64::from(x) / divisor + f64::from(mask)).collect();
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        output.extend(scores.iter().map(|score| (score - most).exp() / sum));
    }
    output
}

/// Its slope in x, given that of the output.
pub fn slope(probs: &[f32], upstream: &[f32], width: usize, divisor: f64) -> Vec<f64> {
    let mut output = vec![];
    for (p, up) in probs.chunks(width).zip(upstream.chunks(width)) {
        let mean: f64 = p.iter().zip(up).map(|(&p, &up)| f64::from(p) * f64::from(up)).sum();
        output.extend(p.iter().zip(up).map(|(&p, &up)| (f64::from(up) - mean) * f64::from(p) / divisor));
    }
    output
}

/// Texts, heads, queries, keys.
const SHAPES: [[usize; 4]; 3] = [[1, 1, 1, 1], [2, 3, 5, 7], [2, 2, 9, 130]];

/// 2 or so on either side, with some that are not to be seen.
fn numbers([texts, heads, queries, keys]: [usize; 4], rows: Rows) -> [Vec<f32>; 2] {
    let masks = if rows.by_text { texts } else { 1 } * if rows.by_row { queries } else { 1 };
    let x = noise(6, texts * heads * queries * keys).into_iter().map(|x| 5.0 * x).collect();
    let mask =
        noise(7, masks * keys).into_iter().enumerate().map(|(at, x)| if at % keys > 0 && x > 0.5 { -1e9 } else { 0.0 });
    [x, mask.collect()]
}

fn cases(imitated: bool) -> Vec<Case> {
    let mut cases = vec![];
    for shape in SHAPES {
        for (by_text, by_row) in [(true, false), (true, true), (false, true)] {
            let [texts, heads, queries, keys] = shape;
            let rows = Rows { inner: queries, outer: heads * queries, by_text, by_row };
            let [x, mask] = numbers(shape, rows);
            let count = texts * heads * queries;
            cases.push(Case {
                name: format!("{shape:?}, by text {by_text}, by row {by_row}"),
                buffers: vec![words(&x), words(&mask), vec![0; x.len()], info(count, keys, 2.0, rows).to_vec()],
                output: 2,
                groups: lanes::groups(count, imitated),
                wanted: softmax(&x, &mask, keys, 2.0, rows),
                allowance: [1e-7, 4e-6],
            });
        }
    }
    cases
}

fn cases_grad(imitated: bool) -> Vec<Case> {
    let case = |shape: [usize; 4]| {
        let [texts, heads, queries, keys] = shape;
        let rows = Rows { inner: queries, outer: heads * queries, by_text: true, by_row: false };
        let [x, mask] = numbers(shape, rows);
        let probs: Vec<f32> = softmax(&x, &mask, keys, 2.0, rows).into_iter().map(|p| p as f32).collect();
        let up = noise(8, x.len());
        let count = texts * heads * queries;
        Case {
            name: format!("{shape:?}"),
            buffers: vec![words(&probs), words(&up), vec![0; x.len()], info_grad(count, keys, 2.0).to_vec()],
            output: 2,
            groups: lanes::groups(count, imitated),
            wanted: slope(&probs, &up, keys, 2.0),
            allowance: [4e-7, 4e-6],
        }
    };
    SHAPES.into_iter().map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Rows = Rows { inner: 1, outer: 1, by_text: false, by_row: false };

    #[test]
    fn by_hand_and_by_differences() {
        // e⁰ : e^ln 3 = 1 : 3; the hidden one is not there.
        let probs = softmax(&[0.0, 2.0 * 3f32.ln(), 9.0], &[0.0, 0.0, -1e9], 3, 2.0, ROWS);
        assert!((probs[0] - 0.25).abs() < 1e-7 && (probs[1] - 0.75).abs() < 1e-7 && probs[2] == 0.0, "{probs:?}");
        let (x, up) = ([0.5, -0.25, 1.0], [1.0, 2.0, -1.0]);
        let loss = |x: &[f32]| -> f64 {
            softmax(x, &[0.0; 3], 3, 2.0, ROWS).iter().zip(&up).map(|(p, &up)| p * f64::from(up)).sum()
        };
        let probs: Vec<f32> = softmax(&x, &[0.0; 3], 3, 2.0, ROWS).into_iter().map(|p| p as f32).collect();
        let slopes = slope(&probs, &up, 3, 2.0);
        for at in 0..3 {
            let moved = |by: f32| {
                let mut x = x;
                x[at] += by;
                loss(&x)
            };
            let wanted = (moved(1.0 / 1024.0) - moved(-1.0 / 1024.0)) * 512.0;
            assert!((slopes[at] - wanted).abs() < 1e-6, "{at}: {} {wanted}", slopes[at]);
        }
    }

    #[test]
    fn masks_of_texts_and_of_rows() {
        let rows = Rows { inner: 2, outer: 4, by_text: true, by_row: true };
        assert_eq!(rows.strides(3), [6, 3]);
        assert_eq!(Rows { by_row: false, ..rows }.strides(3), [3, 0]);
        assert_eq!(Rows { by_text: false, ..rows }.strides(3), [0, 3]);
    }
}
