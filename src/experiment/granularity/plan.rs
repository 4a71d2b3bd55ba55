//! Which sizes a task has, what a batch of each is made of, and which sizes each model carries.

use std::collections::BTreeMap;
use std::time::Duration;

use concbench_text::figures;
use concbench_workloads::{Count, Kernel};

use super::metg::{CoreRate, HALF, efficiency};
use super::{Cell, Granularity, Order};
use crate::batch::{BatchObservation, Pace};
use crate::experiment::{Ask, Block, Scope, Seen, Subject, Trial};
use crate::model::{Family, ModelInfo, Sizing};
use crate::models::TaskSpec;
use crate::record::{Failure, Status};
use crate::runner::Work;
use crate::spec::MOST_TASKS;
use crate::time::nanoseconds;

/// The sizes of a task, ascending: four to a step. From where the lightest pools are lost in their own overhead to where
/// even a process for each task is worth its price.
const SIZES_NS: [u64; 9] = [250, 1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000, 4_000_000, 10_000_000];
/// Of how many of them a quick run has one.
const QUICK_STEP: usize = 2;
/// How many warm batches an observation of a quick run has at most.
const QUICK_WARM: u32 = 1;
/// How many any other has: the batches of all sizes are equally long, and time goes to more sizes.
const WARM: u32 = 2;
/// How long a batch takes that uses all cores without loss.
const BATCH: Duration = Duration::from_millis(30);
/// The fewest tasks of each core: with fewer, how they fall on the cores would decide.
const FEWEST_PER_CORE: u64 = 3;
/// The share of the peak below which smaller tasks of a model are not measured any more. METG is read off at one half,
/// which a quick run goes below only once.
const HOPELESS: f64 = 0.2;
/// How far a task of the calibration counts, and how many tasks and warm batches it has: a few milliseconds in all.
const CALIBRATION: (u64, u64, u32) = (1_000_000, 4, 5);
/// The name of that calibration.
const STEP: &str = "step";
/// With how many warm batches it is tried whether a model carries a size. The best of all counts, since one alone may have
/// been disturbed.
const TRIES: u32 = 2;
/// The model whose cell gets an A/A twin, so that each size has a noise floor.
const TWIN: &str = "tokio-multi-thread";
/// How long a runner takes to start and end.
const START: Duration = Duration::from_millis(25);

/// Every model at every size, the smallest first. Without a baseline there is no size.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    if baseline(scope).is_none() {
        return Vec::new();
    }
    let step = if scope.is_quick() { QUICK_STEP } else { 1 };
    let of_size = |&task_ns: &u64| {
        let cell = move |model: &ModelInfo, twin| Cell {
            size: size_name(task_ns),
            task_ns,
            model: model.id.to_owned(),
            family: model.family,
            workers: match model.sizing {
                Sizing::One => 1,
                Sizing::Workers => scope.cores(),
                Sizing::PerTask => tasks(task_ns, scope.cores()),
            },
            twin,
        };
        let twins = scope.models.iter().filter(|model| model.id == TWIN);
        let all = scope.models.iter().map(|model| (model, false)).chain(twins.map(|model| (model, true)));
        all.map(|(model, twin)| cell(model, twin)).collect::<Vec<Cell>>()
    };
    SIZES_NS.iter().step_by(step).flat_map(of_size).collect()
}

/// `250ns`, `16us`, `4ms`.
fn size_name(task_ns: u64) -> String {
    match task_ns {
        ns if ns < 1_000 => format!("{ns}ns"),
        ns if ns < 1_000_000 => format!("{}us", ns / 1_000),
        ns => format!("{}ms", ns / 1_000_000),
    }
}

/// How many of the cores a model with so many workers uses.
pub(super) fn used(workers: u64, cores: u64) -> u64 {
    workers.clamp(1, cores.max(1))
}

