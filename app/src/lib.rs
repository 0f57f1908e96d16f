//! Retort's two fronts, the command line and the page. Both are thin over `retort_core`.

pub mod address;
#[cfg(feature = "cli")]
pub mod cli;
pub mod draw;
pub mod exhibits;
pub mod library;
pub mod listed;
pub mod preset;
pub mod prompt;
pub mod protocol;
pub mod report;
pub mod state;
pub mod status;
pub mod terms;
#[cfg(feature = "page")]
pub mod ui;
#[cfg(any(feature = "page", test))]
pub mod unpack;
#[cfg(feature = "web")]
pub mod wire;
#[cfg(feature = "worker")]
pub mod worker;
