//! From observations to estimates, comparisons and verdicts. Nothing here measures or prints.
//!
//! [`summarise`] fills in the estimates of a cell, [`answer`] the comparisons and verdicts of a sheet whose cells have
//! them. The same observations always give the same analysis. In order of reading:
//!
//! - `sample`: which numbers of an observation go into an estimate
//! - `summary`: the estimates of one cell
//! - `compare`: the ratio of two cells and its verdict
//! - `timers`: how far apart timers alone put two cells
//! - `standing`: which cells of a workload are compared, and who may be the best
//! - `verdict`, `sentence`: the answer, and the answer in words
//! - `class`: how the models stand over all workloads of a class
//! - `stability`: whether the observations are of one piece
//! - `scaling`: what more workers bring

mod class;
mod compare;
mod cost;
mod levels;
mod sample;
mod scaling;
mod sentence;
mod stability;
mod standing;
mod summary;
mod timers;
mod verdict;

pub use class::{ClassRanking, Ranked, class_rankings};
pub(crate) use compare::{Edges, verdict};
pub use compare::{FEWEST_PAIRS, MARGIN, compare_alone, detectable, noise_floor};
pub use cost::{TaskCost, task_costs};
pub use levels::{CONFIDENCE, POWER, SIGNIFICANCE};
pub use sample::Metric;
pub use scaling::{
    Curve, FEWEST_COUNTS, FEWEST_POINTS, FitRefusal, Ranged, Scaling, ScalingPoint, Usl, scaling, scaling_of,
};
pub(crate) use sentence::is_discontinued;
pub use stability::{
    Outlier, Severity, Side, Trend, VarianceParts, best_batches, block_drift, outliers, variance_parts,
    warm_trend,
};
pub use standing::best;
pub(crate) use standing::{against, best_of};

use crate::batch::{Sheet, SheetCell, WorkloadRecord};
use crate::record::Status;

/// Fills in the estimates of a cell. One that is not ok gets none, and takes part in no comparison.
pub fn summarise(cell: &mut SheetCell) {
    cell.summary = if cell.status == Status::Ok { summary::of(cell) } else { None };
}

/// Fills in the comparisons and verdicts of a sheet, from the estimates and observations of its cells.
pub fn answer(sheet: &mut Sheet) {
    let sure = |workload: &WorkloadRecord| {
        [Metric::Steady, Metric::OneOff].map(|metric| standing::Sure::of(sheet, &workload.name, metric))
    };
    let sure: Vec<[standing::Sure; 2]> = sheet.workloads.iter().map(sure).collect();
    let each = sheet.workloads.iter().zip(&sure);
    sheet.comparisons =
        each.flat_map(|(workload, sure)| standing::comparisons(sheet, workload, sure)).collect();
    let each = sheet.workloads.iter().zip(&sure);
    sheet.verdicts = each.map(|(workload, sure)| verdict::verdict(sheet, workload, *sure)).collect();
}
