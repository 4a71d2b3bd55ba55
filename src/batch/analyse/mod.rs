//! From observations to estimates, comparisons and verdicts. Nothing here measures or prints.
//!
//! [`summarise`] fills in the estimates of a cell, [`answer`] the comparisons and verdicts of a sheet whose cells have
//! them. The same observations always give the same analysis. In order of reading:
//!
//! - `sample`: which numbers of an observation go into an estimate
//! - `summary`: the estimates of one cell
//! - `compare`: the ratio of two cells and its verdict
//! - `contrast`: which cells of a workload are compared, and with which margin
//! - `verdict`, `sentence`: the answer, and the answer in words
//! - `ranking`: how the models stand over all workloads
//! - `stability`, `power`: whether the observations are of one piece, and what they could have shown
//! - `scaling`: what more workers bring
//! - `timers`: which waits are too short to be ranked

mod compare;
mod contrast;
mod levels;
mod power;
mod ranking;
mod sample;
mod scaling;
mod sentence;
mod stability;
mod summary;
mod timers;
mod verdict;

pub(crate) use compare::verdict;
pub use compare::{FEWEST_PAIRS, MARGIN, compare_alone, noise_floor};
pub use levels::{CONFIDENCE, SIGNIFICANCE};
pub use power::{POWER, SmallestEffect, detectable, smallest_effect};
pub use ranking::{ModelMean, best, geometric_means};
pub use sample::Metric;
pub use scaling::{
    Curve, FEWEST_COUNTS, FitRefusal, Ranged, Scaling, ScalingPoint, Usl, scaling, scaling_of,
};
pub use stability::{
    Outlier, Severity, Side, Trend, VarianceParts, block_drift, outliers, variance_parts, warm_trend,
};
pub use timers::RESOLUTIONS;

use crate::batch::{Sheet, SheetCell};
use crate::record::Status;

/// Fills in the estimates of a cell. One that is not ok gets none, and takes part in no comparison.
pub fn summarise(cell: &mut SheetCell) {
    cell.summary = if cell.status == Status::Ok { summary::of(cell) } else { None };
}

/// Fills in the comparisons and verdicts of a sheet, from the estimates and observations of its cells.
pub fn answer(sheet: &mut Sheet) {
    sheet.comparisons =
        sheet.workloads.iter().flat_map(|workload| contrast::contrasts(sheet, workload)).collect();
    sheet.verdicts = sheet.workloads.iter().map(|workload| verdict::verdict(sheet, workload)).collect();
}
