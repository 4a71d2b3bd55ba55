//! From the observations of many sizes to what follows for each model.

use itertools::Itertools as _;
use std::collections::BTreeMap;

use concbench_stats::Estimate;
use concbench_text::figures;
use concbench_workloads::{Class, Count, Kernel};

use super::findings::{Findings, ModelGranularity, Peak, Point, Region, Size};
use super::metg::{CoreRate, MetgRefusal, SweepPoint, efficiency, granularity, metg};
use super::{Cell, Granularity, plan};
use crate::batch::analyse::{Metric, answer, summarise};
use crate::batch::{BatchCell, BatchObservation, Sheet, SheetCell, WorkloadRecord};
use crate::experiment::{Context, Experiment, MeasuredOf, RecordOf, View};
use crate::model::{Dispatch, Family};
use crate::record::{BlockNoise, CellRecord, RunInfo};

/// What follows from the observations.
pub(super) fn analyse(measured: &MeasuredOf<Granularity>, context: &Context<'_>) -> Findings {
    let Context { run, machine, blocks, .. } = *context;
    findings(empty(&measured.cells, &measured.calibrations, machine.cores, run, blocks))
}

/// What follows from a sheet of sizes.
pub(super) fn findings(mut sheet: Sheet) -> Findings {
    sheet.cells.iter_mut().for_each(summarise);
    answer(&mut sheet);
    let known = sizes(&sheet);
    let size = |workload: &WorkloadRecord| Size {
        size: workload.name.clone(),
        n: steps(workload),
        tasks: workload.tasks,
        task_ns: known.get(workload.name.as_str()).copied(),
    };
    let peak = peak(&sheet);
    let rate = peak.as_ref().map(|(rate, _)| *rate);
    Findings {
        sizes: sheet.workloads.iter().map(size).collect(),
        models: models(&sheet, &known, rate),
        peak: peak.map(|(_, peak)| peak),
        regions: regions(&winners(&sheet, &known)),
        comparisons: sheet.comparisons,
        verdicts: sheet.verdicts,
    }
}

/// The sizes with all that follows from them, as the section reads them.
pub(super) fn sheet(record: &RecordOf<Granularity>, view: &View<'_>) -> Sheet {
    let (cores, noise) = (view.record.machine.cores, &view.record.noise.blocks);
    let mut sheet = empty(&record.cells, &record.calibrations, cores, &view.record.run, noise);
    sheet.cells.iter_mut().for_each(summarise);
    sheet.comparisons.clone_from(&record.findings.comparisons);
    sheet.verdicts.clone_from(&record.findings.verdicts);
    sheet
}

/// The sizes as workloads beside each other; nothing follows from them yet.
pub(super) fn empty(
    cells: &[CellRecord<Cell, BatchObservation>],
    calibrations: &BTreeMap<String, BatchObservation>,
    cores: u64,
    run: &RunInfo,
    noise: &[BlockNoise],
) -> Sheet {
    let mut workloads: Vec<WorkloadRecord> = Vec::new();
    for Cell { size, task_ns, .. } in cells.iter().map(|cell| &cell.factors) {
        if workloads.iter().all(|known| known.name != *size) {
            let n = plan::steps(*task_ns, calibrations);
            workloads.push(workload(size, n, plan::tasks(*task_ns, cores)));
        }
    }
    Sheet {
        cores,
        blocks: run.blocks,
        margin: run.margin,
        workloads,
        cells: cells.iter().map(|cell| sheet_cell(cell, cores)).collect(),
        noise: noise.iter().filter(|block| block.experiment == Granularity::ID).cloned().collect(),
        ..Sheet::default()
    }
}

fn workload(size: &str, n: Option<u64>, tasks: u64) -> WorkloadRecord {
    WorkloadRecord {
        name: size.to_owned(),
        class: Class::Cpu,
        teaches: String::new(),
        why_this_size: String::new(),
        tasks,
        kernel: n.map(|n| Kernel::Count(Count { n })),
        wait_ns: 0,
        timer_ns: 0,
        hash: String::new(),
    }
}

