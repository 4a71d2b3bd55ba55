//! What goes wrong, injected on purpose: the program must say so, lose nothing and leave nothing behind.
//!
//! This executable is also the program under test: a command line of concbench with models and workloads that misbehave.
//! Without arguments of that kind it runs the cases: the quick ones as tests, all of them with `--include-ignored`, and
//! with `FAULTS_TABLE` in the environment all of them one by one, with a table of what was injected and what held.

mod cases;
mod channels;
mod clocks;
mod closed;
mod damage;
mod disk;
mod doubles;
mod ends;
mod groups;
mod input;
mod kills;
mod leave;
mod limits;
mod ports;
mod processes;
mod resume;
mod rogue;
mod scene;
mod steps;
mod strangers;
mod stuck;
mod target;
mod terminal;
#[path = "../../crates/sharing/tests/unprotected/mod.rs"]
mod unprotected;
mod user;
mod workloads;

use std::process::ExitCode;

use concbench::Harness;
use concbench::spec::Definition;

/// What makes this executable the program under test, as a command line or as a bench.
const PLAY: &str = "FAULTS_PLAY";
/// What makes it a runner or a worker of that program.
const ROLE: &str = "CONCBENCH_ROLE";

fn main() -> ExitCode {
    let play = std::env::var(PLAY).ok();
    if play.is_none() && std::env::var_os(ROLE).is_none() {
        return cases::main();
    }
    // Only a program under test has a role to play.
    if let Ok(role) = std::env::var(ROLE) {
        rogue::play(&role);
    }
    let harness = Harness::with_model::<doubles::DropTask>()
        .and_model::<doubles::CountTwice>()
        .and_model::<doubles::SwapTask>()
        .and_model::<doubles::ReturnEarly>()
        .and_model::<doubles::Panic>()
        .and_model::<doubles::PanicStart>()
        .and_model::<doubles::ExitZero>()
        .and_model::<doubles::ExitSeven>()
        .and_model::<doubles::Abort>()
        .and_model::<doubles::Overflow>()
        .and_model::<doubles::Refuse>()
        .and_model::<doubles::Hang>()
        .and_model::<doubles::HangStop>()
        .and_model::<doubles::Chatter>()
        .and_model::<doubles::Deadlock>()
        .and_model::<doubles::Devour>()
        .and_model::<doubles::LateAbort>()
        .and_model::<doubles::Spin>()
        .and_model::<doubles::Stumble>()
        .and_model::<doubles::ForkLock>()
        .and_model::<doubles::Rogue>()
        .and_model::<doubles::Bare>()
        .workload_as(of_eight("work"), workloads::Work { pause_us: 0 })
        .workload_as(of_eight("slow"), workloads::Work { pause_us: 20_000 })
        .workload_as(of_eight("fails"), workloads::Fails)
        .workload_as(of_eight("panics"), workloads::Panics)
        .workload_as(of_eight("differs"), workloads::Differs)
        .workload_as(of_eight("daemon"), workloads::Daemon)
        .workload_as(of_eight("sleeps"), workloads::Sleeps)
        .workload_as(of_eight("locks"), workloads::Locks);
    match play.as_deref() {
        Some("bench") => harness.main(),
        _ => harness.cli(),
    }
}

/// Batches of eight tasks.
fn of_eight(name: &str) -> Definition {
    Definition::registered(name).tasks(8)
}