/// How many tasks of a size make a batch: as many for each core. Not the same number at every size, as in Task Bench: the
/// sizes span a factor of 40,000, so that any one number would make batches of the smallest tasks of which most is the
/// start of the batch, or batches of the largest that take minutes. What is held is the time of a batch; so what a batch
/// costs by itself is the same small share at each size, and each size is measured equally well.
pub(super) fn tasks(task_ns: u64, cores: u64) -> u64 {
    let per_core = (nanoseconds(BATCH) as f64 / task_ns.max(1) as f64).round() as u64;
    let cores = cores.clamp(1, MOST_TASKS);
    per_core.max(FEWEST_PER_CORE).saturating_mul(cores).min(MOST_TASKS - MOST_TASKS % cores)
}

/// How far a task has to count on this machine, so that it takes so long; `None` before that was timed.
pub(super) fn steps(task_ns: u64, calibrations: &BTreeMap<String, BatchObservation>) -> Option<u64> {
    let (n, tasks, _) = CALIBRATION;
    let step_ns = best_ns(calibrations.get(STEP)?) / (n * tasks) as f64;
    Some((task_ns as f64 / step_ns).round().max(1.0) as u64)
}

/// About how long it takes to measure these cells. Few models come near the peak: they take half as long again on
/// average.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let warm = if scope.is_quick() { QUICK_WARM } else { WARM };
    let batch = |cell: &Cell| match cell.family {
        Family::Baseline => BATCH * scope.cores() as u32,
        _ => BATCH * 3 / 2,
    };
    let observation = |cell: &Cell, warm| START + batch(cell) * (1 + warm);
    cells.iter().map(|cell| observation(cell, TRIES) + observation(cell, warm) * scope.settings.blocks).sum()
}

/// First how long it takes to count, then what each model carries, then the blocks.
pub(super) fn next(scope: &Scope, seen: &Seen<Granularity>) -> Vec<Block<Order>> {
    let trials = match seen.calibrations.contains_key(STEP) {
        false => step(scope, seen).into_iter().collect(),
        true => scope.models.iter().flat_map(|model| carried(scope, seen, model)).collect::<Vec<_>>(),
    };
    match Block::of_calibrations(trials) {
        none if none.is_empty() => seen.blocks(scope, |cell| carry(scope, seen, cell).map(Ok)),
        calibrations => calibrations,
    }
}

fn baseline(scope: &Scope) -> Option<&ModelInfo> {
    scope.models.iter().find(|model| model.family == Family::Baseline)
}

/// How long it takes to count by one; every cell needs that.
fn step(scope: &Scope, seen: &Seen<Granularity>) -> Option<Trial<Order>> {
    let cells: Vec<usize> = seen.open().map(|(number, _)| number).collect();
    let model = *baseline(scope).filter(|_| !cells.is_empty())?;
    let (n, tasks, warm) = CALIBRATION;
    let work = Work { task_spec: task_spec(STEP, n), tasks, model, workers: 1, checked: true };
    let ask = Ask { order: Order { warm }, work: Some(work), deadline: scope.settings.deadline };
    let subject = Subject::Calibration { name: STEP.to_owned(), cells };
    Some(Trial { subject, ask: Ok(ask), padding: 0 })
}

fn task_spec(name: &str, n: u64) -> TaskSpec {
    let kernel = Some(Kernel::Count(Count { n }));
    TaskSpec { name: name.to_owned(), kernel, ..TaskSpec::default() }
}

/// The next size to try a model at, coming down from the largest; or the refusal of all sizes below the one at which
/// hardly any of the peak is left, which is the last that is worth its time.
fn carried(scope: &Scope, seen: &Seen<Granularity>, model: &ModelInfo) -> Vec<Trial<Order>> {
    let of_model = |(_, cell): &(usize, &Cell)| cell.model == model.id;
    let cells = || seen.cells.iter().map(|cell| &cell.factors).enumerate().filter(of_model);
    let open = |of_size: &dyn Fn(&Cell) -> bool| -> Vec<usize> {
        let open = cells().filter(|(number, cell)| of_size(cell) && seen.cells[*number].is_open());
        open.map(|(number, _)| number).collect()
    };
    let mut sizes: Vec<&Cell> = cells().map(|(_, cell)| cell).collect();
    sizes.sort_by_key(|cell| std::cmp::Reverse(cell.task_ns));
    sizes.dedup_by_key(|cell| cell.task_ns);
    for cell in sizes {
        let name = carry_name(model.id, &cell.size);
        let here = open(&|other| other.task_ns == cell.task_ns);
        let lost = match seen.calibrations.get(&name) {
            None if here.is_empty() => Some(format!("tasks of {} could not be measured", cell.size)),
            None => {
                let ask = ask(scope, seen, cell, Order { warm: TRIES }, scope.settings.deadline);
                let subject = Subject::Calibration { name, cells: here };
                return ask.map(|ask| Trial { subject, ask: Ok(ask), padding: 0 }).into_iter().collect();
            }
            Some(made) => hopeless(scope, seen, model, cell, made),
        };
        if let Some(reason) = lost {
            let failure = Failure::new(Status::Skipped, reason);
            let refusal =
                |number| Trial { subject: Subject::Cell(number), ask: Err(failure.clone()), padding: 0 };
            return open(&|other| other.task_ns < cell.task_ns).into_iter().map(refusal).collect();
        }
    }
    Vec::new()
}

