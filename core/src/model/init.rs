//! First weights, drawn on the host so that every device starts from the same bits.
//!
//! As `transformers` does it: matrices and embeddings normal with the configuration's standard
//! deviation, the padding token's embedding zero in the families that know of one, biases zero, norms
//! one and zero. GPT-2's matrices that add to the residual stream are smaller by the root of how many
//! there are (Radford et al. 2019, section 2.3).

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use sha2::{Digest, Sha256};

use super::{Config, Family};

/// What a family calls word embeddings that have a padding token.
const PADDED: [&str; 2] = ["word_embeddings.weight", "embed_tokens.weight"];

/// Values for the parameter `name` of `shape`.
///
/// They depend on the seed, the name and the shape alone, but for the scale of GPT-2's: a layer starts
/// the same however many layers there are.
pub fn draw(config: &Config, seed: u64, name: &str, shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    if name.ends_with(".bias") {
        return vec![0.0; count];
    }
    // Of all weights, only those of norms are no matrices.
    if shape.len() == 1 {
        return vec![1.0; count];
    }
    let residual = config.family == Family::Gpt2 && name.ends_with("c_proj.weight");
    let scale = if residual { (2.0 * config.num_hidden_layers as f64).sqrt() } else { 1.0 };
    let deviation = config.initializer_range / scale;
    let mut normal = Normal::new(seed, name);
    let mut values: Vec<f32> = (0..count).map(|_| (deviation * normal.next()) as f32).collect();
    if let (Some(pad), true) = (config.pad_token_id, PADDED.iter().any(|padded| name.ends_with(padded))) {
        let width = shape.last().copied().unwrap_or(0);
        values.iter_mut().skip(pad.saturating_mul(width)).take(width).for_each(|value| *value = 0.0);
    }
    values
}

/// Standard normal numbers by Marsaglia's polar method. Its logarithm is computed in software, as
/// the system's may differ in the last bit.
struct Normal {
    random: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    fn new(seed: u64, name: &str) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let digest = Sha256::digest(name.as_bytes());
        random.set_stream(digest.iter().take(8).fold(0, |stream, &byte| stream << 8 | u64::from(byte)));
        Self { random, spare: None }
    }

    /// Uniform in [−1, 1).
    fn uniform(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.uniform(), self.uniform());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_normal_and_the_padding_is_zero() {
        let config = Config::classifier(1000, 16, &["a".into(), "b".into()]);
        let name = "bert.embeddings.word_embeddings.weight";
        let values = draw(&config, 3, name, &[1000, 768]);
        assert!(values[..768].iter().all(|&value| value == 0.0));
        let drawn: Vec<f64> = values[768..].iter().map(|&value| f64::from(value)).collect();
        let count = drawn.len() as f64;
        let mean = drawn.iter().sum::<f64>() / count;
        let deviation = (drawn.iter().map(|value| value * value).sum::<f64>() / count).sqrt();
        // 767,232 numbers: the mean's own deviation is 0.02 / 876, that of the deviation 0.02 / 1239.
        assert!(mean.abs() < 5.0 * 0.02 / 876.0, "{mean}");
        assert!((deviation - 0.02).abs() < 5.0 * 0.02 / 1239.0, "{deviation}");
        // Two in three within one deviation, and some beyond three.
        let within = drawn.iter().filter(|value| value.abs() < 0.02).count() as f64 / count;
        assert!((within - 0.6827).abs() < 0.003, "{within}");
        assert!(drawn.iter().any(|value| value.abs() > 0.06));
    }

    #[test]
    fn the_draw_depends_on_seed_and_name() {
        let config = Config::classifier(30, 16, &["a".into(), "b".into()]);
        let of = |seed, name: &str| draw(&config, seed, name, &[4, 4]);
        assert_eq!(of(1, "classifier.weight"), of(1, "classifier.weight"));
        assert_ne!(of(1, "classifier.weight"), of(2, "classifier.weight"));
        assert_ne!(of(1, "classifier.weight"), of(1, "bert.pooler.dense.weight"));
        assert_eq!(of(1, "classifier.bias"), [0.0; 16]);
        assert_eq!(draw(&config, 1, "bert.embeddings.LayerNorm.weight", &[4]), [1.0; 4]);
    }

    #[test]
    fn families_differ_in_scale_and_padding() {
        let config = |json: &str| Config::from_json("config.json", json.as_bytes()).unwrap();
        // Eight layers: the root of sixteen.
        let mut gpt2 = config(r#"{"model_type": "gpt2", "n_layer": 8, "initializer_range": 0.5}"#);
        let name = "transformer.h.0.mlp.c_proj.weight";
        let small = draw(&gpt2, 1, name, &[2, 2]);
        gpt2.family = Family::Llama;
        let large = draw(&gpt2, 1, name, &[2, 2]);
        assert!(small.iter().zip(large).all(|(small, large)| (4.0 * small - large).abs() < 1e-6));

        let opt = config(r#"{"model_type": "opt"}"#);
        let word = draw(&opt, 1, "model.decoder.embed_tokens.weight", &[3, 2]);
        assert_eq!(word[2..4], [0.0, 0.0], "the padding token is number 1");
        assert!(word.iter().filter(|value| **value != 0.0).count() == 4);
        assert!(draw(&opt, 1, "model.decoder.embed_positions.weight", &[3, 2]).iter().all(|value| *value != 0.0));
    }

    #[test]
    fn the_first_numbers_are_the_same_on_every_platform() {
        // From an implementation of ChaCha8, the seeding and the polar method in Python.
        let mut normal = Normal::new(1, "classifier.weight");
        let bits: Vec<u64> = (0..3).map(|_| normal.next().to_bits()).collect();
        assert_eq!(bits, [4599837915024644640, 13830255547146791819, 13818687712411415850]);
    }
}
