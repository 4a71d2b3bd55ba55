//! The models beside CPython's standard library and beside hand-written loops: `make versus-python`, and `make overhead`.
//!
//! Each figure is measured in a process of its own. The table, in Markdown, goes to standard output.

mod by_hand;
mod figure;
mod instructions;
mod ours;
mod python;
mod table;
mod work;

use std::process::ExitCode;

use concbench::models::serve_role;

fn main() -> ExitCode {
    if let Some(code) = serve_role(work::Work::from_task_spec) {
        return code;
    }
    if let Some(code) = figure::measure_here() {
        return code;
    }
    if let Some(code) = instructions::answer() {
        return code;
    }
    match table::print() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("models: {error}");
            ExitCode::FAILURE
        }
    }
}
