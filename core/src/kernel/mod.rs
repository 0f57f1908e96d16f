//! Retort's own kernels, bound to Burn: one file per kernel, each with its backward pass written
//! out. On a GPU they run the WGSL of `retort-shaders`, on the CPU plain loops over the same
//! numbers. [`composed`] says the same in Burn's own operations; tests and benchmarks compare.

pub mod composed;
mod cube;
mod dropout;
mod host;
mod linear;
mod logit_rows;
mod product;
mod ranks;
pub(crate) mod work;

pub use dropout::dropout;
pub use linear::{Linear, TileSize, linear_rows, linear_rows_in};
pub use logit_rows::{RowTerms, Setting, fits, logit_rows};
pub use product::{Form, Weights, affine, product};
pub use ranks::ranks;
pub use retort_shaders::divergence::Divergence;

#[cfg(test)]
mod tests;
