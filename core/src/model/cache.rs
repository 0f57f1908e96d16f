//! What a causal model remembers of the tokens it has read, so that the next one costs one token
//! and not the whole text.
//!
//! Every row of the batch has its own text. What is read together is padded on the right and lies in
//! the same columns of the keys and values; a mask says which columns hold tokens of a row, and a
//! token's place counts only those. So a text gets the same logits alone and beside others.

use burn::tensor::{Int, Tensor, TensorData};

use super::{
    Config,
    attention::{causal, padding},
    decoder::{self, Decoder, Places, Reading},
    layers::Noise,
    trace::Wants,
};
use crate::{Error, Result};

/// Columns are made in blocks of so many: few shapes, and few copies.
const BLOCK: usize = 64;

/// What was read so far.
#[derive(Debug, Clone)]
pub struct Cache {
    layers: Vec<Past>,
    /// Which columns hold tokens, `[batch][columns]`: 1 or 0.
    held: Vec<Vec<f32>>,
    /// Tokens read, of each row.
    lengths: Vec<usize>,
    /// Columns used.
    used: usize,
}

/// One layer's keys and values, `[batch, key-value heads, columns, head]`.
#[derive(Debug, Clone, Default)]
pub struct Past {
    keys: Option<Tensor<4>>,
    values: Option<Tensor<4>>,
    /// Where the next ones go.
    start: usize,
    /// Columns to have.
    columns: usize,
}

impl Past {
    /// Puts new keys and values into the next columns; gives all of them.
    pub fn join(&mut self, keys: Tensor<4>, values: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let (start, columns) = (self.start, self.columns);
        (put(&mut self.keys, keys, start, columns), put(&mut self.values, values, start, columns))
    }
}

/// Puts `new` into the columns from `start` on, of at least `columns`.
fn put(held: &mut Option<Tensor<4>>, new: Tensor<4>, start: usize, columns: usize) -> Tensor<4> {
    let [batch, heads, count, size] = new.dims();
    let empty = |columns: usize| Tensor::zeros([batch, heads, columns, size], &new.device());
    let all = match held.take() {
        None => empty(columns),
        Some(held) if held.dims()[2] < columns => {
            let more = empty(columns - held.dims()[2]);
            Tensor::cat(vec![held, more], 2)
        }
        Some(held) => held,
    };
    let all = all.slice_assign([0..batch, 0..heads, start..start + count, 0..size], new);
    *held = Some(all.clone());
    all
}

impl Cache {
    /// Nothing read yet, for `rows` texts.
    pub fn new(config: &Config, rows: usize) -> Self {
        Self {
            layers: vec![Past::default(); config.num_hidden_layers],
            held: vec![vec![]; rows],
            lengths: vec![0; rows],
            used: 0,
        }
    }

    /// How many tokens each row has read.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Reads more tokens, some or none for each row, and gives the logits after each row's last one
    /// `[batch, vocabulary]`. The row of a text that reads none holds nothing of use.
    pub(super) fn read(&mut self, model: &dyn Decoder, tokens: &[Vec<u32>]) -> Result<Tensor<2>> {
        self.check(model.config(), tokens)?;
        let (batch, length) = (tokens.len(), tokens.iter().map(Vec::len).max().unwrap_or(0));
        let columns = (self.used + length).next_multiple_of(BLOCK);
        for past in &mut self.layers {
            (past.start, past.columns) = (self.used, columns);
        }
        for (held, row) in self.held.iter_mut().zip(tokens) {
            held.extend((0..length).map(|place| if place < row.len() { 1.0 } else { 0.0 }));
        }

        let device = model.word().weight.val().device();
        let padded: Vec<i32> =
            tokens.iter().flat_map(|row| row.iter().map(|&id| id as i32).chain(vec![0; length - row.len()])).collect();
        let ids = Tensor::<2, Int>::from_data(TensorData::new(padded, [batch, length]), &device);
        // Padding may stand where a text has no place left; any will do.
        let last = model.config().max_position_embeddings - 1;
        let places: Vec<Vec<usize>> =
            self.lengths.iter().map(|&read| (0..length).map(|place| (read + place).min(last)).collect()).collect();
        let held = self.held.iter().flat_map(|held| held.iter().copied().chain(vec![0.0; columns - held.len()]));
        let held = Tensor::<2>::from_data(TensorData::new(held.collect::<Vec<f32>>(), [batch, columns]), &device);
        let mut mask = padding(&held);
        if length > 1 {
            mask = mask + causal(length, columns, self.used, &device);
        }

        let (wants, places) = (Wants::default(), Places::Given(&places));
        let reading = Reading { ids: &ids, places, mask: &mask, wants: &wants, gates: None, noise: Noise(None) };
        let (states, _, _) = decoder::read(model, &reading, &mut self.layers);
        self.used += length;
        for (read, row) in self.lengths.iter_mut().zip(tokens) {
            *read += row.len();
        }

        let ends: Vec<i32> = tokens
            .iter()
            .enumerate()
            .map(|(index, row)| (index * length + row.len().saturating_sub(1)) as i32)
            .collect();
        let ends = Tensor::<1, Int>::from_data(TensorData::new(ends, [batch]), &device);
        Ok(model.last(states.flatten::<2>(0, 1).select(0, ends)).logits())
    }

    /// There must be something to read, of the vocabulary, and room for it.
    fn check(&self, config: &Config, tokens: &[Vec<u32>]) -> Result<()> {
        if tokens.len() != self.lengths.len() {
            let wanted = format!("tokens for each of the {} texts", self.lengths.len());
            return Err(Error::input("tokens", wanted, tokens.len().to_string()));
        }
        if tokens.iter().all(Vec::is_empty) {
            return Err(Error::input("tokens", "at least one", "none"));
        }
        for (index, (row, read)) in tokens.iter().zip(&self.lengths).enumerate() {
            let positions = config.max_position_embeddings;
            if read + row.len() > positions {
                return Err(Error::input(
                    format!("text {index}"),
                    format!("at most the model's {positions} tokens"),
                    (read + row.len()).to_string(),
                ));
            }
            if let Some(id) = row.iter().find(|id| **id as usize >= config.vocab_size) {
                let wanted = format!("tokens below the model's {}", config.vocab_size);
                return Err(Error::input(format!("text {index}"), wanted, id.to_string()));
            }
        }
        Ok(())
    }
}
