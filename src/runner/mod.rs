//! Measuring: a supervisor that never runs a task itself, and runners, each a fresh process for one observation.
//!
//! - `launcher`: how observations are asked for
//! - `supervisor`, `process`, `target`: the asking side, with deadlines, and nothing left behind
//! - `protocol`: what is said
//! - `child`, `desk`: the answering side
//! - `reference`: what the tasks of a workload return and wait for
//! - `cpu_time`, `memory`: what a runner and the processes below it use
//! - `counters`: what the processor and the kernel count of them

mod child;
pub(crate) mod counters;
pub(crate) mod cpu_time;
mod desk;
mod gap;
pub(crate) mod interrupt;
mod launcher;
pub(crate) mod memory;
mod orphans;
mod process;
pub(crate) mod protocol;
mod reference;
mod supervisor;
mod target;

pub(crate) use child::serve;
pub(crate) use desk::{Bench, CellError, Desk, guarded};
pub(crate) use launcher::{Conversation, Launcher, Reply, Request, RunnerError, Work};
pub(crate) use reference::Reference;
pub(crate) use supervisor::Supervisor;
