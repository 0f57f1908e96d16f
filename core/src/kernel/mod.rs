//! Retort's own kernels, bound to Burn: one file per kernel, each with its backward pass written
//! out. On a GPU they run the WGSL of `retort-shaders`, on the CPU plain loops over the same
//! numbers. [`composed`] says the same in Burn's own operations; tests and benchmarks compare.

mod activation;
mod adamw;
mod attention;
pub mod composed;
#[cfg(feature = "gpu")]
mod cube;
mod dropout;
mod gemm;
mod host;
mod linear;
mod logit_rows;
mod norm;
mod product;
mod ranks;
mod softmax;
#[cfg(feature = "gpu")]
pub(crate) mod work;

pub use activation::{Bend, activation};
pub use adamw::{Step, Stepped, adamw, length};
pub use attention::{Setting as Attending, attends, attention, fuses};
pub use dropout::dropout;
pub use linear::{Linear, TileSize, linear_rows, linear_rows_in};
pub use logit_rows::{RowTerms, Setting, fits, logit_rows};
pub use norm::layer_norm;
pub use product::{Form, Weights, affine, product};
pub use ranks::ranks;
pub use retort_shaders::divergence::Divergence;
pub use softmax::masked_softmax;

#[cfg(test)]
mod layer_tests;
#[cfg(test)]
mod tests;
