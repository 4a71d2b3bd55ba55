//! Latency under an open load: what a sweep of rates left behind.

use serde::{Deserialize, Serialize};

use super::{Histogram, Status};

/// A sweep of the rate at which tasks are due, under every model that can serve them, apart from the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How often each load was put on each cell, every time in a fresh runner.
    pub rounds: u32,
    /// The ranked cells of the workloads that ask a server, in the order of the matrix.
    pub cells: Vec<LatencyCell>,
}

/// One cell under its loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyCell {
    /// The cell's id in the matrix.
    pub cell: String,
    /// The workload's name.
    pub workload: String,
    /// The model's id.
    pub model: String,
    /// How many workers the model had.
    pub workers: u64,
    /// How it ended.
    pub status: Status,
    /// Why, for everything but `ok`.
    pub reason: Option<String>,
    /// How many tasks a second it finished when many were due at once: what the shares of the loads are shares of.
    pub capacity_per_s: Option<f64>,
    /// The closed load, for comparison: the batches of the matrix one after the other, and latency from when a task is
    /// begun.
    pub closed: LoadRecord,
    /// The open loads, by ascending rate.
    pub open: Vec<LoadRecord>,
    /// The highest rate that it serves without latency giving way.
    pub knee: Option<Knee>,
    /// Why there is none, if there is none.
    pub refusal: Option<String>,
}

/// One load on one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// The rate as a share of the capacity; `null` for a closed load.
    pub share: Option<f64>,
    /// How many tasks are due each second; `null` for a closed load.
    pub rate_per_s: Option<f64>,
    /// What each fresh runner saw.
    pub observations: Vec<LoadObservation>,
    /// What follows from all of them; `null` where there is no observation.
    pub summary: Option<LoadSummary>,
}

/// What one fresh runner saw of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadObservation {
    /// The round, from 0.
    pub round: u32,
    /// How many tasks were due, and done.
    pub tasks: u64,
    /// From when the first was due until the last was done, in nanoseconds.
    pub elapsed_ns: u64,
    /// How many were due before anything of the model was free to wait for them.
    pub queued: u64,
    /// How many were waited for, and begun more than 2 ms late all the same.
    pub late: u64,
    /// The share of the time in which the HTTP target computed, 0 to 1; `null` for a target of the user's, or where the
    /// kernel does not say.
    pub target_busy: Option<f64>,
    /// The latencies in nanoseconds, as HdrHistogram writes them (V2, deflated, base64).
    pub latency: Histogram,
}

/// What follows from the observations of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// How many tasks all observations have together.
    pub tasks: u64,
    /// How many were done each second.
    pub done_per_s: f64,
    /// The median latency, in nanoseconds.
    pub p50_ns: f64,
    /// The 90th percentile; `null` for fewer than 20 tasks.
    pub p90_ns: Option<f64>,
    /// The 99th; `null` for fewer than 100.
    pub p99_ns: Option<f64>,
    /// The 99.9th; `null` for fewer than 1000.
    pub p999_ns: Option<f64>,
    /// The longest.
    pub max_ns: f64,
    /// The lowest and the highest 99th percentile of a single round; `null` where a round has fewer than 100 tasks.
    pub p99_rounds_ns: Option<(f64, f64)>,
    /// The share of tasks that were queued, 0 to 1.
    pub queued: f64,
    /// The share of tasks that were waited for and begun late, 0 to 1.
    pub late: f64,
    /// The latency that all but one task in so many stay below, by ascending rarity.
    pub curve: Vec<OneIn>,
    /// What limits the load other than the model, if anything does: the generator or the target.
    pub saturated: Vec<String>,
}

/// A point on the curve of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OneIn {
    /// One task in so many takes longer.
    pub tasks: f64,
    /// Than this, in nanoseconds.
    pub ns: f64,
}

/// Where latency gives way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The highest rate at which tasks are done as fast as they are due and their latency stays low, in tasks a second.
    pub rate_per_s: f64,
    /// The same as a share of the capacity.
    pub share: f64,
    /// Whether it is the highest rate that was tried, so that the knee lies beyond.
    pub beyond: bool,
}
