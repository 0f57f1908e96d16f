//! Ctrl-C: once asks for a stop between two steps, twice stops at once.

use std::sync::atomic::{AtomicBool, Ordering};

use retort_core::{Error, Result};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            #[expect(clippy::disallowed_methods, reason = "asked twice: now, not after the step")]
            std::process::exit(130);
        }
        eprintln!("\nretort: stopping after this step; Ctrl-C again stops at once");
    })
    .map_err(|error| Error::device("Ctrl-C", error))
}

/// Whether a stop was asked for.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
