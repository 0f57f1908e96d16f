//! Ctrl-C: once asks for a stop between two steps, twice stops at once.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use retort_core::{Error, Result, platform::process};

static ASKED: AtomicBool = AtomicBool::new(false);
static LEFT: AtomicBool = AtomicBool::new(false);
static SAYS: Mutex<&str> = Mutex::new("");

/// Listens for Ctrl-C from now on; `what` says what the first one does.
pub fn listen(what: &'static str) -> Result<()> {
    says(what);
    ctrlc::set_handler(move || {
        if ASKED.swap(true, Ordering::SeqCst) {
            #[expect(clippy::disallowed_methods, reason = "asked twice: now, not after the step")]
            std::process::exit(130);
        }
        let what = *SAYS.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("\nretort: {what}; Ctrl-C again stops at once");
    })
    .map_err(|error| Error::device("Ctrl-C", error))
}

/// What the first Ctrl-C does from now on.
pub fn says(what: &'static str) {
    *SAYS.lock().unwrap_or_else(PoisonError::into_inner) = what;
}

/// Takes the end of standard input for a stop that was asked for.
pub fn heed_end_of_input() {
    process::at_end_of_input(|| LEFT.store(true, Ordering::SeqCst));
}

/// Whether a stop was asked for.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst) || LEFT.load(Ordering::SeqCst)
}
