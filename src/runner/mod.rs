//! Measuring: a supervisor that never runs a task itself, and runners, each a fresh process for one observation.
//!
//! - `launcher`: how observations are asked for
//! - `supervisor`, `process`, `target`: the asking side, with deadlines, and nothing left behind
//! - `supplies`, `files`: what tasks need that their runner has not
//! - `apart`: a core for the target alone
//! - `undisturbed`, `gap`: attempts that the machine slept through are made again
//! - `protocol`: what is said
//! - `child`, `desk`: the answering side
//! - `mark`, `orphans`: what is ours of what is left behind
//! - `spoken`: our own models as a runner in another language has its, over plain lines
//! - `reference`: what the tasks of a workload return and wait for
//! - `cpu_time`, `memory`: what a runner and the processes below it use
//! - `counters`: what the processor and the kernel count of them

mod apart;
mod child;
pub(crate) mod counters;
pub(crate) mod cpu_time;
mod desk;
mod files;
mod gap;
pub(crate) mod interrupt;
mod launcher;
mod mark;
pub(crate) mod memory;
mod orphans;
mod process;
pub(crate) mod protocol;
mod reference;
mod spoken;
mod supervisor;
mod supplies;
mod target;
mod undisturbed;

pub(crate) use child::serve;
pub(crate) use desk::{Bench, CellError, Desk, guarded};
pub(crate) use launcher::{Conversation, Launcher, Reply, Request, RunnerError, Work};
pub(crate) use orphans::{Orphans, with_nothing_left};
pub(crate) use reference::Reference;
pub(crate) use spoken::speak;
pub(crate) use supervisor::{SuperviseError, Supervisor, require_place};
pub(crate) use target::{Address, BUSY, Target};
