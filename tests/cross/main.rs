//! Tests that cross crates.

mod hugging_face;
