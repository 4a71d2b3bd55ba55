//! Which worker ran which task: one representative batch of a cell, as it went.

use serde::{Deserialize, Serialize};

/// One warm batch of a cell. Its figures are for the eye: recording them costs time, so they enter no estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The cell's id.
    pub cell: String,
    /// From the submission of the batch until its last result was back, in nanoseconds.
    pub batch_ns: u64,
    /// The workers by name, as far as they ran a task, in the order of their first: `worker 0`, `process 1`.
    pub lanes: Vec<String>,
    /// The tasks, by their start.
    pub spans: Vec<Span>,
    /// Why tasks or stretches of them are missing, if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
}

/// One task on one worker. A coroutine that moves, or waits while others run, has one span for each stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The task's index.
    pub task: u64,
    /// The worker, as an index into the lanes.
    pub lane: u32,
    /// When it started, in nanoseconds since the submission of the batch.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
}
