//! Twins of `squares.wgsl`, `length.wgsl` and `adamw.wgsl`: the length of a gradient, and a step along it
//! (Loshchilov and Hutter 2019, algorithm 2; clipping as Pascanu, Mikolov and Bengio 2013).

use crate::{Case, Kernel, grid, lanes, noise, words};

/// Squares added to sums.
pub const SQUARES: Kernel =
    Kernel { name: "squares", source: || include_str!("squares.wgsl").into(), cases: cases_squares };

/// √ of the sum of the sums, alone and together.
pub const LENGTH: [Kernel; 2] = [
    Kernel { name: "length_alone", source: || lanes::write(include_str!("length.wgsl"), true), cases: cases_length },
    Kernel { name: "length", source: || lanes::write(include_str!("length.wgsl"), false), cases: cases_length },
];

/// The step.
pub const STEP: Kernel = Kernel { name: "adamw", source: || include_str!("adamw.wgsl").into(), cases: cases_step };

/// Sums that squares are added to: as many as a device has invocations for.
pub fn slots(imitated: bool) -> usize {
    if imitated { 64 } else { 4_096 }
}

/// Workgroups for so many numbers.
pub fn groups(count: usize) -> [u32; 3] {
    grid(count.div_ceil(64))
}

/// What a step is taken by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// lr.
    pub lr: f64,
    /// Steps taken, this one included.
    pub steps: usize,
    /// ε.
    pub eps: f64,
    /// Of the weights, at each step, times lr.
    pub decay: f64,
    /// The longest that the whole gradient may be; 0: as long as it is.
    pub clip: f64,
}

impl Step {
    /// As [`Step::numbers`], before they are rounded.
    fn exact(self) -> [f64; 9] {
        let [beta1, beta2] = self.betas;
        let power = |beta: f64| 1.0 - beta.powi(self.steps as i32);
        let (rate, keep) = (self.lr / power(beta1), 1.0 - self.lr * self.decay);
        [beta1, 1.0 - beta1, beta2, 1.0 - beta2, rate, 1.0 / power(beta2), self.eps, keep, self.clip]
    }

    /// β₁, 1 − β₁, β₂, 1 − β₂, lr / (1 − β₁ᵗ), 1 / (1 − β₂ᵗ), ε, 1 − lr · decay, clip. Each is rounded once:
    /// 1 − 0.999 of rounded numbers is off by 1e-5.
    pub fn numbers(self) -> [f32; 9] {
        self.exact().map(|number| number as f32)
    }

    /// The info buffer.
    pub fn info(self, count: usize) -> [u32; 10] {
        let mut info = [count as u32; 10];
        info[1..].copy_from_slice(&self.numbers().map(f32::to_bits));
        info
    }

    /// New weight and moments of one number.
    pub fn take(self, [weight, gradient, first, second]: [f64; 4], length: f64) -> [f64; 3] {
        let [beta1, rest1, beta2, rest2, rate, correction, eps, keep, clip] = self.exact();
        let scale = if clip > 0.0 { (clip / (length + 1e-6)).min(1.0) } else { 1.0 };
        let g = gradient * scale;
        let first = beta1 * first + rest1 * g;
        let second = beta2 * second + rest2 * g * g;
        [weight * keep - rate * first / ((second * correction).sqrt() + eps), first, second]
    }
}

fn cases_squares() -> Vec<Case> {
    let case = |(count, slots): (usize, usize)| {
        let (x, sums) = (noise(1, count), noise(2, slots));
        let mut wanted: Vec<f64> = sums.iter().map(|&sum| sum.into()).collect();
        x.iter().enumerate().for_each(|(at, &x)| wanted[at % slots] += f64::from(x).powi(2));
        Case {
            name: format!("{count} numbers into {slots} sums"),
            buffers: vec![words(&x), words(&sums), vec![count as u32, slots as u32]],
            output: 1,
            groups: groups(slots),
            wanted,
            allowance: [1e-6, 2e-6],
        }
    };
    [(1, 64), (1_000, 64), (5, 4_096)].into_iter().map(case).collect()
}

fn cases_length() -> Vec<Case> {
    let case = |count: usize| {
        let sums: Vec<f32> = noise(3, count).into_iter().map(f32::abs).collect();
        Case {
            name: format!("{count} sums"),
            buffers: vec![words(&sums), vec![0], vec![count as u32]],
            output: 1,
            groups: [1, 1, 1],
            wanted: vec![sums.iter().map(|&sum| f64::from(sum)).sum::<f64>().sqrt()],
            allowance: [0.0, 2e-6],
        }
    };
    [1, 64, 4_096].into_iter().map(case).collect()
}

fn cases_step() -> Vec<Case> {
    let mut cases = vec![];
    for (count, clip, length) in [(1, 0.0, 3.0), (100, 1.0, 0.5), (65, 1.0, 4.0)] {
        let step = Step { betas: [0.9, 0.999], lr: 0.01, steps: 3, eps: 1e-8, decay: 0.1, clip };
        let [weights, gradient, first] = [1, 2, 3].map(|seed| noise(seed, count));
        let second: Vec<f32> = noise(4, count).into_iter().map(|x| x * x + 0.01).collect();
        let after = |at: usize| {
            let numbers = [weights[at], gradient[at], first[at], second[at]].map(f64::from);
            step.take(numbers, length)
        };
        for (output, which) in [(5, 0), (2, 1), (3, 2)] {
            cases.push(Case {
                name: format!("{count} numbers, clip {clip}, result {which}"),
                buffers: vec![
                    words(&weights),
                    words(&gradient),
                    words(&first),
                    words(&second),
                    words(&[length as f32]),
                    vec![0; count],
                    step.info(count).to_vec(),
                ],
                output,
                groups: groups(count),
                wanted: (0..count).map(|at| after(at)[which]).collect(),
                allowance: [1e-7, 2e-6],
            });
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_by_hand() {
        // Both moments are corrected to g and g²: the change is lr · sign of g, beside the decay.
        let step = Step { betas: [0.9, 0.999], lr: 0.1, steps: 1, eps: 0.0, decay: 0.5, clip: 0.0 };
        let [weight, first, second] = step.take([2.0, -3.0, 0.0, 0.0], 3.0);
        assert!((weight - (2.0 * 0.95 + 0.1)).abs() < 1e-6, "{weight}");
        assert!((first + 0.3).abs() < 1e-6 && (second - 0.009).abs() < 1e-6, "{first} {second}");
        // A gradient of length 6 where 3 is the most is halved.
        let clipped = Step { clip: 3.0, ..step }.take([2.0, -3.0, 0.0, 0.0], 6.0);
        assert!((clipped[1] + 0.15).abs() < 1e-6, "{}", clipped[1]);
    }
}
