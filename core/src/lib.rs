//! Retort's core: distillation of language models on Burn, natively and in the browser.
//!
//! Three nouns carry the design. An [`objective`] is code: one file per method, with its formula
//! and its paper on top. A *phase* is data: an entry of the [`run::Run`] file. A
//! [`train::Chain`] is the one loop that the command line and the page both drive, a step at
//! a time.
//!
//! [`score`] tells what each unit of a model matters, and [`prune`] takes units out.
//!
//! A [`study`] is many runs and what they tell together; an [`archive`] is one run as a file.
//!
//! Where the program runs shows in [`platform`] and nowhere else.

pub mod archive;
pub mod bench;
pub mod checkpoint;
pub mod conformance;
pub mod data;
pub mod error;
pub mod generate;
pub mod kernel;
pub mod loss;
pub mod model;
pub mod objective;
pub mod platform;
pub mod prune;
pub mod readback;
pub mod recipe;
pub mod run;
pub mod score;
pub mod study;
pub mod train;

pub use error::{Error, Result};
