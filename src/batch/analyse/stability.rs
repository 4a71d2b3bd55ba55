//! Whether the observations of a cell are of one piece: trends, outliers, and where the scatter comes from.

use concbench_stats::{components, median, monotone_trend, quantile, sorted};
use serde::Serialize;

use super::sample::Metric;
use crate::batch::{SheetCell, settled};

/// A rise or fall of times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trend {
    /// By which fraction the last value lies above the first, if the trend is all there is.
    pub change: f64,
    /// The p-value of "there is no trend".
    pub p: f64,
    /// How many values were looked at.
    pub count: u64,
}

/// Whether warm batches that count still become faster or slower within their observations. `None` without three in a row.
pub fn warm_trend(cell: &SheetCell) -> Option<Trend> {
    let series: Vec<Vec<f64>> = cell.observations.iter().map(|found| logs(settled(&found.warm_ns))).collect();
    let longest = series.iter().map(Vec::len).max()?;
    trend(&series, longest)
}

/// Whether the cell became faster or slower from block to block. `None` with fewer than three blocks.
pub fn block_drift(cell: &SheetCell, metric: Metric) -> Option<Trend> {
    let mut blocks: Vec<(u32, f64)> =
        cell.observations.iter().filter_map(|found| Some((found.block, metric.of(found)?.ln()))).collect();
    blocks.sort_by_key(|&(block, _)| block);
    let series: Vec<f64> = blocks.into_iter().map(|(_, log)| log).collect();
    let length = series.len();
    trend(&[series], length)
}

fn trend(series: &[Vec<f64>], length: usize) -> Option<Trend> {
    let found = monotone_trend(series)?;
    let steps = length.saturating_sub(1) as f64;
    Some(Trend { change: (found.slope * steps).exp_m1(), p: found.p, count: found.count })
}

/// How far out an outlier lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Between 1.5 and 3 interquartile ranges from the nearer quartile.
    Mild,
    /// More than 3.
    Severe,
}

/// On which side it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Faster than the others.
    Low,
    /// Slower than the others.
    High,
}

/// An observation that does not look like the others of its cell. It is flagged, and stays in every estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outlier {
    /// Its block.
    pub block: u32,
    /// Its time, in nanoseconds.
    pub time_ns: f64,
    /// How far out it lies.
    pub severity: Severity,
    /// On which side.
    pub side: Side,
}

/// The observations outside the fences of Tukey (1977), 1.5 and 3 interquartile ranges beyond the quartiles: those that
/// criterion uses, so the words mean the same in both. The fences stand on the logarithm of the times, because times
/// are skewed and ratios are what is compared. Fewer than five observations have no outliers.
pub fn outliers(cell: &SheetCell, metric: Metric) -> Vec<Outlier> {
    const FEWEST: usize = 5;
    let times: Vec<(u32, f64)> =
        cell.observations.iter().filter_map(|found| Some((found.block, metric.of(found)?))).collect();
    let ascending = sorted(&times.iter().map(|(_, time)| time.ln()).collect::<Vec<_>>());
    let (Some(lower), Some(upper)) = (quantile(&ascending, 0.25), quantile(&ascending, 0.75)) else {
        return Vec::new();
    };
    if times.len() < FEWEST {
        return Vec::new();
    }
    let range = upper - lower;
    let classify = |(block, time_ns): (u32, f64)| {
        let log = time_ns.ln();
        let (beyond, side) = if log < lower { (lower - log, Side::Low) } else { (log - upper, Side::High) };
        let severity = match beyond {
            far if far > 3.0 * range => Severity::Severe,
            far if far > 1.5 * range => Severity::Mild,
            _ => return None,
        };
        Some(Outlier { block, time_ns, severity, side })
    };
    times.into_iter().filter_map(classify).collect()
}

/// How much the warm batches of a cell scatter, as fractions of the time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VarianceParts {
    /// From process to process: what sticks to a process, and no number of batches within one would show.
    pub between: f64,
    /// From batch to batch within one process.
    pub within: f64,
}

/// The scatter between and within processes, as standard deviations of the logarithm of the warm batches' times.
/// `None` with fewer than two observations, or fewer than two warm batches in each.
pub fn variance_parts(cell: &SheetCell) -> Option<VarianceParts> {
    let groups: Vec<Vec<f64>> = cell.observations.iter().map(|found| logs(settled(&found.warm_ns))).collect();
    let found = components(&groups)?;
    Some(VarianceParts { between: found.between, within: found.within })
}

/// How many warm batches an observation had best have, so that a run of the same length has the narrowest interval: the
/// square root of what a process costs over what a batch costs, times their scatter the other way round (Kalibera and
/// Jones, 2013). What is saved goes to more blocks. `None` where nothing scatters from process to process, so that one
/// process would do.
pub fn best_batches(cell: &SheetCell) -> Option<u64> {
    let parts = variance_parts(cell)?;
    let (mut beside, mut batches) = (Vec::new(), Vec::new());
    for found in &cell.observations {
        let warm = found.warm_ns.iter().fold(0, |sum: u64, &time| sum.saturating_add(time));
        beside.push(found.wall_ns.saturating_sub(warm.saturating_mul(found.warm_each.max(1))) as f64);
        batches.extend(settled(&found.warm_ns).iter().map(|&time| time as f64));
    }
    let each = cell.observations.first()?.warm_each.max(1);
    let (process, batch) = (median(&sorted(&beside))?, median(&sorted(&batches))? * each as f64);
    let figures = (process / batch).sqrt() * parts.within / parts.between;
    (figures.is_finite() && parts.between > 0.0)
        .then(|| (figures.ceil().max(1.0) as u64).saturating_mul(each))
}

fn logs(times: &[u64]) -> Vec<f64> {
    times.iter().filter(|&&time| time > 0).map(|&time| (time as f64).ln()).collect()
}
