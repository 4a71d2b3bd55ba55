//! Time in which nobody measured: the machine was suspended, or the supervisor was stopped.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::interrupt::Interrupt;

/// How much longer than before the machine must have slept: below it is the time between two readings of a clock.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// How often the clocks are read: the pair that was interrupted least counts.
const READINGS: usize = 5;

/// A stretch of time that should have no gap.
#[derive(Debug)]
pub(super) struct Stretch {
    asleep: Duration,
}

impl Stretch {
    pub(super) fn begin(interrupt: &Interrupt) -> Self {
        interrupt.forget_stops();
        Self { asleep: asleep() }
    }

    /// What made a gap since the beginning, if anything did.
    pub(super) fn gap(&self, interrupt: &Interrupt) -> Option<&'static str> {
        if interrupt.was_stopped() {
            return Some("the run was stopped and went on");
        }
        let slept = asleep().saturating_sub(self.asleep) > SHORTEST_SLEEP;
        slept.then_some("the machine was suspended")
    }
}

/// How long the machine has been suspended since it was started: only one of the two clocks goes on meanwhile.
fn asleep() -> Duration {
    let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    let readings = (0..READINGS).map(|_| {
        let awake = read(ClockId::Monotonic);
        read(ClockId::Boottime).saturating_sub(awake)
    });
    readings.min().unwrap_or_default()
}
