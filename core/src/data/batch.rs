//! Sentences as rectangles of token ids.

use burn::tensor::{Device, Int, Tensor, TensorData};
use retort_shaders::logit_rows::LEFT_OUT;

use super::Example;
use super::summary::{Lengths, Tokens};
use super::tokenizer::Tokenizer;
use crate::{Error, Result};

/// Padded lengths are multiples of this (or the run's longest), which bounds how many shapes a
/// device meets.
const STEP: usize = 8;

/// All sentences of a split, encoded once.
#[derive(Debug, Clone)]
pub struct Encodings {
    ids: Vec<u32>,
    types: Vec<u32>,
    /// Sentence `row` lies at `starts[row]..starts[row + 1]`.
    starts: Vec<usize>,
    labels: Vec<i32>,
    pad_id: u32,
    max_length: usize,
    unknown: usize,
    cut: usize,
}

impl Encodings {
    /// Encodes `examples`, at most `max_length` tokens each.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn new(tokenizer: &Tokenizer, examples: &[Example], max_length: usize) -> Result<Self> {
        let mut all = Self {
            ids: vec![],
            types: vec![],
            starts: vec![0],
            labels: Vec::with_capacity(examples.len()),
            pad_id: tokenizer.pad_id(),
            max_length,
            unknown: 0,
            cut: 0,
        };
        for example in examples {
            let encoded = tokenizer.encode(&example.text, example.pair.as_deref(), max_length)?;
            all.unknown += encoded.ids.iter().filter(|&&id| Some(id) == tokenizer.unknown_id()).count();
            all.cut += usize::from(encoded.cut > 0);
            all.ids.extend(encoded.ids);
            all.types.extend(encoded.types);
            all.starts.push(all.ids.len());
            let label = i32::try_from(example.label)
                .map_err(|_| Error::input("labels", "fewer than 2^31 classes", example.label.to_string()))?;
            all.labels.push(label);
        }
        Ok(all)
    }

    /// Sentences.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sentence.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Tokens of every sentence, special ones included.
    pub fn lengths(&self) -> Vec<usize> {
        self.starts.windows(2).map(|ends| ends[1] - ends[0]).collect()
    }

    /// How long the sentences are, what was cut, and what the vocabulary cannot spell.
    pub fn summary(&self) -> Tokens {
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        Tokens {
            lengths: Lengths::of(&self.lengths()),
            unknown: share(self.unknown, self.ids.len()),
            cut: share(self.cut, self.len()),
        }
    }

    /// The sentences `rows` as one batch, padded on the right to the longest of them, rounded up
    /// to a multiple of 8 but never beyond the run's longest.
    ///
    /// # Panics
    /// When a row is not below [`Encodings::len`]: rows come from an [`super::Order`] over it.
    pub fn host(&self, rows: &[usize]) -> HostBatch {
        let span = |row: usize| self.starts[row]..self.starts[row + 1];
        let longest = rows.iter().map(|&row| span(row).len()).max().unwrap_or(0);
        let length = longest.next_multiple_of(STEP).min(self.max_length);
        let mut batch = HostBatch {
            ids: vec![self.pad_id as i32; rows.len() * length],
            types: vec![0; rows.len() * length],
            mask: vec![0.0; rows.len() * length],
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            rows: rows.len(),
            length,
        };
        for (place, &row) in rows.iter().enumerate() {
            for (column, token) in span(row).enumerate() {
                let cell = place * length + column;
                batch.ids[cell] = self.ids[token] as i32;
                batch.types[cell] = self.types[token] as i32;
                batch.mask[cell] = 1.0;
            }
        }
        batch
    }
}

/// A batch in the host's memory; matrices are `[rows, length]`, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// Token ids.
    pub ids: Vec<i32>,
    /// 0 in the first sentence and in the padding, 1 in the second sentence.
    pub types: Vec<i32>,
    /// 1 for a token, 0 for padding.
    pub mask: Vec<f32>,
    /// `[rows]`: the class of each sentence; or `[rows * length]`: the token at each place, −1 at
    /// one that is not asked for, −100 at padding.
    pub labels: Vec<i32>,
    /// Sentences.
    pub rows: usize,
    /// Tokens of each, padding included.
    pub length: usize,
}

