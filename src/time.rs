//! Time as records and messages between processes have it.

use std::time::Duration;

/// Whole nanoseconds; 584 years at most.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
