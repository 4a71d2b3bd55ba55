use std::thread;
use std::time::{Duration, Instant};

use super::gate::{Gate, Readings};

/// How many pairs of readings the clock is judged by.
const CLOCK_PAIRS: usize = 10_000;

/// What only watching the machine for a while tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What else used the processors while nothing of ours did.
    pub readings: Readings,
    /// The smallest step between two readings of the monotonic clock: its resolution, or the time that one reading takes,
    /// whichever is longer. Absent if it never moved.
    pub clock_step: Option<Duration>,
    /// Whether concbench itself was built without optimisation.
    pub debug_build: bool,
}

impl Sample {
    /// Watches this machine, and does nothing else meanwhile.
    pub fn take(duration: Duration) -> Self {
        let clock_step = clock_step();
        let gate = Gate::open();
        thread::sleep(duration);
        Self { readings: gate.close(), clock_step, debug_build: cfg!(debug_assertions) }
    }
}

fn clock_step() -> Option<Duration> {
    let steps = (0..CLOCK_PAIRS).map(|_| {
        let before = Instant::now();
        before.elapsed()
    });
    steps.filter(|step| !step.is_zero()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves() {
        assert!(clock_step().is_some_and(|step| step < Duration::from_secs(1)));
    }
}
