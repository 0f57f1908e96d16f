//! Twin of `dropout.wgsl`: a mask that is a function of seed and position.

use crate::{Case, Kernel, grid, import::resolve, noise, words};

/// The kernel.
pub const KERNEL: Kernel = Kernel { name: "dropout", source, cases };

/// Its WGSL.
pub fn source() -> String {
    resolve(include_str!("dropout.wgsl"))
}

/// Invocations per workgroup.
pub const GROUP: usize = 256;

/// The seed spread over two words, so that seeds next to each other give unrelated masks
/// (SplitMix64; Steele, Lea and Flood 2014).
pub fn key(seed: u64) -> [u32; 2] {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    [x as u32, (x >> 32) as u32]
}

/// The finaliser of MurmurHash3.
#[inline(always)]
fn mixed(word: u32) -> u32 {
    let mut x = word;
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

/// 32 bits for a position.
#[inline(always)]
pub fn bits(index: u32, key: [u32; 2]) -> u32 {
    mixed(mixed(index ^ key[0]).wrapping_add(key[1]))
}

/// What a position's bits must reach for it to be kept, for 0 ≤ p < 1.
pub fn threshold(p: f64) -> u32 {
    (p * 2f64.powi(32)).round() as u32
}

/// What a kept number is multiplied by.
pub fn scale(p: f64) -> f32 {
    (1.0 / (1.0 - p)) as f32
}

/// The info buffer.
pub fn info(count: usize, p: f64, seed: u64) -> [u32; 5] {
    let key = key(seed);
    [count as u32, key[0], key[1], threshold(p), scale(p).to_bits()]
}

/// `x · keep / (1 − p)`, elementwise.
pub fn dropout(x: &[f32], p: f64, seed: u64) -> Vec<f32> {
    let (key, threshold, scale) = (key(seed), threshold(p), scale(p));
    let kept = |index| bits(index, key) >= threshold;
    x.iter().zip(0..).map(|(x, index)| if kept(index) { x * scale } else { 0.0 }).collect()
}

fn cases() -> Vec<Case> {
    let sizes = [(1, 0.5), (255, 0.1), (256, 0.0), (1_000, 0.3), (16_777_216, 0.1)];
    let case = |(count, p): (usize, f64)| {
        let seed = 7 + count as u64;
        let input = noise(seed, count);
        let wanted = dropout(&input, p, seed).into_iter().map(f64::from).collect();
        Case {
            name: format!("{count} numbers, p = {p}"),
            buffers: vec![words(&input), vec![0; count], info(count, p, seed).to_vec()],
            output: 1,
            groups: grid(count.div_ceil(GROUP)),
            wanted,
            allowance: [0.0, 0.0],
        }
    };
    sizes.into_iter().map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_numbers_are_scaled_and_the_share_is_right() {
        let kept = dropout(&vec![1.0; 100_000], 0.2, 3);
        assert!(kept.iter().all(|&x| x == 0.0 || x == 1.25)); // 1 / 0.8
        let share = kept.iter().filter(|&&x| x > 0.0).count() as f64 / 1e5;
        // Five standard deviations of a mean of 100,000 draws: 5 · √(0.2 · 0.8 / 100,000) = 0.0063.
        assert!((share - 0.8).abs() < 0.0063, "{share}");
    }

    #[test]
    fn neighbouring_seeds_and_positions_are_unrelated() {
        let mask = |seed| dropout(&vec![1.0; 100_000], 0.5, seed);
        let agree = |a: &[f32], b: &[f32]| a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64;
        let (one, two) = (mask(1), mask(2));
        // Half the positions agree by chance; five deviations are 5 · √(0.25 / 100,000) = 0.0079.
        assert!((agree(&one, &two) - 0.5).abs() < 0.0079);
        assert!((agree(&one[1..], &one[..one.len() - 1]) - 0.5).abs() < 0.0079);
        // Nor is one mask the other with its positions swapped in pairs.
        let swapped: Vec<f32> = one.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        assert!((agree(&swapped, &two) - 0.5).abs() < 0.0079);
    }

    #[test]
    fn no_dropout_changes_nothing() {
        assert_eq!(dropout(&[1.5, -2.0], 0.0, 9), [1.5, -2.0]);
    }

    #[test]
    fn the_mix_is_the_published_one() {
        // MurmurHash3's fmix32: 0 stays 0, and fmix32(1) = 0x514e28b7.
        assert_eq!([mixed(0), mixed(1)], [0, 0x514e_28b7]);
    }
}
