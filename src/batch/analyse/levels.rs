//! How sure the analysis has to be.

/// The confidence of every interval, unless it says otherwise.
pub const CONFIDENCE: f64 = 0.95;

/// The probability of a false alarm that every test is held to.
pub const SIGNIFICANCE: f64 = 0.05;
