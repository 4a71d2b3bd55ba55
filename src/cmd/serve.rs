//! `concbench serve`: the HTTP target, by hand.

use std::process::ExitCode;

use super::args::ServeArgs;
use crate::server::{ServeOptions, serve};

pub(super) fn run(arguments: &ServeArgs) -> anyhow::Result<ExitCode> {
    serve(&ServeOptions {
        address: arguments.address,
        threads: arguments.threads,
        allow_stall: arguments.allow_stall,
        ..ServeOptions::default()
    })?;
    Ok(ExitCode::SUCCESS)
}
