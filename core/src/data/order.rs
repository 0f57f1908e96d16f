//! The order in which sentences are met: a function of the seed alone, the same natively and in
//! the browser, and any batch of it is reached without walking there.
//!
//! An epoch is one random permutation, cut into pools of [`POOL`] batches. A pool is sorted by
//! length so that a batch pads little, and the batches of all pools are then shuffled.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Batches that are sorted by length together. Larger pads less; smaller mixes more.
const POOL: usize = 32;

/// The stream of [`first`]; epochs use the streams from 0 upwards.
const SUBSET: u64 = u64::MAX;

/// Batches of similar length in a seeded order.
#[derive(Debug, Clone)]
pub struct Order {
    lengths: Vec<usize>,
    /// Those that are met.
    rows: Vec<usize>,
    batch: usize,
    seed: u64,
    /// The epoch that was asked for last, so that its permutation is drawn once.
    epoch: Option<(usize, Vec<Vec<usize>>)>,
}

impl Order {
    /// An order over sentences of these `lengths` (in tokens), `batch` of them at a time.
    pub fn new(lengths: &[usize], batch: usize, seed: u64) -> Self {
        let rows = (0..lengths.len()).collect();
        Self { lengths: lengths.to_vec(), rows, batch: batch.max(1), seed, epoch: None }
    }

    /// The same over some of the sentences only.
    pub fn among(self, rows: Vec<usize>) -> Self {
        Self { rows, epoch: None, ..self }
    }

    /// Batches in a pass over all sentences; the last partial one counts.
    pub fn batches_per_epoch(&self) -> usize {
        self.rows.len().div_ceil(self.batch)
    }

    /// The sentences of batch `index`, counted over all epochs from 0. Empty when there are no
    /// sentences at all.
    pub fn batch(&mut self, index: usize) -> Vec<usize> {
        let per_epoch = self.batches_per_epoch();
        if per_epoch == 0 {
            return vec![];
        }
        let epoch = index / per_epoch;
        let batches = match self.epoch.take() {
            Some((at, batches)) if at == epoch => batches,
            _ => self.draw(epoch),
        };
        let rows = batches[index % per_epoch].clone();
        self.epoch = Some((epoch, batches));
        rows
    }

    /// All batches of one epoch.
    fn draw(&self, epoch: usize) -> Vec<Vec<usize>> {
        let mut random = random(self.seed, epoch as u64);
        let mut rows = self.rows.clone();
        shuffle(&mut random, &mut rows);
        let mut batches = vec![];
        for pool in rows.chunks_mut(self.batch.saturating_mul(POOL)) {
            // Stable: sentences of one length stay in their random order.
            pool.sort_by_key(|&row| self.lengths[row]);
            batches.extend(pool.chunks(self.batch).map(<[usize]>::to_vec));
        }
        shuffle(&mut random, &mut batches);
        batches
    }
}

/// The first `limit` of `count` sentences in the seeded order, ascending: the part of the
/// training split that `data.limit` leaves. A larger limit contains every smaller one.
pub fn first(count: usize, limit: usize, seed: u64) -> Vec<usize> {
    let mut rows = shuffled(count, seed);
    rows.truncate(limit);
    rows.sort_unstable();
    rows
}

/// The numbers below `count` in an order of their own.
pub fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..count).collect();
    shuffle(&mut random(seed, SUBSET), &mut rows);
    rows
}

/// ChaCha with 8 rounds: the seed fills the first 8 bytes of its key, the rest says what it is for.
fn random(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut key = *b"........retort: order of batches";
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(stream);
    random
}

/// Fisher and Yates, from the back. Written out because library shuffles change between versions
/// and draw by the width of `usize`, which differs in the browser.
fn shuffle<T>(random: &mut ChaCha8Rng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        // A 64-bit fraction times (last + 1), rounded down; its bias is below (last + 1) / 2^64.
        let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        items.swap(last, other as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The literal orders below come from an independent ChaCha8 and Fisher-Yates written in
    /// another language: they hold on every platform and change if the algorithm does.
    #[test]
    fn the_order_is_this_one() {
        let lengths = [3, 9, 4, 4, 7, 3, 8];
        let mut order = Order::new(&lengths, 2, 1);
        let epoch: Vec<_> = (0..4).map(|index| order.batch(index)).collect();
        assert_eq!(epoch, [vec![0, 5], vec![3, 2], vec![1], vec![4, 6]]);
        let epoch: Vec<_> = (4..8).map(|index| order.batch(index)).collect();
        assert_eq!(epoch, [vec![1], vec![2, 3], vec![0, 5], vec![4, 6]]);
        assert_eq!(first(10, 4, 1), [1, 5, 6, 9]);
    }

    #[test]
    fn every_sentence_once_an_epoch_and_the_partial_batch_is_kept() {
        let lengths: Vec<usize> = (0..1003).map(|row| 5 + row * 7 % 40).collect();
        let mut order = Order::new(&lengths, 8, 9);
        assert_eq!(order.batches_per_epoch(), 126); // 125 * 8 + 3
        for epoch in 0..3 {
            let batches: Vec<_> = (0..126).map(|index| order.batch(epoch * 126 + index)).collect();
            assert_eq!(batches.iter().filter(|batch| batch.len() == 3).count(), 1);
            let mut rows = batches.concat();
            rows.sort_unstable();
            assert_eq!(rows, (0..1003).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_batch_is_reached_without_walking_there() {
        let lengths: Vec<usize> = (0..50).map(|row| row % 9).collect();
        let mut walked = Order::new(&lengths, 4, 3);
        let all: Vec<_> = (0..40).map(|index| walked.batch(index)).collect();
        for index in [39, 0, 27, 13, 12, 26] {
            assert_eq!(Order::new(&lengths, 4, 3).batch(index), all[index]);
            assert_eq!(walked.batch(index), all[index]);
        }
        assert_ne!(all[..13], all[13..26], "two epochs have the same order");
        assert_ne!(Order::new(&lengths, 4, 4).batch(0), all[0], "two seeds have the same order");
    }

    #[test]
    fn batches_hold_sentences_of_similar_length() {
        let lengths: Vec<usize> = (0..960).map(|row| row * 31 % 60).collect();
        let mut order = Order::new(&lengths, 10, 5);
        let spread = |rows: &[usize]| {
            let of = |row: &usize| lengths[*row];
            rows.iter().map(of).max().unwrap() - rows.iter().map(of).min().unwrap()
        };
        let mean = (0..96).map(|index| spread(&order.batch(index))).sum::<usize>() as f64 / 96.0;
        // 320 sentences sorted over 60 lengths: ten of them span about 60 / 32 = 2 lengths, where
        // ten at random would span 60 * 9 / 11 = 49.
        assert!(mean < 4.0, "a batch spans {mean} tokens");
    }

    #[test]
    fn a_larger_limit_contains_the_smaller() {
        let small = first(100, 10, 7);
        let large = first(100, 30, 7);
        assert_eq!((small.len(), large.len()), (10, 30));
        assert!(small.iter().all(|row| large.contains(row)));
        assert_eq!(first(3, 10, 7), [0, 1, 2]);
    }
}
