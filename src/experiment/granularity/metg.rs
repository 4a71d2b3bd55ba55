//! METG(50 %), the minimum effective task granularity (Slaughter et al., "Task Bench", SC 2020): how long a task takes a
//! core, with all that goes with it, where half of the peak is still reached.

use concbench_stats::{FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, median, percentile_interval, sorted};
use concbench_text::plural;

use super::findings::Metg;
use crate::batch::analyse::CONFIDENCE;

/// The efficiency at which the granularity is read off.
pub(super) const HALF: f64 = 0.5;

/// What was measured at one task size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SweepPoint {
    /// How long one core at the peak takes for the work of a task, in nanoseconds.
    pub(super) work_ns: f64,
    /// The share of the peak that was reached, in each block.
    pub(super) efficiency: Vec<f64>,
}

/// Why there is no METG.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub(super) enum MetgRefusal {
    /// Nothing that uses all cores was measured.
    #[error("no model that uses all cores was measured, so that their peak is not known")]
    NoPeak,
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

/// What one core is worth at best: the steps of counting that the fastest batch on all cores made in a nanosecond, over
/// the cores. One core alone may be faster than that, where all of them share caches, power or execution units.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct CoreRate(f64);

impl CoreRate {
    /// That of a batch on so many cores; `None` if it took no time or did nothing.
    pub(super) fn of(batch_ns: f64, steps: f64, cores: u64) -> Option<Self> {
        let rate = steps / (batch_ns * cores.max(1) as f64);
        (rate.is_finite() && rate > 0.0).then_some(Self(rate))
    }

    /// How long so many steps take a core, in nanoseconds.
    pub(super) fn work_ns(self, steps: f64) -> f64 {
        steps / self.0
    }

    /// How many steps all cores together make in a nanosecond.
    pub(super) fn of_all(self, cores: u64) -> f64 {
        self.0 * cores as f64
    }
}

/// How long a task takes a core, with all that goes with it, in nanoseconds: the time of the batch on all cores that the
/// model uses, over its tasks.
pub(super) fn granularity(batch_ns: f64, tasks: u64, cores: u64) -> f64 {
    batch_ns * cores.max(1) as f64 / tasks.max(1) as f64
}

/// The share of the peak of the cores that a model uses that a batch reached.
pub(super) fn efficiency(batch_ns: f64, tasks: u64, work_ns: f64, cores: u64) -> f64 {
    work_ns / granularity(batch_ns, tasks, cores)
}

/// METG(50 %) of a sweep: coming down from the largest tasks, the granularity at which the median efficiency falls below
/// one half, interpolated between the neighbours. What is linear between them is the efficiency over one through the
/// granularity: so it is where each task has a fixed overhead, however far apart the sizes are.
///
/// The interval is a percentile bootstrap over the blocks of each size, with a fixed seed; the peak is taken as it is.
///
/// # Errors
///
/// The sweep does not bracket one half.
pub(super) fn metg(sweep: &[SweepPoint]) -> Result<Metg, MetgRefusal> {
    let mut points: Vec<&SweepPoint> = sweep.iter().filter(|point| !point.efficiency.is_empty()).collect();
    points.sort_by(|left, right| left.work_ns.total_cmp(&right.work_ns));
    let sizes = points.len() as u64;
    let medians = points.iter().map(|point| (point.work_ns, middle(&point.efficiency))).collect::<Vec<_>>();
    let granularity_ns = match crossing(&medians) {
        Crossing::Above(efficiency) if sizes > 0 => return Err(MetgRefusal::NeverReached { efficiency }),
        Crossing::Below(efficiency) if sizes > 1 => return Err(MetgRefusal::AlwaysReached { efficiency }),
        Crossing::At(granularity_ns) => granularity_ns,
        _ => return Err(MetgRefusal::TooFewSizes { sizes }),
    };
    let (low_ns, high_ns) = interval(&points);
    Ok(Metg { granularity_ns, low_ns, high_ns, sizes })
}

enum Crossing {
    /// Below the smallest size; with the least efficiency.
    Below(f64),
    At(f64),
    /// Above the largest size; with its efficiency.
    Above(f64),
}

/// Where the efficiency falls below one half for the first time, coming down from the largest size. Efficiency over work is
/// one through the granularity.
fn crossing(points: &[(f64, f64)]) -> Crossing {
    let Some(&(_, largest)) = points.last().filter(|point| point.1 >= HALF) else {
        return Crossing::Above(points.last().map_or(0.0, |point| point.1));
    };
    for pair in points.windows(2).rev() {
        let ((small, below), (large, above)) = (pair[0], pair[1]);
        if below < HALF {
            let share = (HALF - below) / (above - below);
            let (short, long) = (below / small, above / large);
            return Crossing::At(1.0 / (short + share * (long - short)));
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
                |point: &&SweepPoint| (point.work_ns, middle(&resampler.values(&point.efficiency)));
            match crossing(&points.iter().map(&mut again).collect::<Vec<_>>()) {
                Crossing::Below(_) => f64::NEG_INFINITY,
                Crossing::At(granularity_ns) => granularity_ns,
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
