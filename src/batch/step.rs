//! How long it takes to count by one: what sizes of computing are made of.

use std::time::{Duration, Instant};

use concbench_workloads::Count;

use crate::model::{Result, attempt_blocking};

/// How far counting is timed, and how often: a few milliseconds in all. Each try is short, so that some of them are over
/// before the kernel gives the core to anybody else.
const STEPS: u64 = 100_000;
const TRIES: u64 = 100;

/// How long it takes to count by one on this thread, in nanoseconds: the best of several tries, since nothing makes
/// counting faster than it is.
pub(crate) fn step_ns() -> Result<f64> {
    let mut best = Duration::MAX;
    for start in 0..TRIES {
        let begun = Instant::now();
        attempt_blocking(&Count { n: STEPS }, start)?;
        best = best.min(begun.elapsed());
    }
    Ok(best.as_nanos() as f64 / STEPS as f64)
}

/// How many steps take so long, at least one.
pub(crate) fn steps(time: Duration, step_ns: f64) -> u64 {
    (time.as_nanos() as f64 / step_ns.max(f64::MIN_POSITIVE)).round().max(1.0) as u64
}
