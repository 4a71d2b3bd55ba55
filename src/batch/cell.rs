use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Family;

/// How a cell, or one observation of it, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was measured.
    Ok,
    /// It did something else than its work, or reported an error.
    Failed,
    /// It passed its deadline and was ended.
    TimedOut,
    /// Its runner died.
    Crashed,
    /// This machine, or these limits, cannot carry it; nothing was started.
    Unsupported,
    /// It was left out, or the run ended before it.
    Skipped,
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Crashed => "crashed",
            Self::Unsupported => "unsupported",
            Self::Skipped => "skipped",
        })
    }
}

/// One square of the matrix: workload x model x workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// `factorial/rayon@2`; the A/A twin of a cell adds `+twin`.
    pub id: String,
    /// The workload's name.
    pub workload: String,
    /// The model's id.
    pub model: String,
    /// The family that the model belongs to.
    pub family: Family,
    /// How many workers the model had.
    pub workers: u64,
    /// Where that number comes from: `cores`, `tasks`, or a number.
    pub workers_rule: String,
    /// How many of its tasks can wait at once.
    pub concurrency: u64,
    /// Whether it is the A/A twin of the cell with the same id, without `+twin`.
    pub twin: bool,
    /// Whether it stands in the ranking, or only in the scaling chart.
    pub ranked: bool,
    /// How many tasks make a batch.
    pub tasks: u64,
    /// How it ended.
    pub status: Status,
    /// Why, for everything but `ok`.
    pub reason: Option<String>,
    /// The last lines that its runner wrote to standard error, for everything but `ok`.
    pub stderr_tail: Option<String>,
    /// The least time that this work can take with these workers on these cores, in nanoseconds a batch.
    pub ideal_ns: Option<u64>,
    /// Criterion's median, in nanoseconds a batch; `null` where criterion did not measure the cell.
    pub criterion_median_ns: Option<f64>,
    /// What each fresh runner saw, in the order of the blocks.
    pub observations: Vec<Observation>,
    /// What follows from the observations; `null` for everything but `ok`.
    pub summary: Option<CellSummary>,
}

/// What one fresh runner saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The block it belongs to, from 0.
    pub block: u32,
    /// Its position in the block, from 0.
    pub position: u32,
    /// Starting the model.
    pub startup_ns: u64,
    /// The first batch.
    pub cold_ns: u64,
    /// The batches after it, each by itself.
    pub warm_ns: Vec<u64>,
    /// Reading how much memory is held, between the last batch and the stop.
    pub probe_ns: u64,
    /// Stopping the model.
    pub shutdown_ns: u64,
    /// From before the start to after the stop, by one pair of clock readings.
    pub wall_ns: u64,
    /// CPU time in user mode, of the runner and of every process that it waited for.
    pub user_ns: Option<u64>,
    /// CPU time in the kernel, likewise.
    pub system_ns: Option<u64>,
    /// Context switches because something waited.
    pub voluntary_switches: Option<u64>,
    /// Context switches because the kernel took the core away.
    pub involuntary_switches: Option<u64>,
    /// The most memory that was resident at once, in bytes: the runner's peak, and the proportional share of each worker
    /// process at the end of the last batch.
    pub peak_rss_bytes: Option<u64>,
    /// How many tasks one batch completed; the same in every batch.
    pub tasks: u64,
    /// What the tasks of a batch returned, folded; equal to that of the sequential reference.
    pub digest: String,
    /// Why a field above is `null`, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

impl Observation {
    /// The time of a one-off job: start, first batch, stop. It stops at the largest number rather than wrap around.
    pub fn one_off_ns(&self) -> u64 {
        self.startup_ns.saturating_add(self.cold_ns).saturating_add(self.shutdown_ns)
    }

    /// All phases together: what the wall time is held against.
    pub fn phases_ns(&self) -> u64 {
        self.one_off_ns() + self.warm_ns.iter().sum::<u64>() + self.probe_ns
    }
}

/// A median with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// The lower end of the interval, from order statistics.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The smallest value.
    pub min: f64,
    /// How many values there were.
    pub count: u64,
    /// The confidence that the interval really has: with few values it is below, or well above, what was asked for.
    pub confidence: f64,
}

/// What follows from the observations of one cell. Times in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellSummary {
    /// A batch in steady state: the median of each observation's warm batches, over the observations.
    pub steady: Estimate,
    /// A one-off job: start, first batch, stop.
    pub one_off: Estimate,
    /// Starting the model.
    pub startup: Estimate,
    /// CPU time for each batch, start and stop included; `null` where no observation has it.
    pub cpu: Option<Estimate>,
    /// Peak resident memory, in bytes; likewise.
    pub peak_rss: Option<Estimate>,
    /// Steady time over the ideal one; 1 is perfect. `null` where no ideal is known.
    pub distance: Option<f64>,
}