/// Why smaller tasks of a model are not worth their time, if they are not.
fn hopeless(
    scope: &Scope,
    seen: &Seen<Granularity>,
    model: &ModelInfo,
    cell: &Cell,
    made: &BatchObservation,
) -> Option<String> {
    let least = if scope.is_quick() { HALF } else { HOPELESS };
    let cores = used(cell.workers, scope.cores());
    let work_ns = peak(scope, seen)?.work_ns(steps(cell.task_ns, &seen.calibrations)? as f64);
    let share = efficiency(best_ns(made), made.tasks, work_ns, cores);
    (share < least && model.family != Family::Baseline).then(|| {
        let share = figures::percent(share);
        format!("tasks of {} reached {share} of the peak, and smaller ones would reach less", cell.size)
    })
}

/// The best that was reached on all cores up to now. Each model is tried at the largest size first, so that all that can
/// reach it have been there when the first is judged. Where none has, the baseline's rate stands for that of a core.
fn peak(scope: &Scope, seen: &Seen<Granularity>) -> Option<CoreRate> {
    let rate = |cell: &Cell, cores| {
        let made = seen.calibrations.get(&carry_name(&cell.model, &cell.size))?;
        let steps = steps(cell.task_ns, &seen.calibrations)?;
        CoreRate::of(best_ns(made), made.tasks as f64 * steps as f64, cores)
    };
    let best = |of: &dyn Fn(&Cell) -> bool, cores| {
        let cells = seen.cells.iter().map(|cell| &cell.factors).filter(|cell| !cell.twin && of(cell));
        cells
            .filter_map(|cell| rate(cell, cores))
            .reduce(|best, other| if other > best { other } else { best })
    };
    let on_all = best(&|cell| used(cell.workers, scope.cores()) == scope.cores(), scope.cores());
    on_all.or_else(|| best(&|cell| cell.family == Family::Baseline, 1))
}

/// The shortest batch: nothing makes one faster than it is.
fn best_ns(made: &BatchObservation) -> f64 {
    made.warm_ns.iter().copied().fold(made.cold_ns, u64::min).max(1) as f64
}

fn carry_name(model: &str, size: &str) -> String {
    format!("carry/{model}/{size}")
}

/// How a size is measured under a model that carries it.
fn carry(scope: &Scope, seen: &Seen<Granularity>, cell: &Cell) -> Option<Ask<Order>> {
    let made = seen.calibrations.get(&carry_name(&cell.model, &cell.size))?;
    let pace = Pace::from(made, scope.settings.deadline);
    let most = if scope.is_quick() { QUICK_WARM } else { WARM };
    let warm = pace.warm.batches().min(most);
    ask(scope, seen, cell, Order { warm }, pace.deadline)
}

fn ask(
    scope: &Scope,
    seen: &Seen<Granularity>,
    cell: &Cell,
    order: Order,
    deadline: Duration,
) -> Option<Ask<Order>> {
    let model = *scope.model(&cell.model)?;
    let task_spec = task_spec(&cell.size, steps(cell.task_ns, &seen.calibrations)?);
    let tasks = tasks(cell.task_ns, scope.cores());
    let work = Work { task_spec, tasks, model, workers: cell.workers, checked: true };
    Some(Ask { order, work: Some(work), deadline })
}
