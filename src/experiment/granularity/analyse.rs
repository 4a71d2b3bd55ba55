//! How small tasks may become before a model spends its time on itself.

use std::mem::swap;

use concbench_workloads::Kernel;
use serde::Serialize;

use super::sample::Price;
use super::stats::{FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, median, percentile_interval, sorted};
use super::{CONFIDENCE, ranking, wording};
use crate::model::Family;
use crate::record::{
    CellRecord, Estimate, GrainPoint, Granularity, Metg, ModelGranularity, Region, Run, WorkloadRecord,
};

/// The efficiency at which the granularity is read off.
pub const HALF: f64 = 0.5;

/// What was measured at one task size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepPoint {
    /// The task's size: the time that it takes when it is all there is, in nanoseconds.
    pub task_ns: f64,
    /// The share of the calibrated peak that was reached, in each block.
    pub efficiency: Vec<f64>,
}

/// Why there is no METG.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum MetgRefusal {
    /// The sweep is no sweep.
    #[error("the sweep has {sizes} task sizes, at least two are needed")]
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
pub fn efficiency(batch_ns: f64, tasks: u64, task_ns: f64, cores: u64) -> f64 {
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
pub fn metg(sweep: &[SweepPoint]) -> Result<Metg, MetgRefusal> {
    let mut points: Vec<&SweepPoint> = sweep.iter().filter(|point| !point.efficiency.is_empty()).collect();
    points.sort_by(|left, right| left.task_ns.total_cmp(&right.task_ns));
    let sizes = points.len() as u64;
    let medians = points.iter().map(|point| (point.task_ns, middle(&point.efficiency))).collect::<Vec<_>>();
    let task_ns = match crossing(&medians) {
        _ if sizes < 2 => return Err(MetgRefusal::TooFewSizes { sizes }),
        Crossing::Above(efficiency) => return Err(MetgRefusal::NeverReached { efficiency }),
        Crossing::Below(efficiency) => return Err(MetgRefusal::AlwaysReached { efficiency }),
        Crossing::At(task_ns) => task_ns,
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

/// The sweep of one model in a run: its efficiency in every workload that counts, which is the kernel that granularity
/// is measured with. A workload without a measured baseline has no calibrated size, and is left out.
///
/// Where a model has several ranked numbers of workers, the one that did best stands for it.
pub fn sweep(run: &Run, model: &str) -> Vec<SweepPoint> {
    let mut points: Vec<SweepPoint> = grains(run)
        .into_iter()
        .filter_map(|(workload, task_ns)| {
            let cell = representative(run, workload, model)?;
            let times = Price::Steady.series(cell);
            let share = |&batch: &f64| efficiency(batch, cell.tasks, task_ns, run.machine.cores);
            Some(SweepPoint { task_ns, efficiency: times.iter().map(share).collect() })
        })
        .collect();
    points.sort_by(|left, right| left.task_ns.total_cmp(&right.task_ns));
    points
}

/// Fills in what follows from the granularity sweep of a record, if it has one.
pub(super) fn complete(run: &mut Run) {
    let Some(mut section) = run.granularity.take() else {
        return;
    };
    // For as long as its analysis takes, the sweep is the whole run: its sizes are compared like any other workloads.
    exchange(run, &mut section);
    super::complete(run);
    section.models = models(run);
    section.regions = crossover(run);
    exchange(run, &mut section);
    run.granularity = Some(section);
}

fn exchange(run: &mut Run, section: &mut Granularity) {
    swap(&mut run.workloads, &mut section.workloads);
    swap(&mut run.cells, &mut section.cells);
    swap(&mut run.comparisons, &mut section.comparisons);
    swap(&mut run.verdicts, &mut section.verdicts);
}

/// What follows for each model but the baseline, which the peak is made of.
fn models(run: &Run) -> Vec<ModelGranularity> {
    let mut ids: Vec<&str> = Vec::new();
    // The largest size first: every model carries it, so its cells stand in the order of the matrix.
    for workload in run.workloads.iter().rev() {
        let of_size = |cell: &&CellRecord| cell.workload == workload.name && cell.family != Family::Baseline;
        for cell in run.cells.iter().filter(of_size) {
            if !ids.contains(&cell.model.as_str()) {
                ids.push(&cell.model);
            }
        }
    }
    let model = |id: &str| {
        let (metg, refusal) = match metg(&sweep(run, id)) {
            Ok(found) => (Some(found), None),
            Err(refusal) => (None, Some(trouble(run, id).unwrap_or_else(|| refusal.to_string()))),
        };
        let points = points(run, id);
        let left_out = left_out(run, &points);
        ModelGranularity { model: id.to_owned(), points, metg, refusal, left_out }
    };
    ids.into_iter().map(model).collect()
}

/// That a model was not measured at the smallest sizes of the sweep: how small it got, and how far from the peak it was.
fn left_out(run: &Run, points: &[GrainPoint]) -> Option<String> {
    let smallest = points.first()?;
    let further = grains(run).iter().any(|&(_, task_ns)| task_ns < smallest.task_ns);
    further.then(|| {
        let (size, share) = (wording::duration(smallest.task_ns, 0.0), wording::percent(smallest.efficiency));
        format!("not measured below {size}, where it reached {share} of the peak")
    })
}

/// Why a model was measured at no size.
fn trouble(run: &Run, model: &str) -> Option<String> {
    let mut cells = run.cells.iter().filter(|cell| cell.model == model && !cell.twin);
    let first = cells.next()?;
    cells.chain([first]).all(|cell| cell.summary.is_none()).then(|| first.reason.clone())?
}

fn points(run: &Run, model: &str) -> Vec<GrainPoint> {
    let mut points: Vec<GrainPoint> = grains(run)
        .into_iter()
        .filter_map(|(workload, task_ns)| {
            let cell = representative(run, workload, model)?;
            let batch = Price::Steady.estimate(cell)?;
            let tasks = cell.tasks.max(1) as f64;
            let per_task = Estimate {
                median: batch.median / tasks,
                low: batch.low / tasks,
                high: batch.high / tasks,
                min: batch.min / tasks,
                ..*batch
            };
            let efficiency = efficiency(batch.median, cell.tasks, task_ns, run.machine.cores);
            Some(GrainPoint { workload: workload.name.clone(), task_ns, per_task, efficiency })
        })
        .collect();
    points.sort_by(|left, right| left.task_ns.total_cmp(&right.task_ns));
    points
}

/// The cell that stands for a model in a workload: of several ranked numbers of workers, the one that did best.
fn representative<'a>(run: &'a Run, workload: &WorkloadRecord, model: &str) -> Option<&'a CellRecord> {
    let cells = ranking::contenders(run, &workload.name).into_iter().filter(|cell| cell.model == model);
    ranking::fastest(cells, Price::Steady)
}

/// The workloads that count, with the calibrated size of their tasks in nanoseconds: the sequential time of a batch over
/// its tasks.
fn grains(run: &Run) -> Vec<(&WorkloadRecord, f64)> {
    let counts = run.workloads.iter().filter(|workload| matches!(workload.kernel, Some(Kernel::Count(_))));
    counts
        .filter_map(|workload| {
            let baseline = run.cells.iter().find(|cell| {
                cell.workload == workload.name && cell.family == Family::Baseline && !cell.twin
            })?;
            let batch = Price::Steady.estimate(baseline)?.median;
            Some((workload, batch / baseline.tasks.max(1) as f64))
        })
        .collect()
}

/// Which models win from which task size on: neighbouring sizes with a winner in common are one region, whose models are
/// the winners that all of its sizes share. Between the end of one region and the start of the next the answer flips.
pub fn regions(sizes: &[(f64, Vec<String>)]) -> Vec<Region> {
    let mut ascending: Vec<&(f64, Vec<String>)> =
        sizes.iter().filter(|(_, winners)| !winners.is_empty()).collect();
    ascending.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut regions: Vec<Region> = Vec::new();
    for (task_ns, winners) in ascending {
        let shared = |region: &Region| -> Vec<String> {
            region.models.iter().filter(|model| winners.contains(model)).cloned().collect()
        };
        match regions.last_mut().map(|region| (shared(region), region)) {
            Some((models, region)) if !models.is_empty() => {
                region.to_ns = *task_ns;
                region.models = models;
            }
            _ => regions.push(Region { from_ns: *task_ns, to_ns: *task_ns, models: winners.clone() }),
        }
    }
    regions
}

/// The regions of a run: its counting workloads by size, and the winners of each in steady state.
pub fn crossover(run: &Run) -> Vec<Region> {
    let winners = |workload: &WorkloadRecord| -> Vec<String> {
        let verdict = run.verdicts.iter().find(|verdict| verdict.workload == workload.name);
        let model = |id: &String| run.cells.iter().find(|cell| cell.id == *id).map(|cell| cell.model.clone());
        let mut models: Vec<String> =
            verdict.map_or(&[][..], |verdict| &verdict.winners).iter().filter_map(model).collect();
        models.dedup();
        models
    };
    let sizes: Vec<(f64, Vec<String>)> =
        grains(run).into_iter().map(|(workload, task_ns)| (task_ns, winners(workload))).collect();
    regions(&sizes)
}
