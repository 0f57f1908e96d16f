//! What a data set looks like: how many of each class, how long.

use serde::{Deserialize, Serialize};

use super::{Dataset, Example};

/// One split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// `train`, `dev` or `test`.
    pub name: String,
    /// Sentences (or pairs).
    pub examples: usize,
    /// Sentences of each class, in the order of [`Dataset::labels`].
    pub classes: Vec<usize>,
    /// Words between blanks, of both sentences where there are two.
    pub words: Lengths,
}

/// How long the sentences of a split are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// Mean.
    pub mean: f64,
    /// 95 of 100 sentences are no longer.
    pub p95: usize,
    /// The longest.
    pub max: usize,
}

/// A split in a tokenizer's eyes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens a sentence, special ones included.
    pub lengths: Lengths,
    /// Share of the tokens that stand for a word the vocabulary cannot spell.
    pub unknown: f64,
    /// Share of the sentences that were cut.
    pub cut: f64,
}

impl Lengths {
    /// Of these numbers; all 0 when there are none.
    pub fn of(lengths: &[usize]) -> Self {
        let mut sorted = lengths.to_vec();
        sorted.sort_unstable();
        let count = sorted.len().max(1);
        let rank = (count * 95).div_ceil(100) - 1; // nearest rank, counted from 0
        Self {
            mean: sorted.iter().sum::<usize>() as f64 / count as f64,
            p95: sorted.get(rank).copied().unwrap_or(0),
            max: sorted.last().copied().unwrap_or(0),
        }
    }
}

impl Dataset {
    /// Class balance and lengths in words of train, dev and test.
    pub fn summary(&self) -> [Split; 3] {
        let split = |name: &str, examples: &[Example]| {
            let mut classes = vec![0; self.labels.len()];
            for example in examples {
                if let Some(count) = classes.get_mut(example.label) {
                    *count += 1;
                }
            }
            let words = |text: &str| text.split_whitespace().count();
            let lengths: Vec<_> =
                examples.iter().map(|one| words(&one.text) + one.pair.as_deref().map_or(0, words)).collect();
            Split { name: name.into(), examples: examples.len(), classes, words: Lengths::of(&lengths) }
        };
        [split("train", &self.train), split("dev", &self.dev), split("test", &self.test)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn lengths_are_nearest_ranks() {
        let hundred: Vec<usize> = (1..=100).rev().collect();
        assert_eq!(Lengths::of(&hundred), Lengths { mean: 50.5, p95: 95, max: 100 });
        assert_eq!(Lengths::of(&[7]), Lengths { mean: 7.0, p95: 7, max: 7 });
        assert_eq!(Lengths::of(&[]), Lengths { mean: 0.0, p95: 0, max: 0 });
    }

    #[test]
    fn classes_and_words_are_counted() {
        let example =
            |text: &str, pair: Option<&str>, label| Example { text: text.into(), pair: pair.map(Into::into), label };
        let data = Dataset {
            kind: Kind::Classes,
            labels: vec!["no".into(), "yes".into()],
            train: vec![example("a b c", Some("d"), 1), example("a", None, 1), example(" a  b ", None, 0)],
            dev: vec![example("a", None, 0)],
            test: vec![],
            hash: String::new(),
            notes: vec![],
        };
        let [train, dev, test] = data.summary();
        assert_eq!((train.examples, train.classes), (3, vec![1, 2]));
        assert_eq!(train.words, Lengths { mean: 7.0 / 3.0, p95: 4, max: 4 });
        assert_eq!((dev.classes, test.classes), (vec![1, 0], vec![0, 0]));
    }
}
