//! Twins of `activation.wgsl` and `activation_grad.wgsl`: what a network bends its numbers with.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::{Case, Kernel, grid, noise, words};

/// The functions.
pub const FORWARD: Kernel = Kernel { name: "activation", source, cases };
/// Their slopes.
pub const GRADIENT: Kernel = Kernel { name: "activation_grad", source: source_grad, cases: cases_grad };

/// A function of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Bend {
    /// x Φ(x) (Hendrycks and Gimpel 2016).
    Gelu,
    /// Its approximation by tanh.
    GeluNew,
    /// x σ(x).
    Silu,
    /// max(x, 0).
    Relu,
}

impl Bend {
    const ALL: [Self; 4] = [Self::Gelu, Self::GeluNew, Self::Silu, Self::Relu];

    /// Value and slope.
    pub fn of(self, x: f64) -> [f64; 2] {
        let squashed = |share: f64, steep: f64| [x * share, share + x * share * (1.0 - share) * steep];
        match self {
            Self::Gelu => {
                let below = 0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2));
                [x * below, below + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()]
            }
            Self::GeluNew => {
                let twice = 2.0 * (2.0 / PI).sqrt();
                let share = 1.0 / (1.0 + (-twice * (x + 0.044715 * x * x * x)).exp());
                squashed(share, twice * (1.0 + 3.0 * 0.044715 * x * x))
            }
            Self::Silu => squashed(1.0 / (1.0 + (-x).exp()), 1.0),
            Self::Relu => [x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }],
        }
    }
}

/// The WGSL of the functions.
pub fn source() -> String {
    crate::import::resolve(include_str!("activation.wgsl"))
}

/// The WGSL of their slopes.
pub fn source_grad() -> String {
    crate::import::resolve(include_str!("activation_grad.wgsl"))
}

/// Workgroups.
pub fn groups(count: usize) -> [u32; 3] {
    grid(count.div_ceil(64))
}

/// The info buffer.
pub fn info(count: usize, bend: Bend) -> [u32; 2] {
    [count as u32, bend as u32]
}

/// Numbers between −6 and 6, with 0 and far ones among them.
fn numbers(count: usize) -> Vec<f32> {
    let mut x: Vec<f32> = noise(11, count).into_iter().map(|x| 6.0 * x).collect();
    x[..4].copy_from_slice(&[0.0, 30.0, -30.0, -0.9]);
    x
}

fn each(of: impl Fn(Bend, usize) -> Case) -> Vec<Case> {
    Bend::ALL.into_iter().flat_map(|bend| [4, 65, 1_000].map(|count| of(bend, count))).collect()
}

fn cases() -> Vec<Case> {
    each(|bend, count| {
        let x = numbers(count);
        Case {
            name: format!("{bend:?} of {count} numbers"),
            buffers: vec![words(&x), vec![0; count], info(count, bend).to_vec()],
            output: 1,
            groups: groups(count),
            wanted: x.iter().map(|&x| bend.of(x.into())[0]).collect(),
            allowance: [6e-7, 2e-6],
        }
    })
}

fn cases_grad() -> Vec<Case> {
    each(|bend, count| {
        let (x, up) = (numbers(count), noise(12, count));
        Case {
            name: format!("{bend:?} of {count} numbers"),
            buffers: vec![words(&x), words(&up), vec![0; count], info(count, bend).to_vec()],
            output: 2,
            groups: groups(count),
            wanted: x.iter().zip(&up).map(|(&x, &up)| bend.of(x.into())[1] * f64::from(up)).collect(),
            allowance: [1e-6, 3e-6],
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_tables_and_slopes_by_differences() {
        // x Φ(x) at 1 and 2; 0.5 (1 + tanh(√(2/π) · 1.044715)); σ(1).
        for (bend, x, wanted) in [
            (Bend::Gelu, 1.0, 0.841_344_746),
            (Bend::Gelu, 2.0, 1.954_499_736),
            (Bend::GeluNew, 1.0, 0.841_191_990),
            (Bend::Silu, 1.0, 0.731_058_579),
            (Bend::Relu, -1.0, 0.0),
        ] {
            assert!((bend.of(x)[0] - wanted).abs() < 1e-8, "{bend:?} {x}: {}", bend.of(x)[0]);
        }
        for bend in Bend::ALL {
            for x in [-2.5, -0.3, 0.4, 1.7] {
                let slope = (bend.of(x + 1e-5)[0] - bend.of(x - 1e-5)[0]) / 2e-5;
                assert!((bend.of(x)[1] - slope).abs() < 1e-8, "{bend:?} {x}");
            }
        }
    }
}
