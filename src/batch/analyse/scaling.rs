//! What more workers bring.

use concbench_stats::{
    FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, UslParameters, fit_amdahl, fit_usl, hodges_lehmann, karp_flatt,
    median, percentile_interval, sorted,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::CONFIDENCE;
use super::sample::Metric;
use crate::batch::{Observation, Sheet, SheetCell};
use crate::model::Family;
use crate::record::Status;

/// The fewest worker counts that three parameters are fitted to.
pub const FEWEST_COUNTS: usize = 6;
/// The fewest worker counts that make a curve: two points make a line through anything.
pub const FEWEST_POINTS: usize = 3;

/// A figure with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ranged {
    /// The estimate.
    pub estimate: f64,
    /// The lower end of the interval; `null` with too few blocks.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// The times of a batch under one number of workers, block by block.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// How many workers.
    pub workers: u64,
    /// The block and the time in it, in nanoseconds.
    pub times: Vec<(u32, f64)>,
}

/// What one number of workers brings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScalingPoint {
    /// How many workers.
    pub workers: u64,
    /// How many times as fast as the sequential baseline; `null` if that was not measured.
    pub speedup: Option<Ranged>,
    /// How many times as fast as the same model with one worker; `null` if that was not measured.
    pub own_speedup: Option<Ranged>,
    /// The speed-up against the baseline over the number of workers; 1 is perfect.
    pub efficiency: Option<f64>,
    /// The serial share after Karp and Flatt, from the speed-up against itself; `null` for one worker, and beyond the
    /// cores, where more workers cannot help.
    pub karp_flatt: Option<f64>,
}

/// The universal scalability law, fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usl {
    /// l: the throughput of one worker, in batches a second.
    pub lambda_per_s: Ranged,
    /// s: contention.
    pub sigma: Ranged,
    /// k: coherence.
    pub kappa: Ranged,
    /// The number of workers beyond which throughput falls, sqrt((1 - s) / k); `null` if it never does.
    pub peak_workers: Option<f64>,
}

/// Why a law was not fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum FitRefusal {
    /// Too few points for the parameters.
    #[error("{found} worker counts up to the {cores} cores, at least {needed} are needed")]
    TooFewCounts {
        /// How many there are.
        found: u64,
        /// How many are needed.
        needed: u64,
        /// Only counts up to this one are used.
        cores: u64,
    },
    /// The law is relative to one worker.
    #[error("no time with one worker was measured, which the law is relative to")]
    NoSingleWorker,
    /// The times contradict any law of this form.
    #[error("no law of this form comes near the times")]
    NoFit,
}

/// How a model scales in one workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scaling {
    /// One entry for each number of workers, ascending.
    pub points: Vec<ScalingPoint>,
    /// The serial share after Amdahl.
    pub amdahl: Result<Ranged, FitRefusal>,
    /// The universal scalability law.
    pub usl: Result<Usl, FitRefusal>,
}

/// The scaling of a model from its times, with those of the sequential baseline if there are any.
///
/// Speed-ups are Hodges-Lehmann estimates of paired log ratios, as everywhere. Laws are fitted to the medians of the
/// counts up to `cores`: beyond, the limit is the machine and not the model. Their intervals are percentile bootstraps
/// with a fixed seed that draw whole blocks, so that what one block did to all counts stays together.
pub fn scaling(curves: &[Curve], sequential: Option<&Curve>, cores: u64) -> Scaling {
    let mut curves: Vec<&Curve> = curves.iter().filter(|curve| !curve.times.is_empty()).collect();
    curves.sort_by_key(|curve| curve.workers);
    let single = curves.iter().find(|curve| curve.workers == 1).copied();
    let point = |curve: &&Curve| {
        let speedup = sequential.and_then(|sequential| times_as_fast(curve, sequential));
        let own_speedup = single.and_then(|single| times_as_fast(curve, single));
        ScalingPoint {
            workers: curve.workers,
            efficiency: speedup.map(|speedup| speedup.estimate / curve.workers as f64),
            karp_flatt: own_speedup
                .filter(|_| curve.workers <= cores)
                .and_then(|speedup| karp_flatt(curve.workers, speedup.estimate)),
            speedup,
            own_speedup,
        }
    };
    let points = curves.iter().map(point).collect();
    curves.retain(|curve| curve.workers <= cores);
    Scaling { points, amdahl: amdahl(&curves, cores), usl: usl(&curves, cores) }
}

/// How many times as fast as the other, from the blocks that both have.
fn times_as_fast(curve: &Curve, other: &Curve) -> Option<Ranged> {
    let logs: Vec<f64> = curve
        .times
        .iter()
        .filter_map(|&(block, time)| {
            let (_, slower) = other.times.iter().find(|(of, _)| *of == block)?;
            Some((slower / time).ln())
        })
        .collect();
    let found = hodges_lehmann(&logs, CONFIDENCE)?;
    Some(Ranged { estimate: found.estimate.exp(), low: Some(found.low.exp()), high: Some(found.high.exp()) })
}

