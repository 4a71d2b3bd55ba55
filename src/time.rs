//! Time as records and messages between processes have it.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Whole nanoseconds; 584 years at most.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// What the clock of the machine says.
///
/// # Errors
///
/// When that has no date, in one line.
pub(crate) fn now() -> Result<Timestamp, String> {
    dated(SystemTime::now())
}

fn dated(time: SystemTime) -> Result<Timestamp, String> {
    Timestamp::try_from(time)
        .map_err(|_| "the clock of this machine is not between the years -9999 and 9999; set it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_beyond_all_dates_is_refused() {
        assert!(dated(SystemTime::now()).is_ok());
        let refused = dated(SystemTime::UNIX_EPOCH + Duration::from_secs(300_000_000_000));
        assert!(refused.unwrap_err().ends_with("set it"));
    }
}
