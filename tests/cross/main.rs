//! Tests that cross crates.

mod cli;
mod house;
mod program;
