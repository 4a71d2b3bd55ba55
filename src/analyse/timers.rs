//! How late timers are, and which waits are too short to be ranked.

use concbench_workloads::Kernel;

use super::stats::{median, quantile, sorted};
use super::{ranking, wording};
use crate::record::{Lateness, ModelTimer, Run, Slept, WorkloadRecord};

/// How many times longer than the resolution of a timer a wait has to be to say something about anything else.
pub const RESOLUTIONS: f64 = 10.0;
/// With fewer sleeps than this there is no 99th percentile.
const FEWEST_FOR_P99: usize = 100;

/// Fills in what follows from the sleeps of each model.
pub(super) fn complete(run: &mut Run) {
    for timer in &mut run.timers {
        timer.lateness = timer.slept.iter().filter_map(lateness).collect();
        timer.resolution_ns = resolution(timer);
    }
}

fn lateness(slept: &Slept) -> Option<Lateness> {
    let late = sorted(&slept.late_ns.iter().map(|&late| late as f64).collect::<Vec<_>>());
    Some(Lateness {
        asked_ns: slept.asked_ns,
        median_ns: median(&late)?,
        p99_ns: quantile(&late, 0.99).filter(|_| late.len() >= FEWEST_FOR_P99),
        max_ns: *late.last()?,
        count: late.len() as u64,
    })
}

/// How long the shortest sleep takes: it asks for less than any timer can do.
fn resolution(timer: &ModelTimer) -> Option<f64> {
    let shortest = timer.lateness.iter().min_by_key(|lateness| lateness.asked_ns)?;
    let length = shortest.asked_ns as f64 + shortest.median_ns;
    (length > 0.0).then_some(length)
}

/// Why a workload is not ranked, if its tasks wait less than ten times the resolution of the coarsest timer among its
/// models: who wins would then depend on how timers round.
pub(super) fn too_short(run: &Run, workload: &WorkloadRecord) -> Option<String> {
    let wait_ns = workload.kernel.as_ref().map_or(0, Kernel::timer_ns);
    let measured = ranking::contenders(run, &workload.name);
    let (resolution, model) = run
        .timers
        .iter()
        .filter(|timer| measured.iter().any(|cell| cell.model == timer.model))
        .filter_map(|timer| Some((timer.resolution_ns?, &timer.model)))
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
    let short = wait_ns > 0 && (wait_ns as f64) < RESOLUTIONS * resolution;
    short.then(|| {
        format!(
            "its tasks wait {}, less than ten times the {} that the coarsest timer here, that of {model}, can resolve, so \
             that a ranking would compare timers",
            wording::plain_duration(wait_ns),
            wording::duration(resolution, 0.0),
        )
    })
}
