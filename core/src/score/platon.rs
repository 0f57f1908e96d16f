//! Importance of single weights while they are trained, certain or not.
//!
//! Zhang et al. 2022, "PLATON: Pruning Large Transformer Models with Upper Confidence Bound of Weight
//! Importance", section 3; constants from its code.
//!
//! ```text
//! I = |w · ∂L/∂w|, mean over a window of steps
//! Ī ← β₁ Ī + (1 − β₁) I            Ū ← β₂ Ū + (1 − β₂) |I − Ī|            S = Ī · Ū
//! ```
//!
//! Ū takes the new Ī; both begin at 0 and are not corrected for it, which changes no order.

use burn::tensor::Tensor;

/// The score of one tensor of weights, on the device.
#[derive(Debug, Clone)]
pub struct Platon {
    /// β₁: how slowly Ī moves.
    pub beta1: f64,
    /// β₂: how slowly Ū moves.
    pub beta2: f64,
    /// Ī, as many numbers as there are weights; none before the first window is over.
    pub sensitivity: Option<Tensor<1>>,
    /// Ū.
    pub uncertainty: Option<Tensor<1>>,
}

impl Default for Platon {
    fn default() -> Self {
        Self::new(0.85, 0.95)
    }
}

impl Platon {
    /// Nothing seen yet.
    pub fn new(beta1: f64, beta2: f64) -> Self {
        Self { beta1, beta2, sensitivity: None, uncertainty: None }
    }

    /// Takes the mean of I over a window.
    pub fn see(&mut self, now: Tensor<1>) {
        let mean = moment(self.sensitivity.take(), self.beta1, now.clone());
        let doubt = (now - mean.clone()).abs();
        self.uncertainty = Some(moment(self.uncertainty.take(), self.beta2, doubt));
        self.sensitivity = Some(mean);
    }

    /// S; none before the first window is over.
    pub fn score(&self) -> Option<Tensor<1>> {
        Some(self.sensitivity.clone()? * self.uncertainty.clone()?)
    }
}

/// I of one step.
pub fn importance(weights: Tensor<1>, slopes: Tensor<1>) -> Tensor<1> {
    (weights * slopes).abs()
}

/// β · before + (1 − β) · now; before is zero at the first step.
fn moment(before: Option<Tensor<1>>, beta: f64, now: Tensor<1>) -> Tensor<1> {
    let now = now.mul_scalar(1.0 - beta);
    match before {
        Some(before) => before.mul_scalar(beta) + now,
        None => now,
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pollster::block_on;

    use super::*;
    use crate::readback::read;

    #[test]
    fn two_steps_by_hand() {
        let device = Device::flex();
        let one = |value: f32| Tensor::<1>::from_floats([value], &device);
        let mut platon = Platon::new(0.5, 0.75);
        assert!(platon.score().is_none());
        // w = 2, slope −3: I = 6, Ī = 3, |I − Ī| = 3, Ū = 0.75.
        platon.see(importance(one(2.0), one(-3.0)));
        // I = 1, Ī = 2, |I − Ī| = 1, Ū = 0.5625 + 0.25 = 0.8125.
        platon.see(importance(one(0.5), one(2.0)));
        let value = |tensor: &Option<Tensor<1>>| block_on(read(tensor.clone().unwrap())).unwrap();
        assert_eq!(
            [value(&platon.sensitivity), value(&platon.uncertainty), value(&platon.score())],
            [[2.0], [0.8125], [1.625]]
        );
    }
}
