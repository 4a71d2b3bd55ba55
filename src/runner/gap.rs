//! Time in which nobody measured: the machine was suspended, the supervisor was stopped, or the whole run was frozen.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::interrupt::Interrupt;

/// How much longer than before the machine must have slept: below it is the time between two readings of a clock.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// How often the clocks are read: the pair that was interrupted least counts.
const READINGS: usize = 5;

/// How late this process must have woken, where it was told to go on, to have been stopped: that alone tells nothing, since
/// anybody may say so to a process that runs.
const SHORTEST_STOP: Duration = Duration::from_millis(100);
/// How late where nobody has told it anything: far later than a busy machine lets anybody wait.
const SHORTEST_FREEZE: Duration = Duration::from_secs(1);

/// Why this process has not run for a while since its gaps were forgotten, if it has not.
pub(super) fn absence(interrupt: &Interrupt) -> Option<String> {
    why_late(interrupt.late(), interrupt.was_continued())
}

fn why_late(late: Duration, continued: bool) -> Option<String> {
    if continued && late >= SHORTEST_STOP {
        return Some("the run was stopped and went on".to_owned());
    }
    (late >= SHORTEST_FREEZE).then(|| {
        format!(
            "the run was kept from running for {:.1} s, frozen or without a processor",
            late.as_secs_f64()
        )
    })
}

/// A stretch of time that should have no gap.
#[derive(Debug)]
pub(super) struct SuspendDetector {
    asleep: Duration,
}

impl SuspendDetector {
    pub(super) fn begin(interrupt: &Interrupt) -> Self {
        interrupt.forget_gaps();
        Self { asleep: asleep(read) }
    }

    /// What made a gap since the beginning, if anything did.
    pub(super) fn gap(&self, interrupt: &Interrupt) -> Option<String> {
        // First: a machine that sleeps lets everybody wake late.
        match self.slept(read) {
            true => Some("the machine was suspended".to_owned()),
            false => absence(interrupt),
        }
    }

    fn slept(&self, read: impl Fn(ClockId) -> Duration) -> bool {
        asleep(read).saturating_sub(self.asleep) > SHORTEST_SLEEP
    }
}

/// How long the machine has been suspended since it was started: only one of the two clocks goes on meanwhile. Neither
/// can be set, so a step of the wall clock is no sleep.
fn asleep(read: impl Fn(ClockId) -> Duration) -> Duration {
    let readings = (0..READINGS).map(|_| {
        let awake = read(ClockId::Monotonic);
        read(ClockId::Boottime).saturating_sub(awake)
    });
    readings.min().unwrap_or_default()
}

fn read(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Clocks of a machine that has slept this long, on which a microsecond passes between two readings, and more where
    /// the reader is interrupted.
    fn clocks(slept: Duration, interruptions: &[u64]) -> impl Fn(ClockId) -> Duration {
        let (now, interruptions) = (Cell::new(Duration::from_secs(100)), Cell::new(interruptions.to_vec()));
        move |clock| {
            let mut left = interruptions.take();
            let late = if left.is_empty() { 0 } else { left.remove(0) };
            interruptions.set(left);
            now.set(now.get() + Duration::from_micros(1) + Duration::from_millis(late));
            if clock == ClockId::Boottime { now.get() + slept } else { now.get() }
        }
    }

    #[test]
    fn a_machine_that_slept_is_noticed_however_long_it_had_slept_before() {
        for before in [0, 7, 100_000].map(Duration::from_secs) {
            let stretch = SuspendDetector { asleep: asleep(clocks(before, &[])) };
            assert!(!stretch.slept(clocks(before, &[])));
            assert!(stretch.slept(clocks(before + Duration::from_millis(11), &[])));
            assert!(stretch.slept(clocks(before + Duration::from_secs(3600), &[])));
        }
    }

    #[test]
    fn a_reader_that_is_interrupted_between_the_clocks_takes_it_for_no_sleep() {
        let awake = SuspendDetector { asleep: asleep(clocks(Duration::ZERO, &[])) };
        assert!(!awake.slept(clocks(Duration::ZERO, &[0, 50, 0, 50, 0, 50, 0, 50])));
        let interrupted =
            SuspendDetector { asleep: asleep(clocks(Duration::ZERO, &[0, 50, 0, 50, 0, 50, 0, 50])) };
        assert!(interrupted.slept(clocks(Duration::from_millis(20), &[])));
    }

    #[test]
    fn who_is_told_to_go_on_was_stopped_only_if_it_woke_late() {
        let why = |late, continued| why_late(Duration::from_millis(late), continued);
        assert_eq!([why(0, true), why(99, true), why(999, false)], [None, None, None]);
        assert_eq!(why(100, true).unwrap(), "the run was stopped and went on");
        assert!(why(1500, false).unwrap().starts_with("the run was kept from running for 1.5 s"));
    }

    #[test]
    fn this_machine_stays_awake_while_it_is_tested() {
        let stretch = SuspendDetector { asleep: asleep(read) };
        assert!(!stretch.slept(read), "or it was suspended in this very moment");
    }
}
