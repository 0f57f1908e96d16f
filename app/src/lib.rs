//! What the two fronts of Retort are made of.

pub mod address;
pub mod preset;
pub mod protocol;
pub mod state;
pub mod status;
#[cfg(feature = "web")]
pub mod ui;
#[cfg(feature = "web")]
pub mod wire;
#[cfg(feature = "web")]
pub mod worker;
