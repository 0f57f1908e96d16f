//! Which token comes next: the most likely one, or one that is drawn.
//!
//! ```text
//! p_i ∝ exp(logit_i / temperature)
//! ```
//!
//! Of these the `top_k` largest are kept (Fan et al. 2018, "Hierarchical Neural Story Generation"), and
//! of those the fewest that reach `top_p` together (Holtzman et al. 2020, "The Curious Case of Neural
//! Text Degeneration"). Equal ones are kept in the order of their ids.

use std::cmp::Ordering;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::Generation;

/// Draws tokens. Every text has a stream of random numbers of its own, so that what one draws does not
/// depend on how long the others go on.
#[derive(Debug, Clone)]
pub struct Sampler {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    random: Vec<ChaCha8Rng>,
}

impl Sampler {
    /// For so many texts.
    pub fn new(settings: &Generation, texts: usize) -> Self {
        let &Generation { temperature, top_k, top_p, seed, .. } = settings;
        Self { temperature, top_k, top_p, random: streams(seed, 0, texts) }
    }

    /// The token after which `logits` stand, one for each of the vocabulary.
    ///
    /// # Panics
    /// When there is no text of that number, or no logit.
    pub fn choose(&mut self, text: usize, logits: &[f32]) -> u32 {
        let order = |left: &usize, right: &usize| likelier(logits, *left, *right);
        if self.temperature == 0.0 {
            return (0..logits.len()).min_by(order).expect("a vocabulary has tokens") as u32;
        }
        let kept = self.kept(logits);
        let mut left = uniform(&mut self.random[text]) * kept.iter().map(|(_, weight)| weight).sum::<f64>();
        let drawn = kept.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        // Rounding may leave a little at the end.
        drawn.or(kept.last()).expect("one token is always kept").0
    }

    /// The tokens to draw from and their weights, the likeliest first.
    fn kept(&self, logits: &[f32]) -> Vec<(u32, f64)> {
        let order = |left: &usize, right: &usize| likelier(logits, *left, *right);
        let mut ids: Vec<usize> = (0..logits.len()).collect();
        if self.top_k > 0 && self.top_k < ids.len() {
            ids.select_nth_unstable_by(self.top_k - 1, order);
            ids.truncate(self.top_k);
        }
        ids.sort_unstable_by(order);
        let largest = f64::from(logits[ids[0]]);
        // The system's exponential may differ in the last bit.
        let weight = |id: usize| libm::exp((f64::from(logits[id]) - largest) / self.temperature);
        let mut kept: Vec<(u32, f64)> = ids.into_iter().map(|id| (id as u32, weight(id))).collect();
        let enough = self.top_p * kept.iter().map(|(_, weight)| weight).sum::<f64>();
        let mut before = 0.0;
        let count = kept.iter().take_while(|(_, weight)| {
            let needed = before < enough;
            before += weight;
            needed
        });
        let count = count.count().max(1);
        kept.truncate(count);
        kept
    }
}

/// Whose turn it is, where two models write.
#[derive(Debug, Clone)]
pub struct Turns {
    chance: f64,
    random: Vec<ChaCha8Rng>,
}

impl Turns {
    /// The second model has its turn with this chance.
    pub fn new(chance: f64, seed: u64, texts: usize) -> Self {
        Self { chance, random: streams(seed, 1 << 32, texts) }
    }

    /// 0 for the first model, 1 for the second.
    pub fn next(&mut self, text: usize) -> usize {
        usize::from(self.chance > 0.0 && uniform(&mut self.random[text]) < self.chance)
    }
}

/// A stream of random numbers for every text, from `first` on.
fn streams(seed: u64, first: u64, texts: usize) -> Vec<ChaCha8Rng> {
    let stream = |text: usize| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(first + text as u64);
        random
    };
    (0..texts).map(stream).collect()
}

/// In [0, 1).
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Larger logits first; of equal ones the lower id. What is not a number comes last.
fn likelier(logits: &[f32], left: usize, right: usize) -> Ordering {
    let value = |id: usize| if logits[id].is_nan() { f32::NEG_INFINITY } else { logits[id] };
    value(right).total_cmp(&value(left)).then(left.cmp(&right))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities 1/8, 1/2, 1/4, 1/8.
    fn logits() -> [f32; 4] {
        [1.0f32, 4.0, 2.0, 1.0].map(f32::ln)
    }

    fn sampler(top_k: usize, top_p: f64, temperature: f64) -> Sampler {
        Sampler::new(&Generation { temperature, top_k, top_p, seed: 7, ..Generation::default() }, 2)
    }

    fn ids(top_k: usize, top_p: f64) -> Vec<u32> {
        sampler(top_k, top_p, 1.0).kept(&logits()).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn the_likeliest_are_kept() {
        assert_eq!(ids(0, 1.0), [1, 2, 0, 3]);
        assert_eq!(ids(3, 1.0), [1, 2, 0], "of two equal ones the first");
        assert_eq!(ids(9, 1.0), [1, 2, 0, 3]);
        // 1/2 reaches 0.4; 1/2 + 1/4 reaches 0.6.
        assert_eq!(ids(0, 0.4), [1]);
        assert_eq!(ids(0, 0.6), [1, 2]);
        assert_eq!(ids(0, 0.8), [1, 2, 0]);
        // Of the two largest, 2/3 and 1/3.
        assert_eq!(ids(2, 0.6), [1]);
        assert_eq!(ids(2, 0.7), [1, 2]);
    }

    #[test]
    fn without_temperature_the_likeliest_is_chosen() {
        let mut greedy = sampler(0, 1.0, 0.0);
        assert_eq!(greedy.choose(0, &logits()), 1);
        assert_eq!(greedy.choose(0, &[0.0, 3.0, 3.0]), 1, "of two equal ones the first");
        assert_eq!(greedy.choose(0, &[f32::NAN, -3.0]), 1);
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        // At temperature 1/2 the odds 1 : 4 : 2 : 1 are squared: 1 : 16 : 4 : 1, of 22.
        let mut sampler = sampler(0, 1.0, 0.5);
        let mut counts = [0; 4];
        for _ in 0..22_000 {
            counts[sampler.choose(0, &logits()) as usize] += 1;
        }
        for (count, want) in counts.into_iter().zip([1000.0f64, 16_000.0, 4000.0, 1000.0]) {
            // Five standard deviations of a count.
            assert!((f64::from(count) - want).abs() < 5.0 * want.sqrt(), "{counts:?}");
        }
    }

    #[test]
    fn turns_come_as_often_as_their_chance() {
        let mut turns = Turns::new(0.25, 3, 2);
        let count: usize = (0..4000).map(|_| turns.next(1)).sum();
        // Five standard deviations: 5 · √(4000 · 3/16)
        assert!(count.abs_diff(1000) < 137, "{count}");
        assert!((0..100).all(|_| Turns::new(0.0, 3, 1).next(0) == 0));
        assert!((0..100).all(|_| Turns::new(1.0, 3, 1).next(0) == 1));
    }

    #[test]
    fn every_text_has_its_own_draws() {
        let draw = |sampler: &mut Sampler, text| (0..20).map(|_| sampler.choose(text, &logits())).collect::<Vec<_>>();
        let mut alone = sampler(0, 1.0, 1.0);
        let first = draw(&mut alone, 0);
        let mut together = sampler(0, 1.0, 1.0);
        let other = draw(&mut together, 1);
        assert_eq!(draw(&mut together, 0), first);
        assert_ne!(other, first);
    }
}
