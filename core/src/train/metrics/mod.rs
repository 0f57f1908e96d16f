//! Figures of merit. Choices and labels are classes, one per example.

mod words;

pub use words::{calibration, histogram, rouge_l};

/// z of a two-sided 95 % interval of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Share of right choices; 0 of nothing.
pub fn accuracy(choices: &[usize], labels: &[usize]) -> f64 {
    ratio(hits(choices, labels) as f64, labels.len() as f64)
}

/// 95 % interval of a share, `right` of `count` (Wilson 1927): unlike the textbook interval it stays
/// within 0 and 1 and does not collapse at either. Of nothing, everything is possible: 0 to 1.
pub fn wilson(right: usize, count: usize) -> [f64; 2] {
    if count == 0 {
        return [0.0, 1.0];
    }
    let n = count as f64;
    let share = right as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [centre - half, centre + half].map(|bound| (bound / (1.0 + Z * Z / n)).clamp(0.0, 1.0))
}

/// F1 of class 1: 2·TP / (2·TP + FP + FN); 0 when nobody chose it and nothing is it.
pub fn f1(choices: &[usize], labels: &[usize]) -> f64 {
    let both = choices.iter().zip(labels).filter(|pair| *pair == (&1, &1)).count() as f64;
    let ones = |classes: &[usize]| classes.iter().filter(|&&class| class == 1).count() as f64;
    ratio(2.0 * both, ones(choices) + ones(labels))
}

/// Matthews correlation, for any number of classes (Gorodkin 2004); 0 when all choices or all
/// labels are one class.
pub fn matthews(choices: &[usize], labels: &[usize]) -> f64 {
    let classes = choices.iter().chain(labels).max().map_or(0, |largest| largest + 1);
    let counts = |of: &[usize]| {
        let mut counts = vec![0.0f64; classes];
        of.iter().for_each(|&class| counts[class] += 1.0);
        counts
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (chosen, given) = (counts(choices), counts(labels));
    let n = labels.len() as f64;
    let spread = |counts: &[f64]| n * n - dot(counts, counts);
    let agreement = hits(choices, labels) as f64 * n - dot(&chosen, &given);
    ratio(agreement, (spread(&chosen) * spread(&given)).sqrt())
}

/// Linear correlation; 0 when either side is constant.
pub fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let centred = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        values.iter().map(|value| value - mean).collect::<Vec<f64>>()
    };
    let (x, y) = (centred(x), centred(y));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    ratio(dot(&x, &y), (dot(&x, &x) * dot(&y, &y)).sqrt())
}

/// Rank correlation; equal numbers share the mean of their ranks.
pub fn spearman(x: &[f64], y: &[f64]) -> f64 {
    pearson(&ranks(x), &ranks(y))
}

/// The rank of every number, counted from 0.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (group.len() - 1) as f64 / 2.0;
        group.iter().for_each(|&index| ranks[index] = mean);
        first += group.len();
    }
    ranks
}

/// Right choices.
pub fn hits(choices: &[usize], labels: &[usize]) -> usize {
    choices.iter().zip(labels).filter(|(choice, label)| choice == label).count()
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, wanted: f64) {
        assert!((got - wanted).abs() < 1e-12, "{got} is not {wanted}");
    }

    /// Of six: TP 2, FP 1, FN 1, TN 2.
    const CHOICES: [usize; 6] = [1, 1, 1, 0, 0, 0];
    const LABELS: [usize; 6] = [1, 1, 0, 1, 0, 0];

    #[test]
    fn classes_by_hand() {
        near(accuracy(&CHOICES, &LABELS), 4.0 / 6.0);
        near(f1(&CHOICES, &LABELS), 4.0 / 6.0); // 2·2 / (2·2 + 1 + 1)
        near(matthews(&CHOICES, &LABELS), 3.0 / 9.0); // (2·2 − 1·1) / √(3·3·3·3)
        // Three classes: (2·3 − 3) / √((9 − 3)(9 − 5)), choices 1 1 1, labels 2 1 0.
        near(matthews(&[0, 1, 1], &[0, 1, 2]), 3.0 / 24f64.sqrt());
    }

    #[test]
    fn one_class_alone_says_nothing() {
        near(f1(&[0, 0], &[0, 0]), 0.0);
        near(matthews(&[1, 1], &[0, 1]), 0.0);
        near(accuracy(&[], &[]), 0.0);
        near(pearson(&[1.0, 1.0], &[0.0, 1.0]), 0.0);
    }

    #[test]
    fn correlations_by_hand() {
        // Deviations (−1, 0, 1) and (−1, −1, 2): 3 / √(2 · 6).
        near(pearson(&[1.0, 2.0, 3.0], &[0.0, 0.0, 3.0]), 3.0 / 12f64.sqrt());
        // Ranks 0 1 2 3 and 0 1.5 1.5 3: deviations (−1.5 −.5 .5 1.5), (−1.5 0 0 1.5): 4.5 / √(5 · 4.5).
        near(spearman(&[1.0, 5.0, 6.0, 40.0], &[-2.0, 3.0, 3.0, 9.0]), 4.5 / 22.5f64.sqrt());
    }

    #[test]
    fn wilson_by_hand() {
        // 8 of 10: (0.8 + 0.192073) ± 1.959964 · √(0.016 + 0.0096036), over 1.384146.
        let [low, high] = wilson(8, 10);
        assert!((low - 0.490_16).abs() < 1e-5 && (high - 0.943_32).abs() < 1e-5, "{low} {high}");
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
        assert_eq!(wilson(0, 5)[0], 0.0);
        assert_eq!(wilson(5, 5)[1], 1.0);
    }
}
