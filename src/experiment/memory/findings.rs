//! What a task costs that only waits: the memory of many that wait at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Status;
use crate::model::Family;

/// A sweep over how many tasks wait at once, under every model that lets them, apart from the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Each model, in the order of the catalogue.
    pub models: Vec<ModelMemory>,
}

/// One model in the sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelMemory {
    /// The model's id.
    pub model: String,
    /// The family that it belongs to.
    pub family: Family,
    /// How many workers it had, if it is sized by them; else 1.
    pub workers: u64,
    /// What was found for each number of tasks, ascending; a fresh runner for each. The sweep ends with the first that
    /// is not ok, whose reason says why no more tasks wait.
    pub points: Vec<WaitingPoint>,
    /// What each further task costs.
    pub per_task: Option<PerTask>,
    /// Why that is not known, if it is not.
    pub refusal: Option<String>,
}

/// This many tasks, all of them waiting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingPoint {
    /// How many.
    pub tasks: u64,
    /// How it ended.
    pub status: Status,
    /// Why it is not ok, if it is not.
    pub reason: Option<String>,
    /// The last lines of its runner's standard error, if it is not ok and there are some.
    pub stderr_tail: Option<String>,
    /// How long it took from the order to the runner until all of them waited, in nanoseconds.
    pub gathered_ns: Option<u64>,
    /// How many processes there were: the runner and all below it.
    pub processes: Option<u64>,
    /// What they held together, in bytes: the proportional set size (PSS).
    pub resident_bytes: Option<u64>,
    /// Their page tables, in bytes.
    pub page_table_bytes: Option<u64>,
    /// Why a field above is `null`, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

impl WaitingPoint {
    /// Resident memory and page tables together, in bytes.
    pub fn bytes(&self) -> Option<u64> {
        self.resident_bytes?.checked_add(self.page_table_bytes?)
    }
}

/// The slope of memory over tasks, by the median of the slopes of all pairs of points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PerTask {
    /// What a waiting task costs, in bytes.
    pub bytes: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The confidence of the interval: with few points it is the range of the slopes, and has less than 0.95.
    pub confidence: f64,
    /// What is held before the first task, in bytes.
    pub base_bytes: f64,
    /// How many points the line goes through.
    pub points: u64,
}
