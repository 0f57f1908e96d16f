//! What a few seeds can tell: means, Student's intervals, paired differences, a plain verdict.

use std::{collections::BTreeMap, f64::consts, fmt};

use serde::Serialize;

/// Covered by every interval here.
const COVERED: f64 = 0.95;

/// The mean of some seeds, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// How many seeds.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// 95 % interval of the mean (Student's t); none of a single seed.
    pub interval: Option<[f64; 2]>,
}

/// Summarises the values of some seeds: mean ± t · s / √n. Of none there is nothing to say.
pub fn summary(values: &[f64]) -> Option<Summary> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let n = count as f64;
    let mean = values.iter().sum::<f64>() / n;
    let interval = (count > 1).then(|| {
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half = t_quantile(count - 1) * (variance / n).sqrt();
        [mean - half, mean + half]
    });
    Some(Summary { count, mean, interval })
}

/// t for a two-sided 95 % interval with so many degrees of freedom; infinite with none.
pub fn t_quantile(freedom: usize) -> f64 {
    if freedom == 0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, consts::FRAC_PI_2);
    // Each round halves what is left: sixty leave no more than rounding.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if between(middle, freedom) < COVERED { low = middle } else { high = middle }
    }
    (freedom as f64).sqrt() * low.tan()
}

/// The probability that |t| ≤ √ν · tan θ, for a whole number ν of degrees of freedom: a finite sum
/// (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
fn between(theta: f64, freedom: usize) -> f64 {
    let (sine, cosine) = theta.sin_cos();
    let odd = freedom % 2 == 1;
    let (mut term, mut sum) = (if odd { cosine } else { 1.0 }, 0.0);
    for index in 0..freedom / 2 {
        sum += term;
        // Odd: 2/3, 4/5, …; even: 1/2, 3/4, …
        let above = (2 * index + if odd { 2 } else { 1 }) as f64;
        term *= cosine * cosine * above / (above + 1.0);
    }
    if odd { (theta + sine * sum) / consts::FRAC_PI_2 } else { sine * sum }
}

/// Left less right, for every seed that both have.
pub fn differences(left: &BTreeMap<u64, f64>, right: &BTreeMap<u64, f64>) -> Vec<f64> {
    left.iter().filter_map(|(seed, value)| Some(value - right.get(seed)?)).collect()
}

/// What a paired difference says about the left one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval lies above zero.
    Beats,
    /// The interval lies below zero.
    DoesNotBeat,
    /// The interval holds zero, or there is none.
    CannotBeTold,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Beats => "beats",
            Self::DoesNotBeat => "does not beat",
            Self::CannotBeTold => "cannot be told",
        })
    }
}

/// The verdict on a paired difference; of fewer than two seeds nothing can be told.
pub fn verdict(difference: Option<&Summary>) -> Verdict {
    match difference.and_then(|difference| difference.interval) {
        Some([low, _]) if low > 0.0 => Verdict::Beats,
        Some([_, high]) if high < 0.0 => Verdict::DoesNotBeat,
        _ => Verdict::CannotBeTold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_that_of_the_tables() {
        // Two-sided 95 %, any table of Student's distribution.
        for (freedom, wanted) in
            [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (5, 2.5706), (9, 2.2622), (30, 2.0423), (120, 1.9799)]
        {
            let t = t_quantile(freedom);
            assert!((t - wanted).abs() < 5e-5, "{freedom}: {t} is not {wanted}");
        }
        // Of many, that of the normal distribution.
        assert!((t_quantile(100_000) - 1.959_964).abs() < 1e-4);
        assert_eq!(t_quantile(0), f64::INFINITY);
    }

    #[test]
    fn a_summary_by_hand() {
        // Mean 2, deviations −1 0 1, s² = 2/2, half 4.3027 · √(1/3).
        let three = summary(&[1.0, 2.0, 3.0]).unwrap();
        let [low, high] = three.interval.unwrap();
        assert_eq!((three.count, three.mean), (3, 2.0));
        assert!((high - 2.0 - 4.302_65 / 3f64.sqrt()).abs() < 1e-5 && (2.0 - low - (high - 2.0)).abs() < 1e-12);
        assert_eq!(summary(&[0.5]), Some(Summary { count: 1, mean: 0.5, interval: None }));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn differences_are_of_the_same_seed() {
        let left = BTreeMap::from([(1, 0.75), (2, 0.5), (4, 1.0)]);
        let right = BTreeMap::from([(1, 0.5), (2, 0.75), (3, 0.0)]);
        assert_eq!(differences(&left, &right), [0.25, -0.25]);
    }

    #[test]
    fn the_interval_decides_not_the_mean() {
        let of = |values: &[f64]| verdict(summary(values).as_ref());
        // Mean 2, half 4.30 · 0.577 = 2.48: holds zero. Mean 3: does not.
        assert_eq!(of(&[1.0, 2.0, 3.0]), Verdict::CannotBeTold);
        assert_eq!(of(&[2.0, 3.0, 4.0]), Verdict::Beats);
        assert_eq!(of(&[-2.0, -3.0, -4.0]), Verdict::DoesNotBeat);
        assert_eq!(of(&[9.0]), Verdict::CannotBeTold);
        assert_eq!(of(&[0.0, 0.0]), Verdict::CannotBeTold);
        assert_eq!(of(&[]), Verdict::CannotBeTold);
        assert_eq!(Verdict::DoesNotBeat.to_string(), "does not beat");
    }
}
