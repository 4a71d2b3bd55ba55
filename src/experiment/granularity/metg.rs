//! METG(50 %): the smallest task size at which half of the calibrated peak is still reached.

use concbench_stats::{FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, median, percentile_interval, sorted};
use concbench_text::plural;

use super::findings::Metg;
use crate::batch::analyse::CONFIDENCE;

/// The efficiency at which the granularity is read off.
pub(super) const HALF: f64 = 0.5;

/// What was measured at one task size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SweepPoint {
    /// The task's size: the time that it takes when it is all there is, in nanoseconds.
    pub(super) task_ns: f64,
    /// The share of the calibrated peak that was reached, in each block.
    pub(super) efficiency: Vec<f64>,
}

/// Why there is no METG.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub(super) enum MetgRefusal {
    /// The sweep is no sweep.
    #[error("it was measured with {}, at least two are needed", plural(*.sizes, "task size"))]
    TooFewSizes {
        /// How many it has.
        sizes: u64,
    },
    /// Not even the largest tasks reach half of the peak.
    #[error("the largest tasks reach {:.1} % of the peak, less than half", 100.0 * efficiency)]
    NeverReached {
        /// The share that the largest tasks reach.
        efficiency: f64,
    },
    /// Even the smallest tasks reach half of the peak.
    #[error("the smallest tasks still reach {:.0} % of the peak, so the limit lies below the sweep", 100.0 * efficiency)]
    AlwaysReached {
        /// The least share in the sweep.
        efficiency: f64,
    },
}

/// The share of the calibrated peak that a batch reached. The peak is the sequential rate times the cores: `tasks` of
/// `task_ns` each, spread without loss.
pub(super) fn efficiency(batch_ns: f64, tasks: u64, task_ns: f64, cores: u64) -> f64 {
    tasks as f64 * task_ns / (cores.max(1) as f64 * batch_ns)
}

/// METG(50 %) of a sweep: coming down from the largest tasks, the size at which the median efficiency falls below one
/// half, by linear interpolation between the neighbours. The size is taken on its logarithm, as the sweep has it, on
/// which the efficiency of a fixed overhead is symmetric around one half.
///
/// The interval is a percentile bootstrap over the blocks of each size, with a fixed seed.
///
/// # Errors
///
/// The sweep does not bracket one half.
pub(super) fn metg(sweep: &[SweepPoint]) -> Result<Metg, MetgRefusal> {
    let mut points: Vec<&SweepPoint> = sweep.iter().filter(|point| !point.efficiency.is_empty()).collect();
    points.sort_by(|left, right| left.task_ns.total_cmp(&right.task_ns));
    let sizes = points.len() as u64;
    let medians = points.iter().map(|point| (point.task_ns, middle(&point.efficiency))).collect::<Vec<_>>();
    let task_ns = match crossing(&medians) {
        Crossing::Above(efficiency) if sizes > 0 => return Err(MetgRefusal::NeverReached { efficiency }),
        Crossing::Below(efficiency) if sizes > 1 => return Err(MetgRefusal::AlwaysReached { efficiency }),
        Crossing::At(task_ns) => task_ns,
        _ => return Err(MetgRefusal::TooFewSizes { sizes }),
    };
    let (low_ns, high_ns) = interval(&points);
    Ok(Metg { task_ns, low_ns, high_ns, sizes })
}

enum Crossing {
    /// Below the smallest size; with the least efficiency.
    Below(f64),
    At(f64),
    /// Above the largest size; with its efficiency.
    Above(f64),
}

/// Where the efficiency falls below one half for the first time, coming down from the largest size.
fn crossing(points: &[(f64, f64)]) -> Crossing {
    let Some(&(_, largest)) = points.last().filter(|point| point.1 >= HALF) else {
        return Crossing::Above(points.last().map_or(0.0, |point| point.1));
    };
    for pair in points.windows(2).rev() {
        let ((small, below), (large, above)) = (pair[0], pair[1]);
        if below < HALF {
            let share = (HALF - below) / (above - below);
            return Crossing::At((small.ln() + share * (large.ln() - small.ln())).exp());
        }
    }
    Crossing::Below(points.iter().map(|point| point.1).fold(largest, f64::min))
}

fn interval(points: &[&SweepPoint]) -> (Option<f64>, Option<f64>) {
    if points.iter().any(|point| point.efficiency.len() < FEWEST_TO_RESAMPLE) {
        return (None, None);
    }
    let mut resampler = Resampler::default();
    let sizes: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut again =
                |point: &&SweepPoint| (point.task_ns, middle(&resampler.values(&point.efficiency)));
            match crossing(&points.iter().map(&mut again).collect::<Vec<_>>()) {
                Crossing::Below(_) => f64::NEG_INFINITY,
                Crossing::At(task_ns) => task_ns,
                Crossing::Above(_) => f64::INFINITY,
            }
        })
        .collect();
    let ends = percentile_interval(&sizes, CONFIDENCE);
    let known = |end: f64| end.is_finite().then_some(end);
    (ends.and_then(|(low, _)| known(low)), ends.and_then(|(_, high)| known(high)))
}

fn middle(values: &[f64]) -> f64 {
    median(&sorted(values)).unwrap_or(f64::NAN)
}
