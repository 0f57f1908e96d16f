//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    retort_app::cli::main()
}
