//! How late tasks wake that asked their model to wake them.

use serde::{Deserialize, Serialize};

/// The timer of one model, as its tasks saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelTimer {
    /// The model's id.
    pub model: String,
    /// How many workers it had.
    pub workers: u64,
    /// What tasks asked for and got, by ascending length; empty where there is no figure.
    pub slept: Vec<Slept>,
    /// What follows for each length, in the same order.
    pub lateness: Vec<Lateness>,
    /// The resolution, in nanoseconds: how long a sleep of a microsecond takes, as a median.
    pub resolution_ns: Option<f64>,
    /// Why there is no figure, if there is none.
    pub reason: Option<String>,
}

/// Sleeps of one length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slept {
    /// How long the task asked to sleep, in nanoseconds.
    pub asked_ns: u64,
    /// How much later than that it went on, in nanoseconds; negative for a timer that is early.
    pub late_ns: Vec<i64>,
}

/// How late the sleeps of one length ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lateness {
    /// How long the tasks asked to sleep, in nanoseconds.
    pub asked_ns: u64,
    /// The median, in nanoseconds.
    pub median_ns: f64,
    /// The 99th percentile; `null` for fewer than 100 sleeps.
    pub p99_ns: Option<f64>,
    /// The latest.
    pub max_ns: f64,
    /// How many sleeps there were.
    pub count: u64,
}
