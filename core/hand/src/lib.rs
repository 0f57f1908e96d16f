//! Products of matrices for the processor of a browser, in a module of their own that is built twice: for every browser,
//! and with multiplications that add at once, where there are such. Small enough that every hand of a page can have one.

mod block;
#[cfg(feature = "module")]
mod module;
mod task;
#[cfg(test)]
mod tests;

pub use block::{Lanes, SCRATCH, work};
pub use task::Task;
