//! Retort's WGSL kernels, each beside a plain twin in `f64` that says what it must compute.
//!
//! Trust climbs: numbers worked out by hand check the twin, the twin checks the WGSL on a device
//! (`tests/twin.rs`), and both check the binding to Burn in the core. Every kernel is literal WGSL
//! with these rules, which `tests/valid.rs` enforces: entry point `main`, a fixed workgroup of at
//! most 256 invocations, at most eight bindings and all of them used, no optional features. Tensors
//! are `storage, read_write`: they are parts of shared buffers, and a buffer has one access mode per
//! dispatch. The numbers of a launch, `info`, come last and are `storage, read`.

pub mod activation;
pub mod adamw;
pub mod attention;
pub mod columns;
pub mod divergence;
pub mod dropout;
pub mod import;
pub mod lanes;
pub mod logit_rows;
pub mod logit_tile;
pub mod norm;
pub mod product;
pub mod ranks;
pub mod softmax;
mod unroll;

/// A kernel: its text and the cases that a device must reproduce.
pub struct Kernel {
    /// The stem of its file.
    pub name: &'static str,
    /// The WGSL, imports resolved.
    pub source: fn() -> String,
    /// Inputs with what the twin makes of them.
    pub cases: fn() -> Vec<Case>,
}

/// Every kernel of the crate.
pub fn kernels() -> impl Iterator<Item = &'static Kernel> {
    const ALONE: &[Kernel] = &[
        logit_rows::FORWARD,
        logit_rows::GRADIENT,
        logit_tile::SUMS,
        logit_tile::MIXTURES,
        logit_tile::STATISTICS,
        attention::MEANS,
        activation::FORWARD,
        activation::GRADIENT,
        adamw::SQUARES,
        adamw::STEP,
        columns::KERNEL,
        norm::COLUMNS,
        dropout::KERNEL,
        ranks::KERNEL,
    ];
    let teams = [&norm::FORWARD, &norm::GRADIENT, &softmax::FORWARD, &softmax::GRADIENT, &adamw::LENGTH];
    let attention = attention::KERNELS.iter().flat_map(|kernels| kernels.all());
    ALONE
        .iter()
        .chain(attention)
        .chain(teams.into_iter().flatten())
        .chain(product::VARIANTS.iter().map(|(_, kernel)| kernel))
}

/// One dispatch with a known outcome.
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// The bindings in order, as 32-bit words.
    pub buffers: Vec<Vec<u32>>,
    /// Which binding holds the outcome, read as `f32`.
    pub output: usize,
    /// Workgroups to dispatch.
    pub groups: [u32; 3],
    /// What the twin computes. A NaN wants a NaN.
    pub wanted: Vec<f64>,
    /// How far off each number may be: this much, and this much times its own size.
    pub allowance: [f64; 2],
}

/// Workgroups in x and y for `count` of them; a device takes at most 65,535 in each direction.
/// There may be a few too many, which kernels check for.
pub fn grid(count: usize) -> [u32; 3] {
    let y = count.div_ceil(65_535).max(1);
    [count.div_ceil(y) as u32, y as u32, 1]
}

/// Numbers between −1 and 1 that depend on the seed alone, for cases.
pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let key = dropout::key(seed);
    let at = |index: u32| dropout::bits(index, key) as f64 / (1u64 << 31) as f64 - 1.0;
    (0..count as u32).map(|index| at(index) as f32).collect()
}

fn words(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|x| x.to_bits()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_grid_covers_every_workgroup() {
        assert_eq!(super::grid(0), [0, 1, 1]);
        assert_eq!(super::grid(65_535), [65_535, 1, 1]);
        // 70,000 = 2 · 35,000
        assert_eq!(super::grid(70_000), [35_000, 2, 1]);
        // 2¹⁷ + 1 = 131,073 = 3 · 43,691
        assert_eq!(super::grid(131_073), [43_691, 3, 1]);
    }
}