impl HostBatch {
    /// Copies the batch to `device`.
    pub fn to_device(&self, device: &Device) -> Batch {
        let shape = [self.rows, self.length];
        Batch {
            ids: Tensor::from_data(TensorData::new(self.ids.clone(), shape), device),
            types: Tensor::from_data(TensorData::new(self.types.clone(), shape), device),
            mask: Tensor::from_data(TensorData::new(self.mask.clone(), shape), device),
            labels: Tensor::from_data(TensorData::new(self.labels.clone(), [self.labels.len()]), device),
            rows: self.rows,
            length: self.length,
            counted: self.labels.iter().filter(|&&label| label != LEFT_OUT).count(),
            labelled: self.labels.iter().filter(|&&label| label >= 0).count(),
        }
    }
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[rows, length]`: token ids.
    pub ids: Tensor<2, Int>,
    /// `[rows, length]`: 0 in the first sentence and in the padding, 1 in the second sentence.
    pub types: Tensor<2, Int>,
    /// `[rows, length]`: 1 for a token, 0 for padding.
    pub mask: Tensor<2>,
    /// `[rows]`: the class of each sentence; or `[rows * length]`: the token at each place, −1 at
    /// one that is not asked for, −100 at padding.
    pub labels: Tensor<1, Int>,
    /// Sentences.
    pub rows: usize,
    /// Tokens of each, padding included.
    pub length: usize,
    /// Labels that are not −100: what the teacher's answers are matched on.
    pub counted: usize,
    /// Labels that are classes or tokens.
    pub labelled: usize,
}

#[cfg(test)]
mod tests {
    use super::super::tokenizer::fixture::WORDPIECE;
    use super::*;

    fn encodings(sentences: &[(&str, usize)], max_length: usize) -> Encodings {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", WORDPIECE.as_bytes()).unwrap();
        let example = |&(text, label): &(&str, usize)| Example { text: text.into(), pair: None, label };
        let examples: Vec<_> = sentences.iter().map(example).collect();
        Encodings::new(&tokenizer, &examples, max_length).unwrap()
    }

    #[test]
    fn a_batch_is_padded_to_a_multiple_of_eight() {
        let all = encodings(&[("good film", 1), ("bad", 0), ("films . . . . . . . .", 1)], 12);
        assert_eq!(all.lengths(), [4, 3, 12]);
        let batch = all.host(&[1, 0]);
        assert_eq!((batch.rows, batch.length), (2, 8));
        assert_eq!(batch.ids, [2, 1, 3, 0, 0, 0, 0, 0, 2, 4, 5, 3, 0, 0, 0, 0]);
        assert_eq!(batch.mask, [1., 1., 1., 0., 0., 0., 0., 0., 1., 1., 1., 1., 0., 0., 0., 0.]);
        assert_eq!(batch.types, [0; 16]);
        assert_eq!(batch.labels, [0, 1]);
        // 12 would round up to 16, but no sentence of this run is longer than 12.
        assert_eq!(all.host(&[2]).length, 12);
    }

    #[test]
    fn a_sentence_is_the_same_in_any_batch() {
        let all = encodings(&[("good film", 1), ("films . . . . . . . .", 1)], 64);
        let (alone, together) = (all.host(&[0]), all.host(&[1, 0]));
        let row = together.length..2 * together.length;
        let ids: Vec<_> = together.ids[row.clone()].to_vec();
        let real = together.mask[row].iter().sum::<f32>() as usize;
        assert_eq!(ids[..real], alone.ids[..real]);
        assert_eq!(real, 4);
    }

    #[test]
    fn a_batch_reaches_the_device_unchanged() {
        let host = encodings(&[("good film", 1), ("bad", 0)], 64).host(&[0, 1]);
        let batch = host.to_device(&Device::flex());
        assert_eq!((batch.ids.dims(), batch.labels.dims()), ([2, 8], [2]));
        assert_eq!(batch.ids.into_data().iter::<i32>().collect::<Vec<_>>(), host.ids);
        assert_eq!(batch.types.into_data().iter::<i32>().collect::<Vec<_>>(), host.types);
        assert_eq!(batch.mask.into_data().iter::<f32>().collect::<Vec<_>>(), host.mask);
        assert_eq!(batch.labels.into_data().iter::<i32>().collect::<Vec<_>>(), host.labels);
    }

    #[test]
    fn the_summary_counts_tokens() {
        let tokens = encodings(&[("good film", 1), ("bad", 0), ("films . . . .", 1)], 6).summary();
        // 4, 3 and 6 (cut from 8) tokens; one of the 13 is [UNK].
        assert_eq!(tokens.lengths, Lengths { mean: 13.0 / 3.0, p95: 6, max: 6 });
        assert_eq!((tokens.unknown, tokens.cut), (1.0 / 13.0, 1.0 / 3.0));
    }
}
