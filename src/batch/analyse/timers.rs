//! Which waits are too short to be ranked.

use concbench_text::figures;

use super::ranking;
use crate::batch::{Sheet, WorkloadRecord};

/// How many times longer than the resolution of a timer a wait has to be to say something about anything else.
pub const RESOLUTIONS: f64 = 10.0;

/// Why a workload is not ranked, if its tasks wait less than ten times the resolution of the coarsest timer among its
/// models: who wins would then depend on how timers round.
pub(super) fn too_short(sheet: &Sheet, workload: &WorkloadRecord) -> Option<String> {
    let wait_ns = workload.timer_ns;
    let measured = ranking::contenders(sheet, &workload.name);
    let (resolution, model) = sheet
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
            figures::exact_time(wait_ns),
            figures::time(resolution),
        )
    })
}
