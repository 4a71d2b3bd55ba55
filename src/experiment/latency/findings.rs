//! What follows from the loads on a model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schedule::Spacing;

/// A model of a workload under its loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ModelLatency {
    /// The workload's name.
    pub(crate) workload: String,
    /// The model's id.
    pub(crate) model: String,
    /// How many workers it had.
    pub(crate) workers: u64,
    /// How many tasks a second it sustains: done as fast as they are due; `null` where that was not found.
    pub(crate) sustained_per_s: Option<f64>,
    /// What limits that other than the model, if anything does; or why it is not known.
    pub(crate) limited: Option<String>,
    /// How many cores it keeps busy when it has nothing to do; `null` where that is not known.
    pub(crate) idle_cpu: Option<f64>,
    /// The closed load, for comparison: batches one after the other, and latency from when a task is begun; `null` where
    /// it was not measured.
    pub(crate) closed: Option<LoadSummary>,
    /// The open loads, in the order of the cells.
    pub(crate) open: Vec<OpenLoad>,
    /// The highest share of what it sustains at which latency stays low.
    pub(crate) knee: Option<Knee>,
    /// Why there is none, if there is none.
    pub(crate) refusal: Option<String>,
}

/// Tasks that come at a rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OpenLoad {
    /// The load, as in the cell.
    pub(crate) load: String,
    /// How far apart tasks come.
    pub(crate) spacing: Spacing,
    /// The rate as a share of what the model sustains; `null` for one that is the same for all.
    pub(crate) share: Option<f64>,
    /// How many tasks are due each second; `null` where it was not measured.
    pub(crate) rate_per_s: Option<f64>,
    /// What follows from all observations; `null` where it was not measured.
    pub(crate) summary: Option<LoadSummary>,
}

/// What follows from the observations of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LoadSummary {
    /// How many tasks all observations have together.
    pub(crate) tasks: u64,
    /// How many were done each second: the median of the rounds.
    pub(crate) done_per_s: f64,
    /// The median latency, in nanoseconds.
    pub(crate) p50_ns: f64,
    /// The 90th percentile; `null` for fewer than 20 tasks.
    pub(crate) p90_ns: Option<f64>,
    /// The 99th; `null` for fewer than 299.
    pub(crate) p99_ns: Option<f64>,
    /// What the 99th does not exceed with 95 %, whatever the distribution; `null` for fewer than 299.
    pub(crate) p99_bound_ns: Option<f64>,
    /// The longest.
    pub(crate) max_ns: f64,
    /// The CPU time of a task, in nanoseconds; `null` where it is not known.
    pub(crate) task_cpu_ns: Option<f64>,
    /// The share of tasks that were begun more than a millisecond after the model had them, 0 to 1.
    pub(crate) queued: f64,
    /// The share of tasks with which the dispatcher was late, 0 to 1.
    pub(crate) late: f64,
    /// By how much it was late with one in a hundred, in nanoseconds, in the worst round; `null` where none was due.
    pub(crate) late_p99_ns: Option<f64>,
    /// The share of the time in which the target computed, 0 to 1; `null` where it is not known.
    pub(crate) target_busy: Option<f64>,
    /// What else it is that this shows, if anything: a late dispatcher, or a target that limits.
    pub(crate) remarks: Vec<String>,
}

/// Where latency gives way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Knee {
    /// The highest share of what the model sustains at which latency stays low in most rounds.
    pub(crate) share: f64,
    /// The same in tasks a second.
    pub(crate) rate_per_s: f64,
    /// Whether it is the highest that was tried.
    pub(crate) highest: bool,
}
