//! Which concurrency model should this work use, on this machine? An answer by measurement.
//!
//! The same task, written once, runs under processes, threads, pools and coroutines. The stages, each of which imports
//! only those to its left:
//!
//! `definitions -> Spec -> Plan (blocks of cells) -> Observation -> Run (record) -> Analysis -> Report`

pub mod analyse;
mod bench;
mod campaign;
mod cmd;
#[cfg(test)]
mod fuzz;
mod harness;
pub mod machine;
pub mod model;
pub mod plan;
mod quote;
pub mod record;
pub mod report;
mod role;
mod runner;
mod selftest;
pub mod server;
pub mod spec;
mod switch;
mod sys;
mod time;

pub use concbench_workloads::{Io, Result, TaskError, Workload};
pub use harness::Harness;
