//! The command line.

use std::process::ExitCode;

/// Steps take and give back the same large pieces of memory again and again: the system's allocator would have
/// the kernel clear their pages each time.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, which the crate does not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    #[allow(unsafe_code, reason = "the allocator's own function, which only keeps a number")]
    // SAFETY: it may be called at any time.
    unsafe {
        // Memory that a step gave back is what the next one takes: never returned to the system.
        libmimalloc_sys::mi_option_set(PURGE_DELAY, -1);
    }
    retort_app::cli::main()
}
