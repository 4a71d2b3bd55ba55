//! How the observations of a cell are made: the same in all of them, from one that was made beforehand.

use std::time::Duration;

use super::BatchObservation;
use crate::time::nanoseconds;

/// How long the warm batches of one observation should take together.
const WARM_TIME: Duration = Duration::from_millis(60);
/// The most warm batches of one observation.
const MOST_WARM: u64 = 30;
/// How much longer than in the preflight an observation may take before it counts as hung.
pub(crate) const PATIENCE: u32 = 20;

/// How the observations of one cell are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Warm batches in each observation.
    pub(crate) warm: u32,
    /// How long one observation may take.
    pub(crate) deadline: Duration,
    /// How long the cold batch of the preflight took.
    pub(crate) batch: Duration,
}

impl Pace {
    /// That which follows from an observation without warm batches; `deadline` is the least that is allowed.
    pub(crate) fn from(preflight: &BatchObservation, deadline: Duration) -> Self {
        let batch_ns = preflight.cold_ns;
        let warm = (nanoseconds(WARM_TIME) / batch_ns.max(1)).clamp(1, MOST_WARM);
        let estimate_ns = preflight.wall_ns.saturating_add(warm.saturating_mul(batch_ns));
        Self {
            warm: warm as u32,
            deadline: deadline.max(Duration::from_nanos(estimate_ns) * PATIENCE),
            batch: Duration::from_nanos(batch_ns),
        }
    }
}
