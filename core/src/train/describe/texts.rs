//! The texts of a run, as they are read: how many, of which classes, how long.

use serde::{Deserialize, Serialize};

use super::super::setup::Encode;
use crate::{
    Result,
    data::{Dataset, Encodings, Example, Found, Kind, Tokenizer},
    model::Family,
    run::{Data, Run},
};

/// Texts of a split whose tokens are counted, evenly among all.
const COUNTED: usize = 20_000;
/// Texts of a split that are shown.
const SHOWN: usize = 4;
/// Characters of a text that are shown.
const CHARACTERS: usize = 400;
/// Bars of a histogram, about.
const BINS: usize = 24;
/// No text is longer.
const ENDLESS: usize = 1 << 20;

/// All splits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Texts {
    /// `classes`, `words` or `responses`.
    pub asks: String,
    /// Names of the classes; none where words are asked for.
    pub labels: Vec<String>,
    /// Every file with its columns, and what they are taken for.
    pub files: Vec<Found>,
    /// `train`, `dev` and `test`.
    pub splits: Vec<TextsOf>,
    /// The most tokens that a text keeps.
    pub max_length: usize,
    /// SHA-256 of the files as read.
    pub hash: String,
}

/// One split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextsOf {
    /// `train`, `dev` or `test`.
    pub name: String,
    /// Sentences, pairs, prompts; of plain text, blocks.
    pub examples: usize,
    /// How many of each class, in the order of the labels.
    pub classes: Vec<usize>,
    /// Texts whose tokens were counted; 0 where there is no vocabulary to count by.
    pub counted: usize,
    /// Tokens of a text before it is cut, special ones included: how many texts have how many.
    pub lengths: Vec<Bin>,
    /// Tokens of a text, the mean.
    pub mean: f64,
    /// Tokens of the longest text.
    pub longest: usize,
    /// Share of the texts that `data.max_length` cuts.
    pub cut: f64,
    /// Share of the tokens that stand for a word that the vocabulary cannot spell.
    pub unknown: f64,
    /// Some of the texts.
    pub samples: Vec<Sample>,
    /// Every counted length; not told.
    #[serde(skip)]
    all: Vec<usize>,
}

/// A bar of a histogram of lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// Tokens, from so many on.
    pub from: usize,
    /// To below so many.
    pub to: usize,
    /// Texts.
    pub count: usize,
}

/// A text as it is read; long ones end with `…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The sentence, the text, or the prompt.
    pub text: String,
    /// The second sentence, or the response.
    pub pair: Option<String>,
    /// Its class.
    pub label: Option<String>,
}

impl Texts {
    /// The split that is trained on.
    pub(super) fn train(&self) -> Option<&TextsOf> {
        self.splits.first()
    }
}

impl TextsOf {
    /// The share of the texts that have more tokens than `length`.
    pub(super) fn longer_than(&self, length: usize) -> f64 {
        self.all.iter().filter(|&&tokens| tokens > length).count() as f64 / self.all.len().max(1) as f64
    }
}

/// Looks at everything; without a vocabulary no tokens are counted.
///
/// # Errors
/// [`crate::Error::Input`] when a text cannot be encoded.
pub fn of(run: &Run, dataset: &Dataset, files: Vec<Found>, reader: Option<(&Tokenizer, Family)>) -> Result<Texts> {
    let splits = [("train", &dataset.train), ("dev", &dataset.dev), ("test", &dataset.test)];
    let splits = splits.into_iter().map(|(name, examples)| split(run, dataset, name, examples, reader));
    Ok(Texts {
        asks: match dataset.kind {
            Kind::Classes => "classes",
            Kind::Text => "words",
            Kind::Instructions => "responses",
        }
        .into(),
        labels: dataset.labels.clone(),
        files,
        splits: splits.collect::<Result<_>>()?,
        max_length: run.data.max_length,
        hash: dataset.hash.clone(),
    })
}

fn split(
    run: &Run,
    dataset: &Dataset,
    name: &str,
    examples: &[Example],
    reader: Option<(&Tokenizer, Family)>,
) -> Result<TextsOf> {
    let mut classes = vec![0; dataset.labels.len()];
    for one in examples {
        if let Some(count) = classes.get_mut(one.label) {
            *count += 1;
        }
    }
    let plain = dataset.kind == Kind::Text;
    let encodings =
        reader.map(|(tokenizer, family)| encoded(run, dataset.kind, examples, tokenizer, family)).transpose()?;
    let all = encodings.as_ref().map_or(vec![], Encodings::lengths);
    let blocks = encodings.as_ref().filter(|_| plain).map_or(examples.len(), Encodings::len);
    let longest = all.iter().copied().max().unwrap_or(0);
    let mut of = TextsOf {
        name: name.to_owned(),
        examples: blocks,
        classes,
        counted: all.len(),
        lengths: histogram(&all),
        mean: all.iter().sum::<usize>() as f64 / all.len().max(1) as f64,
        longest,
        cut: 0.0,
        unknown: encodings.map_or(0.0, |encodings| encodings.summary().unknown),
        samples: examples.iter().take(SHOWN).map(|one| sample(one, &dataset.labels)).collect(),
        all,
    };
    of.cut = of.longer_than(run.data.max_length);
    Ok(of)
}

/// Some of the texts as tokens, none of them cut; plain text in its blocks.
fn encoded(run: &Run, kind: Kind, examples: &[Example], tokenizer: &Tokenizer, family: Family) -> Result<Encodings> {
    let length = if kind == Kind::Text { run.data.max_length } else { ENDLESS };
    let run = &Run { data: Data { max_length: length, ..run.data.clone() }, ..run.clone() };
    let step = examples.len().div_ceil(COUNTED).max(1);
    let some: Vec<Example> = examples.iter().step_by(step).cloned().collect();
    Encode { run, tokenizer, kind, family }.all(&some)
}

fn sample(one: &Example, labels: &[String]) -> Sample {
    let short = |text: &str| match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    Sample { text: short(&one.text), pair: one.pair.as_deref().map(short), label: labels.get(one.label).cloned() }
}

/// Bars of a width that is a power of two.
fn histogram(lengths: &[usize]) -> Vec<Bin> {
    let Some(&longest) = lengths.iter().max() else { return vec![] };
    let width = (longest + 1).div_ceil(BINS).next_power_of_two();
    let mut bins: Vec<Bin> =
        (0..=longest / width).map(|bin| Bin { from: bin * width, to: (bin + 1) * width, count: 0 }).collect();
    lengths.iter().for_each(|length| bins[length / width].count += 1);
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_in_one_bar() {
        assert_eq!(histogram(&[]), []);
        // 48 / 24 = 2 is a power of two.
        let bins = histogram(&[0, 1, 2, 47]);
        assert_eq!(bins.len(), 24);
        assert_eq!(bins[0], Bin { from: 0, to: 2, count: 2 });
        assert_eq!(bins[23], Bin { from: 46, to: 48, count: 1 });
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<usize>(), 4);
    }

    #[test]
    fn long_samples_end_with_an_ellipsis() {
        let one = Example { text: "é".repeat(500), pair: None, label: 1 };
        let shown = sample(&one, &["no".into(), "yes".into()]);
        assert_eq!((shown.text.chars().count(), shown.label.as_deref()), (401, Some("yes")));
    }
}
