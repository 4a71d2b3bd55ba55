//! The few figures that a report forms itself, apart from how they are shown.

use concbench_stats::{median, sorted};

use crate::batch::{Observation, SheetCell};

/// The median over a cell's observations of something that each of them may have, for each batch.
pub(crate) fn per_batch(cell: &SheetCell, of: impl Fn(&Observation) -> Option<u64>) -> Option<f64> {
    let shares: Vec<f64> = cell
        .observations
        .iter()
        .filter_map(|o| of(o).map(|value| value as f64 / o.batches() as f64))
        .collect();
    median(&sorted(&shares))
}
