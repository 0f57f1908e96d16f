//! Texts as rectangles of token ids.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};
use retort_shaders::logit_rows::LEFT_OUT;

use super::summary::{Lengths, Tokens};
use super::tokenizer::Tokenizer;
use super::{Example, first};
use crate::{Error, Result};

/// Padded lengths are multiples of this (or the run's longest), which bounds how many shapes a
/// device meets.
const STEP: usize = 8;

/// All texts of a split, encoded once.
#[derive(Debug, Clone)]
pub struct Encodings {
    ids: Vec<u32>,
    types: Vec<u32>,
    /// Text `row` lies at `starts[row]..starts[row + 1]`.
    starts: Vec<usize>,
    asks: Asks,
    pad_id: u32,
    max_length: usize,
    unknown: usize,
    cut: usize,
}

/// What a text is asked.
#[derive(Debug, Clone)]
enum Asks {
    /// Its class, of every text.
    Class(Vec<i32>),
    /// Its tokens from this one on, each from those before it; of every text.
    Next(Vec<usize>),
}

impl Encodings {
    /// Encodes sentences and their classes, at most `max_length` tokens each.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn new(tokenizer: &Tokenizer, examples: &[Example], max_length: usize) -> Result<Self> {
        let mut all = Self::none(tokenizer.pad_id(), max_length);
        let mut labels = Vec::with_capacity(examples.len());
        for example in examples {
            let encoded = tokenizer.encode(&example.text, example.pair.as_deref(), max_length)?;
            all.cut += usize::from(encoded.cut > 0);
            all.push(encoded.ids, encoded.types, tokenizer.unknown_id());
            let label = i32::try_from(example.label)
                .map_err(|_| Error::input("labels", "fewer than 2^31 classes", example.label.to_string()))?;
            labels.push(label);
        }
        all.asks = Asks::Class(labels);
        Ok(all)
    }

    /// Plain texts, one after the other, cut into blocks of `max_length` tokens; an end token, where
    /// the vocabulary has one, comes after each text. A block begins with the last token of the one
    /// before, so that every token but the first is asked for once.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn packed<'a>(
        tokenizer: &Tokenizer,
        texts: impl IntoIterator<Item = &'a str>,
        max_length: usize,
    ) -> Result<Self> {
        let mut all = Self::none(tokenizer.pad_id(), max_length);
        let mut tokens = vec![];
        for text in texts {
            tokens.extend(tokenizer.raw(text)?);
            tokens.extend(tokenizer.end_id());
        }
        let (before, after) = tokenizer.frame()?;
        let room = max_length.saturating_sub(before.len() + after.len());
        if room < 2 {
            let least = before.len() + after.len() + 2;
            return Err(Error::input("data.max_length", format!("at least {least}"), max_length.to_string()));
        }
        let mut start = 0;
        while start + 1 < tokens.len() {
            let end = (start + room).min(tokens.len());
            let block = [&before, &tokens[start..end], &after].concat();
            let types = vec![0; block.len()];
            all.push(block, types, tokenizer.unknown_id());
            start = end - 1;
        }
        let asked = all.len();
        all.asks = Asks::Next(vec![1; asked]);
        Ok(all)
    }

    /// Prompts, in `template` where it says `{prompt}`, and their responses; asked for are the tokens
    /// of the response and the end token after it. What is too long loses its end; a prompt that
    /// leaves no room for a response is left out.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], and when no prompt leaves room.
    pub fn responses(tokenizer: &Tokenizer, examples: &[Example], template: &str, max_length: usize) -> Result<Self> {
        let mut all = Self::none(tokenizer.pad_id(), max_length);
        let (before, _) = tokenizer.frame()?;
        let (mut asks, mut shortest) = (vec![], usize::MAX);
        for example in examples {
            let prompt = tokenizer.raw(&template.replace("{prompt}", &example.text))?;
            let mut ids = [before.clone(), prompt].concat();
            let from = ids.len();
            shortest = shortest.min(from);
            ids.extend(tokenizer.raw(example.pair.as_deref().unwrap_or_default())?);
            ids.extend(tokenizer.end_id());
            all.cut += usize::from(ids.len() > max_length);
            ids.truncate(max_length);
            if from < ids.len() {
                asks.push(from);
                let types = vec![0; ids.len()];
                all.push(ids, types, tokenizer.unknown_id());
            }
        }
        if asks.is_empty() && !examples.is_empty() {
            let wanted = format!("more than {shortest} tokens: the shortest prompt's and a response's");
            return Err(Error::input("data.max_length", wanted, max_length.to_string()));
        }
        all.asks = Asks::Next(asks);
        Ok(all)
    }

    /// Texts that are already tokens, each with the place of the first that is asked for.
    pub fn tokens(lines: Vec<(Vec<u32>, usize)>, pad_id: u32, max_length: usize) -> Self {
        let mut all = Self::none(pad_id, max_length);
        let asks = lines.iter().map(|(_, from)| *from).collect();
        for (ids, _) in lines {
            let types = vec![0; ids.len()];
            all.push(ids, types, None);
        }
        all.asks = Asks::Next(asks);
        all
    }

    fn none(pad_id: u32, max_length: usize) -> Self {
        Self {
            ids: vec![],
            types: vec![],
            starts: vec![0],
            asks: Asks::Next(vec![]),
            pad_id,
            max_length,
            unknown: 0,
            cut: 0,
        }
    }

    fn push(&mut self, ids: Vec<u32>, types: Vec<u32>, unknown: Option<u32>) {
        self.unknown += ids.iter().filter(|&&id| Some(id) == unknown).count();
        self.ids.extend(ids);
        self.types.extend(types);
        self.starts.push(self.ids.len());
    }

    /// The same texts, asked for their tokens instead of their classes.
    pub fn next(self) -> Self {
        let asks = match self.asks {
            Asks::Class(labels) => Asks::Next(vec![1; labels.len()]),
            asks => asks,
        };
        Self { asks, ..self }
    }

    /// The first `limit` texts of the order that `seed` gives.
    pub fn limit(self, limit: Option<usize>, seed: u64) -> Self {
        let Some(limit) = limit else { return self };
        let rows = first(self.len(), limit, seed);
        let mut kept = Self { unknown: self.unknown, cut: self.cut, ..Self::none(self.pad_id, self.max_length) };
        for &row in &rows {
            kept.push(self.ids[self.span(row)].to_vec(), self.types[self.span(row)].to_vec(), None);
        }
        kept.asks = match &self.asks {
            Asks::Class(labels) => Asks::Class(rows.iter().map(|&row| labels[row]).collect()),
            Asks::Next(from) => Asks::Next(rows.iter().map(|&row| from[row]).collect()),
        };
        kept
    }

    fn span(&self, row: usize) -> Range<usize> {
        self.starts[row]..self.starts[row + 1]
    }

    /// A text's prompt and what follows it: what is not asked for and what is; of a plain text, its
    /// first `most` tokens and the others.
    pub fn prompt(&self, row: usize, most: usize) -> (&[u32], &[u32]) {
        let text = &self.ids[self.span(row)];
        match &self.asks {
            Asks::Next(from) if from[row] > 1 => text.split_at(from[row]),
            _ => text.split_at(most.min(text.len())),
        }
    }

    /// A text and the place of its first token that is asked for.
    pub fn line(&self, row: usize) -> (Vec<u32>, usize) {
        let from = match &self.asks {
            Asks::Next(from) => from[row],
            Asks::Class(_) => 1,
        };
        (self.ids[self.span(row)].to_vec(), from)
    }

    /// The most tokens that a text may have.
    pub fn longest(&self) -> usize {
        self.max_length
    }

    /// The id that fills a batch.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// Texts.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tokens of every text, special ones included.
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

    /// The texts `rows` as one batch, padded on the right to the longest of them, rounded up
    /// to a multiple of 8 but never beyond the run's longest.
    ///
    /// # Panics
    /// When a row is not below [`Encodings::len`]: rows come from an [`super::Order`] over it.
    pub fn host(&self, rows: &[usize]) -> HostBatch {
        let longest = rows.iter().map(|&row| self.span(row).len()).max().unwrap_or(0);
        let length = longest.next_multiple_of(STEP).min(self.max_length);
        let mut batch = HostBatch {
            ids: vec![self.pad_id as i32; rows.len() * length],
            types: vec![0; rows.len() * length],
            mask: vec![0.0; rows.len() * length],
            labels: vec![],
            rows: rows.len(),
            length,
        };
        for (place, &row) in rows.iter().enumerate() {
            for (column, token) in self.span(row).enumerate() {
                let cell = place * length + column;
                batch.ids[cell] = self.ids[token] as i32;
                batch.types[cell] = self.types[token] as i32;
                batch.mask[cell] = 1.0;
            }
        }
        batch.labels = match &self.asks {
            Asks::Class(labels) => rows.iter().map(|&row| labels[row]).collect(),
            Asks::Next(from) => rows.iter().flat_map(|&row| self.following(row, from[row], length)).collect(),
        };
        batch
    }

    /// For every place of a text padded to `length`, the token after it; −100 where it is not asked for.
    fn following(&self, row: usize, from: usize, length: usize) -> impl Iterator<Item = i32> {
        let text = &self.ids[self.span(row)];
        (1..=length).map(move |next| match text.get(next) {
            Some(&id) if next >= from => id as i32,
            _ => LEFT_OUT,
        })
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
    /// `[rows]`: the class of each sentence; or `[rows * length]`: the token at each place, or the
    /// one after it, −1 at one that is not asked for, −100 at padding and where nothing is matched.
    pub labels: Vec<i32>,
    /// Sentences.
    pub rows: usize,
    /// Tokens of each, padding included.
    pub length: usize,
}

impl HostBatch {
    /// Tokens of all sentences, padding not counted.
    pub fn tokens(&self) -> usize {
        self.mask.iter().filter(|&&counts| counts > 0.0).count()
    }

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
    /// `[rows]`: the class of each sentence; or `[rows * length]`: the token at each place, or the
    /// one after it, −1 at one that is not asked for, −100 at padding and where nothing is matched.
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
        assert_eq!(batch.tokens(), 7); // 3 + 4
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
