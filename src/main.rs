//! The command line of concbench.

use std::process::ExitCode;

use concbench::Harness;

fn main() -> ExitCode {
    Harness::new().default_matrix().cli()
}
