//! How late tasks wake that asked their model to wake them.

use concbench_stats::{median, quantile, sorted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The timer of one model, as its tasks saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelTimer {
    /// The model's id.
    pub model: String,
    /// How many workers it had.
    pub workers: u64,
    /// What follows for each length, ascending; empty where there is no figure.
    pub lateness: Vec<Lateness>,
    /// The resolution, in nanoseconds: how long a sleep of a microsecond takes, as a median.
    pub resolution_ns: Option<f64>,
    /// Why there is no figure, if there is none.
    pub reason: Option<String>,
}

/// Sleeps of one length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slept {
    /// How long the task asked to sleep, in nanoseconds.
    pub asked_ns: u64,
    /// How much later than that it went on, in nanoseconds; negative for a timer that is early.
    pub late_ns: Vec<i64>,
}

/// How late the sleeps of one length ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
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

/// With fewer sleeps than this there is no 99th percentile.
const FEWEST_FOR_P99: usize = 100;

impl ModelTimer {
    /// The timer of a model, from what its tasks slept; or why they did not.
    pub fn new(model: &str, workers: u64, slept: Result<&[Slept], String>) -> Self {
        let (lateness, reason) = match slept {
            Ok(slept) => (slept.iter().filter_map(lateness).collect(), None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let resolution_ns = resolution(&lateness);
        Self { model: model.to_owned(), workers, lateness, resolution_ns, reason }
    }
}

fn lateness(slept: &Slept) -> Option<Lateness> {
    let late = sorted(&slept.late_ns.iter().map(|&late| late as f64).collect::<Vec<_>>());
    Some(Lateness {
        asked_ns: slept.asked_ns,
        median_ns: median(&late)?,
        p99_ns: quantile(&late, 0.99).filter(|_| late.len() >= FEWEST_FOR_P99),
        max_ns: *late.last()?,
        count: late.len() as u64,
    })
}

/// How long the shortest sleep takes: it asks for less than any timer can do.
fn resolution(lateness: &[Lateness]) -> Option<f64> {
    let shortest = lateness.iter().min_by_key(|lateness| lateness.asked_ns)?;
    let length = shortest.asked_ns as f64 + shortest.median_ns;
    (length > 0.0).then_some(length)
}
