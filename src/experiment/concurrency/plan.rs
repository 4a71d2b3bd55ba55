//! How many tasks of which kind are in flight under which model, and which of that is refused beforehand.

use itertools::Itertools as _;
use std::collections::BTreeMap;
use std::time::Duration;

use concbench_text::figures;
use concbench_workloads::{Count, Kernel, Mixed};

use super::{Cell, Concurrency, Observation, Order};
use crate::experiment::{Ask, Block, Experiment, Scope, Seen, Subject, Trial};
use crate::model::{Family, ModelInfo, Sizing, Waiting};
use crate::models::TaskSpec;
use crate::record::{Failure, Status};
use crate::runner::Work;
use crate::time::nanoseconds;

/// How often each cell is measured at most: the range of six values holds their median with 97 %.
const MOST_ROUNDS: u32 = 6;
/// How long a task waits.
const WAITS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(20)];
/// How long a task computes.
const COMPUTING: [Duration; 3] = [Duration::ZERO, Duration::from_micros(20), Duration::from_micros(200)];
/// How many tasks are in flight.
const TASKS: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// The same in a quick run.
const QUICK_TASKS: [u64; 4] = [10, 100, 1_000, 10_000];
/// How long a batch may take: what is expected to take longer is refused.
const MOST_TIME: Duration = Duration::from_millis(300);
/// How long the warm batches of an observation take together, as far as so many of them fill it.
const WARM_TIME: Duration = Duration::from_millis(40);
const MOST_WARM: u64 = 5;
/// How long a runner takes to start and end.
const START: Duration = Duration::from_millis(25);
/// How far a task of the calibration counts, and how many tasks and warm batches it has. Each batch is short, so that some
/// are over before the kernel gives the core to anybody else.
const CALIBRATION: (u64, u64, u32) = (200_000, 4, 40);
/// The name of that calibration.
const STEP: &str = "step";
/// The models that are measured without being asked for all: one of each way to wait. `--all` adds every model all of
/// whose tasks can wait at once.
const MODELS: [&str; 8] = [
    "process-spawn",
    "process-fork",
    "thread-spawn",
    "thread-pool",
    "rayon",
    "tokio-current-thread",
    "tokio-multi-thread",
    "smol",
];
/// The pool that gets a worker for each task: what its users do whose tasks wait.
const POOL: &str = "thread-pool";
/// Where a number of workers comes from.
const BY_TASKS: &str = "tasks";
const BY_CORES: &str = "cores";

/// Every kind of task under every model, the fewest first. Without a baseline nothing is known of how long counting takes.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    if baseline(scope).is_none() {
        return Vec::new();
    }
    let tasks: &[u64] = if scope.is_quick() { &QUICK_TASKS } else { &TASKS };
    let models: Vec<&ModelInfo> = scope.models.iter().filter(|model| is_measured(scope, model)).collect();
    let mut cells = Vec::new();
    for (wait, compute) in
        WAITS.iter().flat_map(|wait| COMPUTING.iter().map(move |compute| (*wait, *compute)))
    {
        for &tasks in tasks {
            cells.extend(models.iter().map(|model| cell(scope, model, (wait, compute), tasks)));
        }
    }
    cells
}

fn is_measured(scope: &Scope, model: &ModelInfo) -> bool {
    let waits = model.waiting == Waiting::Tasks && model.family != Family::Baseline;
    MODELS.contains(&model.id) || (scope.settings.all && waits)
}

fn cell(scope: &Scope, model: &ModelInfo, (wait, compute): (Duration, Duration), tasks: u64) -> Cell {
    let (workers, rule) = match (model.sizing, model.id) {
        (Sizing::PerTask, _) | (_, POOL) => (tasks, BY_TASKS.to_owned()),
        (Sizing::Workers, _) => (scope.cores(), BY_CORES.to_owned()),
        (Sizing::One, _) => (1, "1".to_owned()),
    };
    let computes = if compute.is_zero() { String::new() } else { format!("+{}us", compute.as_micros()) };
    Cell {
        work: format!("{}ms{computes}", wait.as_millis()),
        wait_ns: nanoseconds(wait),
        compute_ns: nanoseconds(compute),
        tasks,
        model: model.id.to_owned(),
        family: model.family,
        workers,
        workers_rule: rule,
    }
}

/// The least time that a batch can take on so many cores, whatever the model, in nanoseconds.
pub(super) fn ideal_ns(cell: &Cell, cores: u64) -> u64 {
    let computing = cell.compute_ns.saturating_mul(cell.tasks) / cores.max(1);
    computing.max(cell.wait_ns + cell.compute_ns)
}