fn sheet_cell(cell: &CellRecord<Cell, BatchObservation>, cores: u64) -> SheetCell {
    let factors = cell.factors.clone();
    let tasks = plan::tasks(factors.task_ns, cores);
    let factors = BatchCell {
        workload: factors.size,
        model: factors.model,
        family: factors.family,
        // Nobody asks here.
        dispatch: Dispatch::Single,
        workers: factors.workers,
        workers_rule: String::new(),
        concurrency: tasks,
        twin: factors.twin,
        ranked: true,
        tasks,
    };
    let Ok(cell) = cell.clone_as(factors, |seen| Ok::<_, std::convert::Infallible>(seen.clone()));
    SheetCell::of(&cell)
}

/// The calibrated size of the tasks of each size, in nanoseconds: the sequential time of a batch over its tasks. A size
/// without a measured baseline has none, and is left out.
pub(super) fn sizes(sheet: &Sheet) -> BTreeMap<&str, f64> {
    let baselines = sheet.cells.iter().filter(|cell| cell.family == Family::Baseline && !cell.twin);
    let size = |cell: &'_ SheetCell| Some(Metric::Steady.estimate(cell)?.median / cell.tasks.max(1) as f64);
    let known = baselines.filter_map(|cell| Some((cell.workload.as_str(), size(cell)?)));
    known.filter(|(_, task_ns)| task_ns.is_finite() && *task_ns > 0.0).collect()
}

/// The cells of a model that have figures, each with the calibrated size of its tasks; ascending.
fn sized<'a>(
    sheet: &'a Sheet,
    known: &BTreeMap<&str, f64>,
    model: &str,
) -> Vec<(f64, &'a SheetCell, &'a Estimate)> {
    let of_model = |cell: &&SheetCell| cell.model == model && !cell.twin;
    let sized = |cell: &'a SheetCell| {
        Some((*known.get(cell.workload.as_str())?, cell, Metric::Steady.estimate(cell)?))
    };
    let mut cells: Vec<_> = sheet.cells.iter().filter(of_model).filter_map(sized).collect();
    cells.sort_by(|left, right| left.0.total_cmp(&right.0));
    cells
}

/// How far each task of a size counts.
fn steps(workload: &WorkloadRecord) -> Option<u64> {
    match workload.kernel {
        Some(Kernel::Count(Count { n })) => Some(n),
        _ => None,
    }
}

/// The same of the size of a cell.
fn steps_of(sheet: &Sheet, cell: &SheetCell) -> Option<f64> {
    let workload = sheet.workloads.iter().find(|workload| workload.name == cell.workload)?;
    steps(workload).map(|n| n as f64)
}

/// How many cores a cell uses.
fn used(sheet: &Sheet, cell: &SheetCell) -> u64 {
    plan::used(cell.workers, sheet.cores)
}

/// The best that any model reached on all cores.
fn peak(sheet: &Sheet) -> Option<(CoreRate, Peak)> {
    let rate = |cell: &SheetCell| {
        let batch_ns = Metric::Steady.estimate(cell)?.median;
        CoreRate::of(batch_ns, cell.tasks as f64 * steps_of(sheet, cell)?, sheet.cores)
    };
    let on_all = sheet.cells.iter().filter(|cell| !cell.twin && used(sheet, cell) == sheet.cores);
    let best = on_all.filter_map(|cell| Some((rate(cell)?, cell)));
    let (rate, cell) = best.reduce(|best, other| if other.0 > best.0 { other } else { best })?;
    let (model, size) = (cell.model.clone(), cell.workload.clone());
    Some((rate, Peak { model, size, steps_per_ns: rate.of_all(sheet.cores) }))
}

/// The efficiency of one model at every size.
pub(super) fn sweep(
    sheet: &Sheet,
    known: &BTreeMap<&str, f64>,
    peak: CoreRate,
    model: &str,
) -> Vec<SweepPoint> {
    let point = |(_, cell, _): (f64, &SheetCell, &Estimate)| {
        let work_ns = peak.work_ns(steps_of(sheet, cell)?);
        let share = |&batch: &f64| efficiency(batch, cell.tasks, work_ns, used(sheet, cell));
        Some(SweepPoint { work_ns, efficiency: Metric::Steady.series(cell).iter().map(share).collect() })
    };
    sized(sheet, known, model).into_iter().filter_map(point).collect()
}

