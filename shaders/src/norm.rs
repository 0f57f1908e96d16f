//! Twins of `norm.wgsl`, `norm_grad.wgsl` and `norm_columns.wgsl`: layer norm (Ba, Kiros and Hinton 2016).

use crate::{Case, Kernel, columns, lanes, noise, words};

/// The norm, alone and together.
pub const FORWARD: [Kernel; 2] = [
    Kernel { name: "norm_alone", source: || lanes::write(include_str!("norm.wgsl"), true), cases: || cases(true) },
    Kernel { name: "norm", source: || lanes::write(include_str!("norm.wgsl"), false), cases: || cases(false) },
];

/// Its slope in x.
pub const GRADIENT: [Kernel; 2] = [
    Kernel {
        name: "norm_grad_alone",
        source: || lanes::write(include_str!("norm_grad.wgsl"), true),
        cases: || cases_grad(true),
    },
    Kernel {
        name: "norm_grad",
        source: || lanes::write(include_str!("norm_grad.wgsl"), false),
        cases: || cases_grad(false),
    },
];

/// Its slopes in weight and bias.
pub const COLUMNS: Kernel =
    Kernel { name: "norm_columns", source: || include_str!("norm_columns.wgsl").into(), cases: cases_columns };

/// The info buffer of the norm and of its slope in x.
pub fn info(rows: usize, width: usize, eps: f64) -> [u32; 3] {
    [rows as u32, width as u32, (eps as f32).to_bits()]
}

/// What it makes of rows, and their mean and 1 / √(variance + ε).
pub fn norm(x: &[f32], [weight, bias]: [&[f32]; 2], eps: f64) -> (Vec<f64>, Vec<[f64; 2]>) {
    let width = weight.len();
    let (mut output, mut norms) = (vec![], vec![]);
    for row in x.chunks(width) {
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
        let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
        let scale = 1.0 / (variance + f64::from(eps as f32)).sqrt();
        let of = |at: usize| (f64::from(row[at]) - mean) * scale * f64::from(weight[at]) + f64::from(bias[at]);
        output.extend((0..width).map(of));
        norms.push([mean, scale]);
    }
    (output, norms)
}

/// The slopes in x, weight and bias, given that of the output.
pub fn slopes(x: &[f32], weight: &[f32], norms: &[[f32; 2]], upstream: &[f32]) -> [Vec<f64>; 3] {
    let width = weight.len();
    let [mut of_x, mut of_weight, mut of_bias] = [vec![], vec![0.0; width], vec![0.0; width]];
    for ((row, up), [mean, scale]) in x.chunks(width).zip(upstream.chunks(width)).zip(norms) {
        let [mean, scale] = [mean, scale].map(|&x| f64::from(x));
        let n = |at: usize| (f64::from(row[at]) - mean) * scale;
        let g = |at: usize| f64::from(up[at]) * f64::from(weight[at]);
        let mean_g = (0..width).map(g).sum::<f64>() / width as f64;
        let mean_gn = (0..width).map(|at| g(at) * n(at)).sum::<f64>() / width as f64;
        of_x.extend((0..width).map(|at| scale * (g(at) - mean_g - n(at) * mean_gn)));
        for at in 0..width {
            of_weight[at] += f64::from(up[at]) * n(at);
            of_bias[at] += f64::from(up[at]);
        }
    }
    [of_x, of_weight, of_bias]
}

const SHAPES: [[usize; 2]; 4] = [[1, 1], [3, 5], [70, 32], [2, 200]];
const EPS: f64 = 1e-5;

/// x, weight, bias, upstream, and what normalises x.
fn numbers([rows, width]: [usize; 2]) -> ([Vec<f32>; 4], Vec<f32>) {
    let all = [noise(1, rows * width), noise(2, width), noise(3, width), noise(4, rows * width)];
    let norms = norm(&all[0], [&all[1], &all[2]], EPS).1.into_iter().flatten().map(|x| x as f32).collect();
    (all, norms)
}

