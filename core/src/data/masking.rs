//! Words to be guessed: some tokens of a batch are hidden, and what they were becomes the label.
//!
//! Devlin et al. 2019, "BERT", section 3.1: of the chosen tokens 80 % become [MASK], 10 % another
//! token, 10 % stay. Drawn anew for every batch ("dynamic masking", Liu et al. 2019, "RoBERTa").

use std::collections::BTreeSet;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use retort_shaders::logit_rows::{LEFT_OUT, UNLABELLED};

use super::{HostBatch, Tokenizer};
use crate::{Error, Result};

/// Which tokens may be hidden, and behind what.
#[derive(Debug, Clone, PartialEq)]
pub struct Masking {
    /// Share of the tokens that is chosen, 0 to 1.
    pub share: f64,
    mask: u32,
    vocabulary: u32,
    special: BTreeSet<u32>,
}

impl Masking {
    /// For a tokenizer; `share` 0 hides nothing.
    ///
    /// # Errors
    /// [`Error::Input`] when something is to be hidden and the vocabulary has no mask token.
    pub fn new(tokenizer: &Tokenizer, share: f64) -> Result<Self> {
        let mask = match tokenizer.mask_id() {
            Some(mask) => mask,
            None if share == 0.0 => tokenizer.pad_id(),
            None => return Err(Error::input("the tokenizer", "a mask token ([MASK] or <mask>)", "none")),
        };
        Ok(Self { share, mask, vocabulary: tokenizer.vocab_size() as u32, special: tokenizer.special_ids() })
    }

    /// The batch with tokens hidden, and a label for every place, `[rows * length]`: the token that
    /// was chosen, −1 at other tokens, −100 at padding. The seed decides.
    pub fn hide(&self, mut batch: HostBatch, seed: u64) -> HostBatch {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut share = || random.next_u32() as f64 / 4_294_967_296.0;
        let places = batch.ids.iter_mut().zip(&batch.mask);
        batch.labels = places
            .map(|(id, &real)| {
                if real == 0.0 {
                    return LEFT_OUT;
                }
                if self.special.contains(&(*id as u32)) || share() >= self.share {
                    return UNLABELLED;
                }
                let was = *id;
                match share() {
                    fate if fate < 0.8 => *id = self.mask as i32,
                    fate if fate < 0.9 => *id = (share() * self.vocabulary as f64) as i32,
                    _ => {}
                }
                was
            })
            .collect();
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokenizer::fixture::WORDPIECE;
    use super::*;

    #[test]
    fn the_chosen_become_the_mask_another_or_stay() {
        let masking = Masking { share: 0.15, mask: 4, vocabulary: 1_000, special: BTreeSet::from([2, 3]) };
        let count = 100_000;
        let batch = HostBatch {
            ids: (0..count).map(|at| if at % 10 == 0 { 2 } else { 10 + at % 7 }).collect(),
            types: vec![0; count as usize],
            mask: (0..count).map(|at| if at % 10 == 9 { 0.0 } else { 1.0 }).collect(),
            labels: vec![0],
            rows: 1,
            length: count as usize,
        };
        let hidden = masking.hide(batch.clone(), 7);
        assert_eq!(hidden, masking.hide(batch.clone(), 7));
        assert_ne!(hidden, masking.hide(batch.clone(), 8));
        let mut counts = [0.0; 4]; // chosen, masked, other, same
        for (at, &label) in hidden.labels.iter().enumerate() {
            let (before, after) = (batch.ids[at], hidden.ids[at]);
            match at % 10 {
                9 => assert_eq!((label, after), (LEFT_OUT, before)),
                0 => assert_eq!((label, after), (UNLABELLED, before)),
                _ if label == UNLABELLED => assert_eq!(after, before),
                _ => {
                    assert_eq!(label, before);
                    counts[0] += 1.0;
                    counts[if after == 4 {
                        1
                    } else if after != before {
                        2
                    } else {
                        3
                    }] += 1.0;
                }
            }
        }
        // 80,000 tokens: five standard deviations are 5 · √(0.15 · 0.85 / 80,000) = 0.0063; of the
        // 12,000 chosen 5 · √(0.8 · 0.2 / 12,000) = 0.018, and 0.014 for a tenth.
        assert!((counts[0] / 80_000.0 - 0.15f64).abs() < 0.0063, "{counts:?}");
        for (got, wanted, allowed) in [(counts[1], 0.8, 0.018), (counts[2], 0.1, 0.014), (counts[3], 0.1, 0.014)] {
            assert!((got / counts[0] - wanted).abs() < allowed, "{counts:?}");
        }
    }

    #[test]
    fn a_vocabulary_without_a_mask_can_only_be_read() {
        let tokenizer = Tokenizer::from_bytes("tokenizer.json", WORDPIECE.as_bytes()).unwrap();
        assert_eq!(Masking::new(&tokenizer, 0.0).unwrap().share, 0.0);
        let error = Masking::new(&tokenizer, 0.15).unwrap_err().to_string();
        assert_eq!(error, "the tokenizer: wanted a mask token ([MASK] or <mask>), found none");
    }
}
