//! The command line.

use std::process::ExitCode;

/// Steps take and give back the same large pieces of memory again and again: the system's allocator would have
/// the kernel clear their pages each time.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    retort_app::cli::main()
}
