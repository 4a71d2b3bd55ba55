//! What follows from the loads on a model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model of a workload under its loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ModelLatency {
    /// The workload's name.
    pub(crate) workload: String,
    /// The model's id.
    pub(crate) model: String,
    /// How many workers it had.
    pub(crate) workers: u64,
    /// How many tasks a second it finished when many were due at once: what the shares of the loads are shares of.
    pub(crate) capacity_per_s: Option<f64>,
    /// The closed load, for comparison: batches one after the other, and latency from when a task is begun; `null` where
    /// it was not measured.
    pub(crate) closed: Option<LoadSummary>,
    /// The open loads, by ascending rate.
    pub(crate) open: Vec<OpenLoad>,
    /// The highest rate that it serves without latency giving way.
    pub(crate) knee: Option<Knee>,
    /// Why there is none, if there is none.
    pub(crate) refusal: Option<String>,
}

/// Tasks that are due at a fixed rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OpenLoad {
    /// The rate as a share of the capacity.
    pub(crate) share: f64,
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
    /// How many were done each second.
    pub(crate) done_per_s: f64,
    /// The median latency, in nanoseconds.
    pub(crate) p50_ns: f64,
    /// The 90th percentile; `null` for fewer than 20 tasks.
    pub(crate) p90_ns: Option<f64>,
    /// The 99th; `null` for fewer than 100.
    pub(crate) p99_ns: Option<f64>,
    /// The 99.9th; `null` for fewer than 1000.
    pub(crate) p999_ns: Option<f64>,
    /// The longest.
    pub(crate) max_ns: f64,
    /// The lowest and the highest 99th percentile of a single block; `null` where a block has fewer than 100 tasks.
    pub(crate) p99_blocks_ns: Option<(f64, f64)>,
    /// The share of tasks that were queued, 0 to 1.
    pub(crate) queued: f64,
    /// The share of tasks that were waited for and begun late, 0 to 1.
    pub(crate) late: f64,
    /// The latency that all but one task in so many stay below, by ascending rarity.
    pub(crate) curve: Vec<OneIn>,
    /// What limits the load other than the model, if anything does: the generator or the target.
    pub(crate) saturated: Vec<String>,
}

/// A point on the curve of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OneIn {
    /// One task in so many takes longer.
    pub(crate) tasks: f64,
    /// Than this, in nanoseconds.
    pub(crate) ns: f64,
}

/// Where latency gives way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Knee {
    /// The highest rate at which tasks are done as fast as they are due and their latency stays low, in tasks a second.
    pub(crate) rate_per_s: f64,
    /// The same as a share of the capacity.
    pub(crate) share: f64,
    /// Whether it is the highest rate that was tried, so that the knee lies beyond.
    pub(crate) beyond: bool,
}
