//! From observations to estimates, comparisons and verdicts. Nothing here measures or prints.
//!
//! [`complete`] is the one entry: it fills in what follows from the observations of a record, and depends on nothing
//! else, so the same observations always give the same analysis. In order of reading:
//!
//! - [`stats`]: the statistics, as functions of numbers
//! - `sample`: which numbers of an observation go into an estimate
//! - `summary`: the estimates of one cell
//! - `compare`: the ratio of two cells and its verdict
//! - `contrast`: which cells of a workload are compared, and with which margin
//! - `sentence`: the answer in words, with the numbers as [`wording`] writes them
//! - `ranking`: how the models stand over all workloads
//! - `stability`, `power`: whether the observations are of one piece, and what they could have shown
//! - `granularity`, `scaling`: how small tasks may become, and what more workers bring
//! - `timers`: how late tasks wake, and which waits are too short to be ranked
//! - `latency`: percentiles under an open load, and where they give way
//! - `memory`: what a waiting task costs
//! - `switches`: what a switch costs
//! - `across`: several runs beside each other

mod across;
mod compare;
mod contrast;
mod granularity;
mod latency;
mod memory;
mod power;
mod ranking;
mod sample;
mod scaling;
mod sentence;
mod stability;
pub mod stats;
mod summary;
mod switches;
mod timers;
pub mod wording;

pub use across::{
    Across, AcrossOptions, AcrossRefusal, CellAcross, ClassAcross, Contrast, CurveAcross, MissingCell,
    ModelRanks, Objection, ObjectionKind, Place, Throughput, across,
};
pub use compare::{FEWEST_PAIRS, MARGIN, compare_alone, noise_floor};
pub use granularity::{HALF, MetgRefusal, SweepPoint, crossover, efficiency, metg, regions, sweep};
pub use latency::{BUSY, KEEPS_UP, KNEE, LATE};
pub use memory::per_task;
pub use power::{POWER, SmallestEffect, detectable, smallest_effect};
pub use ranking::{ModelMean, best, geometric_means};
pub use sample::Price;
pub use scaling::{
    Curve, FEWEST_COUNTS, FitRefusal, Ranged, Scaling, ScalingPoint, Usl, scaling, scaling_of,
};
pub use stability::{
    Outlier, Severity, Side, Trend, VarianceParts, block_drift, outliers, variance_parts, warm_trend,
};
pub use timers::RESOLUTIONS;

use crate::batch::{Sheet};
use crate::record::{Status};

/// The confidence of every interval, unless it says otherwise.
pub const CONFIDENCE: f64 = 0.95;

/// The probability of a false alarm that every test is held to.
pub const SIGNIFICANCE: f64 = 0.05;

/// Fills in the summaries, comparisons and verdicts of a record, from its observations alone.
///
/// What stood there before is replaced. Cells that are not ok get no summary and take part in no comparison.
pub fn complete(sheet: &mut Sheet) {
    for cell in &mut sheet.cells {
        cell.summary = if cell.status == Status::Ok { summary::summarise(cell) } else { None };
    }
    timers::complete(run);
    latency::complete(run);
    sheet.comparisons = sheet.workloads.iter().flat_map(|workload| contrast::contrasts(sheet, workload)).collect();
    sheet.verdicts = sheet.workloads.iter().map(|workload| contrast::verdict(sheet, workload)).collect();
    granularity::complete(run);
    if let Some(memory) = &mut run.memory {
        memory::complete(memory);
    }
    if let Some(switches) = &mut run.switches {
        switches::complete(switches);
    }
}
