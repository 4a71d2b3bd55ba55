use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A median with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
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
