//! Reports: what came of a run, of STARK's runs or of a study, as a page that stands alone or as Markdown.
//!
//! Values go in, a [`Document`] comes out, and text is made of it: no file is read and nothing is computed on, so the
//! page and the command line write the very same report.

mod document;
mod html;
mod markdown;
mod run;
mod seeds;
pub mod settings;
mod stark;
mod study;

pub use document::{Block, Document};
pub use html::html;
pub use markdown::markdown;
pub use run::{Account, of_run};
pub use seeds::of_seeds;
pub use stark::of_stark;
pub use study::of_study;