fn cases(imitated: bool) -> Vec<Case> {
    let case = |[rows, width]: [usize; 2]| {
        let ([x, weight, bias, _], norms) = numbers([rows, width]);
        let wanted = norm(&x, [&weight, &bias], EPS).0;
        let [output, norms] = [vec![0; rows * width], vec![0; norms.len()]];
        let info = info(rows, width, EPS).to_vec();
        Case {
            name: format!("{rows} × {width}"),
            buffers: vec![words(&x), words(&weight), words(&bias), output, norms, info],
            output: 3,
            groups: lanes::groups(rows, imitated),
            wanted,
            allowance: [4e-6, 4e-6],
        }
    };
    SHAPES.into_iter().map(case).collect()
}

fn cases_grad(imitated: bool) -> Vec<Case> {
    let case = |[rows, width]: [usize; 2]| {
        let ([x, weight, _, up], norms) = numbers([rows, width]);
        let [wanted, ..] = slopes(&x, &weight, norms.as_chunks().0, &up);
        let info = info(rows, width, EPS).to_vec();
        Case {
            name: format!("{rows} × {width}"),
            buffers: vec![words(&x), words(&weight), words(&norms), words(&up), vec![0; rows * width], info],
            output: 4,
            groups: lanes::groups(rows, imitated),
            wanted,
            // One number alone has a scale of 316 and no slope.
            allowance: [1e-5, 1e-5],
        }
    };
    SHAPES.into_iter().map(case).collect()
}

fn cases_columns() -> Vec<Case> {
    let case = |([rows, width], output): ([usize; 2], usize)| {
        let ([x, weight, _, up], norms) = numbers([rows, width]);
        let [_, of_weight, of_bias] = slopes(&x, &weight, norms.as_chunks().0, &up);
        let empty = || vec![0; width];
        let info = columns::info(rows, width, 1).to_vec();
        Case {
            name: format!("{rows} × {width}"),
            buffers: vec![words(&x), words(&norms), words(&up), empty(), empty(), info],
            output,
            groups: columns::groups(width, 1),
            wanted: if output == 3 { of_weight } else { of_bias },
            allowance: [1e-5, 1e-5],
        }
    };
    SHAPES.into_iter().flat_map(|shape| [case((shape, 3)), case((shape, 4))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_and_by_differences() {
        // Mean 2, variance 1: (−1, 1) · (10, 20) + (1, 2).
        let (output, norms) = norm(&[1.0, 3.0], [&[10.0, 20.0], &[1.0, 2.0]], 0.0);
        assert_eq!((output, norms), (vec![-9.0, 22.0], vec![[2.0, 1.0]]));

        let ([x, weight, bias, up], _) = numbers([2, 5]);
        let loss = |x: &[f32], weight: &[f32], bias: &[f32]| -> f64 {
            norm(x, [weight, bias], EPS).0.iter().zip(&up).map(|(y, &up)| y * f64::from(up)).sum()
        };
        let norms: Vec<[f32; 2]> =
            norm(&x, [&weight, &bias], EPS).1.into_iter().map(|pair| pair.map(|x| x as f32)).collect();
        let slopes = slopes(&x, &weight, &norms, &up);
        let moved = |numbers: &[f32], at: usize, by: f32| {
            let mut numbers = numbers.to_vec();
            numbers[at] += by;
            numbers
        };
        let h = 1.0 / 1024.0;
        for at in 0..5 {
            let slope = |of: &dyn Fn(f32) -> f64| (of(h) - of(-h)) / f64::from(2.0 * h);
            let by_hand = [
                slope(&|by| loss(&moved(&x, at, by), &weight, &bias)),
                slope(&|by| loss(&x, &moved(&weight, at, by), &bias)),
                slope(&|by| loss(&x, &weight, &moved(&bias, at, by))),
            ];
            for (slope, wanted) in slopes.iter().map(|slopes| slopes[at]).zip(by_hand) {
                assert!((slope - wanted).abs() < 2e-5, "{at}: {slope} {wanted}");
            }
        }
    }
}
