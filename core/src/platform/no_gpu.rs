//! A build without graphics: what [`super`] asks of adapters, where there can be none.

use super::{Adapter, Opened};
use crate::{Error, Result};

/// An adapter, of which there is none.
pub struct Found {
    pub about: Adapter,
}

/// No adapter answers.
pub async fn graphics() -> Vec<Found> {
    vec![]
}

/// Nothing can be opened.
pub async fn open(found: Found, _why: String) -> Result<Opened> {
    Err(Error::device(found.about.name, "this program was built without graphics (feature `gpu`)"))
}

/// Kernels are made for the processor alone.
pub fn imitates() -> bool {
    false
}

/// Nothing can go wrong on what is not there.
pub fn trouble() -> Option<String> {
    None
}
