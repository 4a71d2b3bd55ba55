//! How sure the analysis has to be.

/// The confidence of every interval, or of all that belong together, unless it says otherwise.
pub const CONFIDENCE: f64 = 0.95;

/// The probability of a false alarm that every test is held to.
pub const SIGNIFICANCE: f64 = 0.05;

/// The probability with which a smallest effect is found.
pub const POWER: f64 = 0.80;
