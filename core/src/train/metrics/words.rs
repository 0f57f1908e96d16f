//! Figures of language models, and of how sure a model is.

use std::collections::BTreeSet;

/// Bins of [`calibration`] (Guo et al. 2017, "On Calibration of Modern Neural Networks").
const BINS: usize = 15;
/// Bins of [`histogram`].
const PARTS: usize = 20;

/// Expected calibration error: over bins of confidence, the mean distance between how sure a model was
/// and how often it was right, weighed by how many answers the bin has. 0 without answers.
pub fn calibration(answers: impl Iterator<Item = (f32, bool)>) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    let mut count = 0usize;
    for (confidence, right) in answers {
        // A bin holds its upper end, as in the paper.
        let bin = ((confidence * BINS as f32).ceil() as usize).clamp(1, BINS) - 1;
        bins[bin].0 += f64::from(confidence);
        bins[bin].1 += f64::from(u8::from(right));
        count += 1;
    }
    bins.iter().map(|(sure, right)| f64::abs(sure - right)).sum::<f64>() / count.max(1) as f64
}

/// How many values lie in each twentieth of 0 to 1.
pub fn histogram(values: impl Iterator<Item = f64>) -> Vec<usize> {
    let mut parts = vec![0; PARTS];
    for value in values {
        parts[((value * PARTS as f64) as usize).min(PARTS - 1)] += 1;
    }
    parts
}

/// ROUGE-L: F1 of the longest common subsequence of words, lower-cased, words being runs of letters
/// and digits (Lin 2004, as the package `rouge_score` without stemming). 0 when either is empty.
pub fn rouge_l(text: &str, reference: &str) -> f64 {
    let (text, reference) = (words(text), words(reference));
    let common = longest_common(&text, &reference) as f64;
    match common {
        0.0 => 0.0,
        _ => {
            let (precision, recall) = (common / text.len() as f64, common / reference.len() as f64);
            2.0 * precision * recall / (precision + recall)
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect()
}

/// The length of the longest sequence of words that both have in this order.
fn longest_common(left: &[String], right: &[String]) -> usize {
    let known: BTreeSet<&String> = right.iter().collect();
    let mut row = vec![0; right.len() + 1];
    for word in left.iter().filter(|word| known.contains(word)) {
        let mut diagonal = 0;
        for (place, other) in right.iter().enumerate() {
            let above = row[place + 1];
            row[place + 1] = if word == other { diagonal + 1 } else { above.max(row[place]) };
            diagonal = above;
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rouge_l_is_the_paper_s() {
        // Lin 2004, section 3.1: "police killed the gunman" against three candidates: 3/4, 2/4, 2/4.
        let reference = "police killed the gunman";
        assert_eq!(rouge_l("police kill the gunman", reference), 0.75);
        assert_eq!(rouge_l("the gunman kill police", reference), 0.5);
        assert_eq!(rouge_l("The gunman police killed.", reference), 0.5);
        // Two words of three and of six: 2 · 2/3 · 2/6 / (2/3 + 2/6) = 4/9.
        assert!((rouge_l("a b c", "x a y b z z") - 4.0 / 9.0).abs() < 1e-12);
        assert_eq!((rouge_l("", "a"), rouge_l("a", "b")), (0.0, 0.0));
    }

    #[test]
    fn calibration_is_the_gap_between_sure_and_right() {
        // One bin: 0.95 sure on average, half right.
        let one = calibration([(0.96f32, true), (0.94, false)].into_iter());
        assert!((one - 0.45).abs() < 1e-6, "{one}");
        // Two bins of two and one: |1.0 − 1| · 2/3 + |0.5 − 0| · 1/3
        let two = calibration([(1.0f32, true), (1.0, true), (0.5, false)].into_iter());
        assert!((two - 0.5 / 3.0).abs() < 1e-6, "{two}");
        assert_eq!(calibration([].into_iter()), 0.0);
    }

    #[test]
    fn values_are_counted_by_twentieths() {
        let parts = histogram([0.0, 0.049, 0.05, 0.99, 1.0].into_iter());
        assert_eq!((parts[0], parts[1], parts[19], parts.iter().sum::<usize>()), (2, 1, 2, 5));
    }
}
