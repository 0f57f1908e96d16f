//! Learning rate over the steps of a phase: linear warm-up, then decay or none.

use crate::run::{Decay, Optimizer};

/// The rate of step `step` (counted from 0) out of `steps`.
///
/// The first step already has a rate above zero, and the last one too.
pub fn rate(settings: &Optimizer, step: usize, steps: usize) -> f64 {
    let warmup = (settings.warmup * steps as f64).round();
    let now = step as f64;
    if now < warmup {
        return settings.lr * (now + 1.0) / warmup;
    }
    let left = (steps as f64 - now) / (steps as f64 - warmup).max(1.0);
    match settings.decay {
        Decay::Constant => settings.lr,
        Decay::Linear => settings.lr * left,
        Decay::Cosine => settings.lr * (1.0 - libm::cos(left * std::f64::consts::PI)) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_climbs_to_its_peak_and_falls_towards_zero() {
        let settings = Optimizer { lr: 1.0, warmup: 0.2, ..Optimizer::default() };
        let rates: Vec<f64> = (0..10).map(|step| rate(&settings, step, 10)).collect();
        // Two steps of warm-up: 1/2, 2/2; then eight of decay: 8/8, 7/8, … 1/8.
        assert_eq!(rates, [0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
    }

    #[test]
    fn a_cosine_falls_slowly_at_both_ends() {
        let settings = Optimizer { lr: 2.0, warmup: 0.0, decay: Decay::Cosine, ..Optimizer::default() };
        // 1 + cos of 0, π/4, π/2, 3π/4
        let wanted = [2.0, 1.0 + 0.5f64.sqrt(), 1.0, 1.0 - 0.5f64.sqrt()];
        for (step, wanted) in wanted.into_iter().enumerate() {
            assert!((rate(&settings, step, 4) - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn a_constant_rate_stays() {
        let settings = Optimizer { lr: 0.3, warmup: 0.0, decay: Decay::Constant, ..Optimizer::default() };
        assert_eq!(rate(&settings, 0, 5), 0.3);
        assert_eq!(rate(&settings, 4, 5), 0.3);
    }
}
