//! How much the scores themselves say is to go.
//!
//! Yang, Zhang, Song 2022, "Sparse Teachers Can Be Dense with Knowledge" (STARK-AUTO): a smooth density is laid
//! over the scores, and as many units go as lie below its first peak. The density is Gaussian kernels with
//! Scott's width:
//!
//! ```text
//! f(x) = 1/n Σ φ((x − s_i) / h) / h          h = σ n^(−1/5)
//! per cent = 100 · 1/n Σ Φ((peak − s_i) / h)
//! ```

use std::f64::consts::SQRT_2;

/// Places at which the density is looked at.
const PLACES: usize = 512;

/// Per cent of units below the first peak of their scores' density; 0 where all scores are the same.
pub fn below_first_peak(scores: &[Vec<f64>]) -> f64 {
    let all = scores.concat();
    let count = all.len() as f64;
    let mean = all.iter().sum::<f64>() / count.max(1.0);
    let variance = all.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let width = variance.sqrt() * count.powf(-0.2);
    if all.is_empty() || width <= 0.0 {
        return 0.0;
    }
    let density = |x: f64| all.iter().map(|score| (-((x - score) / width).powi(2) / 2.0).exp()).sum::<f64>();
    let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(low, high), &score| (low.min(score), high.max(score)));
    let place = |step: usize| low + (high - low) * step as f64 / (PLACES - 1) as f64;
    let heights: Vec<f64> = (0..PLACES).map(|step| density(place(step))).collect();
    let falls = |step: &usize| *step + 1 == PLACES || heights[*step] > heights[*step + 1];
    let peak = place((0..PLACES).find(falls).unwrap_or(0));
    let below = |score: &f64| 0.5 * (1.0 + libm::erf((peak - score) / (width * SQRT_2)));
    100.0 * all.iter().map(below).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_hills_decides() {
        // Ten around 1 and ten around 5: the first peak is at 1, with half of the first ten below it.
        let hill = |at: f64| (0..10).map(move |step| at + (f64::from(step) - 4.5) / 10.0);
        let scores: Vec<f64> = hill(1.0).chain(hill(5.0)).collect();
        let found = below_first_peak(&[scores.clone(), vec![]]);
        // Kernels are wider than the hill, whose peak is drawn a little towards the other.
        assert!((found - 25.0).abs() < 2.0, "{found}");
        // However the units lie in layers.
        let layers: Vec<Vec<f64>> = scores.chunks(7).map(<[f64]>::to_vec).collect();
        assert_eq!(below_first_peak(&layers), found);
    }

    #[test]
    fn scores_that_are_all_the_same_say_nothing() {
        assert_eq!(below_first_peak(&[vec![1.0; 5]]), 0.0);
        assert_eq!(below_first_peak(&[]), 0.0);
    }

    #[test]
    fn the_density_is_one_in_all() {
        // By hand: one hill, two scores; σ = 1, h = 2^(−1/5); symmetric, so half lie below the middle.
        let found = below_first_peak(&[vec![0.0, SQRT_2]]);
        assert!((found - 50.0).abs() < 0.5, "{found}");
        assert!((libm::erf(1.0 / SQRT_2) - 0.682_689_5).abs() < 1e-6);
    }
}
