//! Tests that cross crates.

mod archive;
mod chain;
mod cli;
mod companions;
mod companions_articles;
mod conformance;
mod exhibits;
mod house;
mod hugging_face;
mod hyperqueue;
mod look;
mod misfits;
mod own;
mod plain;
mod program;
mod prune;
mod recipes;
mod score;
mod serve;
mod study;
mod text;
mod words;