fn amdahl(curves: &[&Curve], cores: u64) -> Result<Ranged, FitRefusal> {
    enough(curves, 2, cores)?;
    if curves.iter().all(|curve| curve.workers != 1) {
        return Err(FitRefusal::NoSingleWorker);
    }
    let share = |times: &[(u64, f64)]| {
        let single = times.iter().find(|&&(workers, _)| workers == 1)?.1;
        fit_amdahl(&times.iter().map(|&(workers, time)| (workers, time / single)).collect::<Vec<_>>())
    };
    let estimate = share(&medians(curves)).ok_or(FitRefusal::NoFit)?;
    Ok(ranged(estimate, &resampled(curves, share)))
}

fn usl(curves: &[&Curve], cores: u64) -> Result<Usl, FitRefusal> {
    const NANOSECONDS_PER_SECOND: f64 = 1e9;
    enough(curves, FEWEST_COUNTS, cores)?;
    let found = fit_usl(&medians(curves)).ok_or(FitRefusal::NoFit)?;
    let again = resampled(curves, fit_usl);
    let parameter =
        |of: fn(&UslParameters) -> f64| ranged(of(&found), &again.iter().map(of).collect::<Vec<_>>());
    Ok(Usl {
        lambda_per_s: parameter(|law| law.lambda * NANOSECONDS_PER_SECOND),
        sigma: parameter(|law| law.sigma),
        kappa: parameter(|law| law.kappa),
        peak_workers: (found.kappa > 0.0 && found.sigma < 1.0)
            .then(|| ((1.0 - found.sigma) / found.kappa).sqrt()),
    })
}

fn enough(curves: &[&Curve], needed: usize, cores: u64) -> Result<(), FitRefusal> {
    if curves.len() < needed {
        return Err(FitRefusal::TooFewCounts { found: curves.len() as u64, needed: needed as u64, cores });
    }
    Ok(())
}

fn medians(curves: &[&Curve]) -> Vec<(u64, f64)> {
    let times = |curve: &Curve| curve.times.iter().map(|&(_, time)| time).collect::<Vec<_>>();
    curves.iter().filter_map(|curve| Some((curve.workers, median(&sorted(&times(curve)))?))).collect()
}

/// What a law says about resamples of the blocks that all counts have; empty if those are too few.
fn resampled<T>(curves: &[&Curve], fit: impl Fn(&[(u64, f64)]) -> Option<T>) -> Vec<T> {
    let time_in =
        |curve: &Curve, block: u32| curve.times.iter().find(|&&(of, _)| of == block).map(|&(_, time)| time);
    let Some(first) = curves.first() else {
        return Vec::new();
    };
    let blocks = first.times.iter().map(|&(block, _)| block);
    let complete: Vec<Vec<f64>> =
        blocks.filter_map(|block| curves.iter().map(|curve| time_in(curve, block)).collect()).collect();
    if complete.len() < FEWEST_TO_RESAMPLE {
        return Vec::new();
    }
    let mut resampler = Resampler::default();
    let draw = |_| {
        let drawn = resampler.indices(complete.len());
        let median_of = |(index, curve): (usize, &&Curve)| {
            let times: Vec<f64> = drawn.iter().map(|&block| complete[block][index]).collect();
            Some((curve.workers, median(&sorted(&times))?))
        };
        fit(&curves.iter().enumerate().filter_map(median_of).collect::<Vec<_>>())
    };
    (0..RESAMPLES).filter_map(draw).collect()
}

fn ranged(estimate: f64, resampled: &[f64]) -> Ranged {
    let ends = percentile_interval(resampled, CONFIDENCE);
    Ranged { estimate, low: ends.map(|(low, _)| low), high: ends.map(|(_, high)| high) }
}

/// The scaling of a model in a workload of a run: all of its measured cells, ranked or not, twins left out, and those with
/// more workers than tasks, which would show nothing but that some have none.
pub fn scaling_of(sheet: &Sheet, workload: &str, model: &str) -> Scaling {
    let measured = |cell: &&SheetCell| cell.workload == workload && !cell.twin && cell.status == Status::Ok;
    let cells = || sheet.cells.iter().filter(measured);
    let scales = |cell: &&SheetCell| cell.model == model && cell.workers <= cell.tasks;
    let curves: Vec<Curve> = cells().filter(scales).map(curve).collect();
    let sequential = cells().find(|cell| cell.family == Family::Baseline).map(curve);
    scaling(&curves, sequential.as_ref(), sheet.cores)
}

fn curve(cell: &SheetCell) -> Curve {
    let time = |observation: &Observation| Some((observation.block, Metric::Steady.of(observation)?));
    Curve { workers: cell.workers, times: cell.observations.iter().filter_map(time).collect() }
}
