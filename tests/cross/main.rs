//! Tests that cross crates.

mod cli;
mod house;
mod hugging_face;
mod program;
