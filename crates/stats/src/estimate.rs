//! The summary of a sample.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{median, median_interval, sorted};

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

impl Estimate {
    /// The median of values with its interval from order statistics; `None` without values.
    pub fn of(values: &[f64], confidence: f64) -> Option<Self> {
        let values = sorted(values);
        let interval = median_interval(&values, confidence)?;
        Some(Self {
            median: median(&values)?,
            low: interval.low,
            high: interval.high,
            min: *values.first()?,
            count: values.len() as u64,
            confidence: interval.confidence,
        })
    }

    /// The estimate of a share of each value, as of one task in a batch of `parts`.
    pub fn per(self, parts: f64) -> Self {
        Self {
            median: self.median / parts,
            low: self.low / parts,
            high: self.high / parts,
            min: self.min / parts,
            ..self
        }
    }
}
