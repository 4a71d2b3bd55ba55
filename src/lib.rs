//! Which concurrency model should this work use, on this machine? An answer by measurement.
//!
//! The same task, written once, runs under processes, threads, pools and coroutines. Layers, each of which imports only
//! those above it:
//!
//! - the crates `concbench-workloads`, `-sys`, `-model`, `-sharing`, `-cancellation`, `-models`, `-server`, `-stats`,
//!   `-text`, `-charts`
//! - [`spec`], [`record`], [`machine`]: what is measured, what is kept, and where
//! - `registry`, `runner`: fresh processes that carry out orders
//! - [`batch`]: what several experiments share, batches of tasks under a model
//! - `report`: pages and tables, whatever was measured
//! - `experiment`: the questions
//! - `run`: one run from beginning to end
//! - `selftest`: matrices whose outcome is known, and what is judged by them
//! - `cmd`, `bench`, `harness`: the entries

pub mod batch;
mod bench;
mod cmd;
mod criterion_home;
mod experiment;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod harness;
pub mod machine;
mod printing;
pub mod record;
mod registry;
mod report;
mod roles;
mod run;
mod runner;
mod selftest;
pub mod spec;
mod time;

pub use concbench_model as model;
pub use concbench_models as models;
pub use concbench_server as server;
pub use concbench_workloads::{Io, Layout, Result, Shared, SharingWorkload, TaskError, Workload};
pub use harness::Harness;

/// What can be made of a record: its findings, a page, tables, and figures for other programs; and of several records, a
/// comparison.
///
/// ```no_run
/// let mut record = concbench::record::store::load("reports/latest".as_ref())?;
/// concbench::results::complete(&mut record)?;
/// let page = concbench::results::html(&record)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod results {
    pub use crate::experiment::compare::{
        CompareOptions, CompareRefusal, Compared, ComparedCell, ComparedExperiment, ComparedResponse,
        Contrast, Missing, Objection, ObjectionKind, Place, Regression, compare, comparison_csv,
        comparison_html, comparison_table, write_comparison,
    };
    pub use crate::experiment::{Export, complete, exported, html, observations, text_tables, write_report};
    pub use crate::report::{Format, ReportError};
}
