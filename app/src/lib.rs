//! Retort's two fronts, the command line and the page. Both are thin over `retort_core`.

#[cfg(feature = "cli")]
pub mod cli;