/// The least time that it can take under its model, in nanoseconds: a waiting task may keep its worker, and the model may
/// use one core only.
fn least_ns(cell: &Cell, model: &ModelInfo, cores: u64) -> u64 {
    let cores = if model.all_cores { cores } else { 1 };
    let rounds = match model.waiting {
        Waiting::Workers => cell.tasks.div_ceil(cell.workers.max(1)),
        Waiting::Tasks => 1,
    };
    ideal_ns(cell, cores).max(rounds.saturating_mul(cell.wait_ns + cell.compute_ns))
}

/// About how long it takes to measure these cells.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let observation = |cell: &Cell| {
        let model = scope.model(&cell.model)?;
        let thread = Duration::from_micros(20);
        let each = match cell.family {
            Family::Processes => Duration::from_millis(1),
            Family::Threads => thread,
            _ => Duration::from_nanos(700),
        };
        // A pool starts its threads before the first batch.
        let start = START + if cell.model == POOL { thread * cell.workers as u32 } else { Duration::ZERO };
        let batch_ns = least_ns(cell, model, scope.cores()) + nanoseconds(each).saturating_mul(cell.tasks);
        let batches = 1 + u64::from(warm(batch_ns));
        (batch_ns <= nanoseconds(MOST_TIME)).then(|| start + Duration::from_nanos(batch_ns * batches))
    };
    cells.iter().filter_map(observation).sum::<Duration>() * rounds(scope.settings.blocks)
}

/// How often each cell is measured in a run of so many blocks: half as often, since there are so many cells.
pub(super) fn rounds(of_run: u32) -> u32 {
    of_run.div_ceil(2).min(MOST_ROUNDS)
}

fn warm(batch_ns: u64) -> u32 {
    (nanoseconds(WARM_TIME) / batch_ns.max(1)).clamp(1, MOST_WARM) as u32
}

/// First how long it takes to count, then how far each model climbs, then the blocks.
pub(super) fn next(scope: &Scope, seen: &Seen<Concurrency>) -> Vec<Block<Order>> {
    let trials = match seen.calibrations.contains_key(STEP) {
        false => step(scope, seen).into_iter().collect(),
        true => climbs(scope, seen),
    };
    match Block::of_calibrations(trials) {
        none if none.is_empty() => seen.blocks(scope, |cell| Some(measured(scope, seen, cell))),
        calibrations => calibrations,
    }
}

fn baseline(scope: &Scope) -> Option<&ModelInfo> {
    scope.models.iter().find(|model| model.family == Family::Baseline)
}

/// The calibration without which nothing can be measured.
fn step(scope: &Scope, seen: &Seen<Concurrency>) -> Option<Trial<Order>> {
    let cells: Vec<usize> = seen.open().map(|(number, _)| number).collect();
    let (model, (n, tasks, warm)) = (*baseline(scope)?, CALIBRATION);
    let task_spec = task_spec(STEP, Kernel::Count(Count { n }));
    let work = Work { task_spec, tasks, model, workers: 1, checked: true };
    let order = Order { warm, ideal_ns: 0, noted: false };
    let ask = Ask { order, work: Some(work), deadline: scope.settings.deadline };
    let subject = Subject::Calibration { name: STEP.to_owned(), cells };
    Some(Trial { subject, ask: Ok(ask), padding: 0 })
}

fn task_spec(name: &str, kernel: Kernel) -> TaskSpec {
    TaskSpec { name: name.to_owned(), kernel: Some(kernel), ..TaskSpec::default() }
}

/// How far a task counts in each half of its computing, so that both together take so long; `None` before counting was
/// timed.
fn steps(compute_ns: u64, calibrations: &BTreeMap<String, Observation>) -> Option<u64> {
    let (n, tasks, _) = CALIBRATION;
    let step_ns = best_ns(calibrations.get(STEP)?) as f64 / (n * tasks) as f64;
    Some((compute_ns as f64 / 2.0 / step_ns).round() as u64)
}

/// The shortest batch: nothing makes one faster than it is.
fn best_ns(made: &Observation) -> u64 {
    made.batch.warm_ns.iter().copied().fold(made.batch.cold_ns, u64::min).max(1)
}

/// The next number of tasks of each model that is still on its way up, with tasks that wait for a millisecond and compute
/// nothing; where the way ends, what becomes of the cells with more.
fn climbs(scope: &Scope, seen: &Seen<Concurrency>) -> Vec<Trial<Order>> {
    let models = seen.open().unique_by(|(_, cell)| cell.factors.sized_model());
    models.flat_map(|(_, cell)| climb(scope, seen, &cell.factors)).collect()
}

