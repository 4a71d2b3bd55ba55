//! `cargo bench`: the default matrix, through criterion and then in interleaved blocks.

use std::process::ExitCode;

use concbench::Harness;

fn main() -> ExitCode {
    Harness::new().default_matrix().main()
}
