//! The few figures that a report forms itself, apart from how they are shown.

use concbench_stats::{median, sorted};

use crate::batch::{Observation, SheetCell};

/// The batches that an observation ran: the first one and the warm ones.
fn batches(observation: &Observation) -> f64 {
    (1 + observation.warm_ns.len()) as f64
}

/// The median over a cell's observations of something that each of them may have, for each batch.
pub(crate) fn per_batch(cell: &SheetCell, of: impl Fn(&Observation) -> Option<u64>) -> Option<f64> {
    let shares: Vec<f64> =
        cell.observations.iter().filter_map(|o| of(o).map(|value| value as f64 / batches(o))).collect();
    median(&sorted(&shares))
}
