//! Every model keeps the same promises. A model that is added to the catalogue is tested here without another line.
//!
//! Each trial is one model under one check, in a fresh process: forking needs a process with one thread, some executors
//! last as long as their process, and a model that hangs must not take the others with it.

mod checks;
mod crowd;
mod kill;
mod probe;
mod resources;
mod trial;

use std::process::ExitCode;

use concbench::models::{BuiltIn, Catalogue, serve_role};

use probe::Probe;

fn main() -> ExitCode {
    if let Some(code) = serve_role(Probe::from_task_spec) {
        return code;
    }
    if let Some(code) = trial::run_here() {
        return code;
    }
    let trials = BuiltIn::infos().iter().flat_map(trial::of).collect();
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit_code()
}