fn climb(scope: &Scope, seen: &Seen<Concurrency>, of: &Cell) -> Vec<Trial<Order>> {
    let model = of.sized_model();
    let of_model: Vec<(usize, &Cell)> = seen
        .open()
        .map(|(number, cell)| (number, &cell.factors))
        .filter(|(_, cell)| cell.sized_model() == model)
        .collect();
    // Whatever a filter leaves of them: by too large a step the next is not foreseen.
    let most = of_model.iter().map(|(_, cell)| cell.tasks).max().unwrap_or(0);
    for tasks in TASKS.into_iter().filter(|tasks| *tasks <= most) {
        let name = climb_name(&model, tasks);
        if seen.calibrations.contains_key(&name) {
            continue;
        }
        let Some(info) = scope.model(&of.model) else { return Vec::new() };
        let probe = cell(scope, info, (WAITS[0], Duration::ZERO), tasks);
        let cells: Vec<usize> =
            of_model.iter().filter(|(_, cell)| cell.tasks >= tasks).map(|(number, _)| *number).collect();
        return match expected_ns(scope, seen, &probe).and_then(|expected| too_long(&probe, expected)) {
            None => {
                let ask = Ok(ask(scope, seen, &probe, 1));
                vec![Trial { subject: Subject::Calibration { name, cells }, ask, padding: 0 }]
            }
            Some(failure) => {
                let refused =
                    |number| Trial { subject: Subject::Cell(number), ask: Err(failure.clone()), padding: 0 };
                cells.into_iter().map(refused).collect()
            }
        };
    }
    Vec::new()
}

fn climb_name(model: &str, tasks: u64) -> String {
    format!("climb/{model}/{tasks}")
}

/// About how long a batch takes, in nanoseconds: the least that it can take, and what the model needs beside that for so many
/// tasks, or would by what it needed for the last two numbers of fewer. With one task it needs what a timer wakes late, which
/// more of them would not make longer.
fn expected_ns(scope: &Scope, seen: &Seen<Concurrency>, cell: &Cell) -> Option<u64> {
    let info = scope.model(&cell.model)?;
    let own = |tasks: u64| {
        let made = seen.calibrations.get(&climb_name(&cell.sized_model(), tasks))?;
        let probe = self::cell(scope, info, (WAITS[0], Duration::ZERO), tasks);
        let own = best_ns(made).saturating_sub(least_ns(&probe, info, scope.cores()));
        Some((tasks as f64, own as f64))
    };
    let fewer = TASKS.into_iter().filter(|tasks| *tasks <= cell.tasks);
    let known: Vec<(f64, f64)> = fewer.filter_map(own).collect();
    let beside = match known.as_slice() {
        [] => 0.0,
        [(_, only)] => *only,
        [.., (few, less), (many, more)] => {
            let each = (more - less).max(0.0) / (many - few);
            more + each * (cell.tasks as f64 - many)
        }
    };
    Some(least_ns(cell, info, scope.cores()).saturating_add(beside as u64))
}

/// Why a batch that takes so long is not measured, if it is not.
fn too_long(cell: &Cell, expected_ns: u64) -> Option<Failure> {
    (expected_ns > nanoseconds(MOST_TIME)).then(|| {
        let (expected, most) =
            (figures::time(expected_ns as f64), figures::exact_time(nanoseconds(MOST_TIME)));
        let (tasks, workers) = (cell.tasks, cell.workers);
        let on = if workers < tasks { format!(" with workers = {workers}") } else { String::new() };
        let why =
            format!("a batch of {tasks} tasks{on} would take about {expected}, at most {most} are allowed");
        Failure::new(Status::Skipped, why)
    })
}

/// How a cell is measured, or why it is not.
fn measured(scope: &Scope, seen: &Seen<Concurrency>, cell: &Cell) -> Result<Ask<Order>, Failure> {
    let expected = expected_ns(scope, seen, cell).unwrap_or(u64::MAX);
    match too_long(cell, expected) {
        Some(failure) => Err(failure),
        None => Ok(ask(scope, seen, cell, warm(expected))),
    }
}

fn ask(scope: &Scope, seen: &Seen<Concurrency>, cell: &Cell, warm: u32) -> Ask<Order> {
    let n = steps(cell.compute_ns, &seen.calibrations).unwrap_or(0);
    let kernel = Kernel::Mixed(Mixed { n, wait_us: cell.wait_ns / 1_000 });
    let order = Order { warm, ideal_ns: ideal_ns(cell, scope.cores()), noted: true };
    let work = scope.model(&cell.model).map(|&model| Work {
        task_spec: task_spec(Concurrency::ID, kernel),
        tasks: cell.tasks,
        model,
        workers: cell.workers,
        checked: true,
    });
    Ask { order, work, deadline: scope.settings.deadline }
}
