//! The command line of concbench, as the tests of this package run it.

use std::process::ExitCode;

use concbench::Harness;

fn main() -> ExitCode {
    Harness::new().default_matrix().cli()
}