/// What follows for each model but the baseline, which the sizes are read from.
fn models(sheet: &Sheet, known: &BTreeMap<&str, f64>, peak: Option<CoreRate>) -> Vec<ModelGranularity> {
    let ids: Vec<&str> = sheet
        .cells
        .iter()
        .filter(|cell| cell.family != Family::Baseline)
        .map(|cell| cell.model.as_str())
        .unique()
        .collect();
    let model = |id: &str| {
        let found = peak.ok_or(MetgRefusal::NoPeak).and_then(|peak| metg(&sweep(sheet, known, peak, id)));
        let (metg, refusal) = match found {
            Ok(found) => (Some(found), None),
            Err(refusal) => (None, Some(trouble(sheet, id).unwrap_or_else(|| refusal.to_string()))),
        };
        let points: Vec<Point> =
            sized(sheet, known, id).into_iter().map(|sized| point(sheet, peak, sized)).collect();
        let left_out = left_out(known, &points);
        // Fewest: a task each has as many workers as a batch has tasks.
        let cells = sheet.cells.iter().filter(|cell| cell.model == id);
        let cores = cells.map(|cell| used(sheet, cell)).min().unwrap_or(sheet.cores);
        ModelGranularity { model: id.to_owned(), cores, points, metg, refusal, left_out }
    };
    ids.into_iter().map(model).collect()
}

fn point(sheet: &Sheet, peak: Option<CoreRate>, sized: (f64, &SheetCell, &Estimate)) -> Point {
    let (task_ns, cell, batch) = sized;
    let cores = used(sheet, cell);
    let work_ns = peak.zip(steps_of(sheet, cell)).map(|(peak, steps)| peak.work_ns(steps));
    Point {
        size: cell.workload.clone(),
        task_ns,
        per_task: batch.per(cell.tasks.max(1) as f64),
        granularity_ns: granularity(batch.median, cell.tasks, cores),
        efficiency: work_ns.map(|work_ns| efficiency(batch.median, cell.tasks, work_ns, cores)),
    }
}

/// That a model was not measured at the smallest sizes of the sweep: how small it got, and how far from the peak it was.
fn left_out(known: &BTreeMap<&str, f64>, points: &[Point]) -> Option<String> {
    let smallest = points.first()?;
    let further = known.values().any(|task_ns| *task_ns < smallest.task_ns);
    further.then(|| {
        let size = figures::time(smallest.task_ns);
        let reached = smallest
            .efficiency
            .map(|share| format!(", where it reached {} of the peak", figures::percent(share)));
        format!("not measured below {size}{}", reached.unwrap_or_default())
    })
}

/// Why a model was measured at no size: what went wrong at the largest, which is tried first.
fn trouble(sheet: &Sheet, model: &str) -> Option<String> {
    let cells = || sheet.cells.iter().filter(|cell| cell.model == model && !cell.twin);
    let none = cells().all(|cell| cell.summary.is_none());
    cells().next_back().filter(|_| none)?.reason.clone()
}

/// The size of the tasks that each answer is for, and the models that win there.
fn winners(sheet: &Sheet, known: &BTreeMap<&str, f64>) -> Vec<(f64, Vec<String>)> {
    let model = |id: &String| sheet.cells.iter().find(|cell| cell.id == *id).map(|cell| cell.model.clone());
    let answers = sheet.verdicts.iter();
    let winners = answers.filter_map(|verdict| {
        Some((*known.get(verdict.workload.as_str())?, verdict.winners.iter().filter_map(model).collect()))
    });
    winners.collect()
}

/// Which models win from which task size on: neighbouring sizes with a winner in common are one region, whose models are
/// the winners that all of its sizes share. Between the end of one region and the start of the next the answer flips.
pub(super) fn regions(sizes: &[(f64, Vec<String>)]) -> Vec<Region> {
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
