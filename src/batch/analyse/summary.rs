//! The estimates of one cell.

use super::levels::CONFIDENCE;
use super::sample::Metric;
use crate::batch::{CellSummary, Observation, SheetCell};
use crate::record::Estimate;

/// What follows from the observations of a cell; `None` if no observation has both metrics.
pub(super) fn of(cell: &SheetCell) -> Option<CellSummary> {
    let each = |figure: fn(&Observation) -> Option<f64>| -> Vec<f64> {
        cell.observations.iter().filter_map(figure).collect()
    };
    let estimate = |values: Vec<f64>| Estimate::of(&values, CONFIDENCE);
    let steady = estimate(Metric::Steady.series(cell))?;
    Some(CellSummary {
        one_off: estimate(Metric::OneOff.series(cell))?,
        startup: estimate(each(|observation| Some(observation.startup_ns as f64)))?,
        cpu: estimate(each(cpu_per_batch)),
        peak_rss: estimate(each(|observation| observation.peak_rss_bytes.map(|bytes| bytes as f64))),
        distance: cell.ideal_ns.filter(|&ideal| ideal > 0).map(|ideal| steady.median / ideal as f64),
        steady,
    })
}

/// CPU time for each batch, cold and warm alike, in nanoseconds: what starting and stopping took is shared among them.
fn cpu_per_batch(observation: &Observation) -> Option<f64> {
    let total = observation.user_ns? as f64 + observation.system_ns? as f64;
    Some(total / observation.batches() as f64)
}
