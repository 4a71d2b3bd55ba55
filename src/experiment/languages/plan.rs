//! Which kernels run under which constructs, and what is asked of each runner.

use std::time::Duration;

use concbench_external::{Manifest, Model, Sizing};
use concbench_workloads::Kernel;

use super::kernels::{Sized, kernels};
use super::{
    Cell, Languages, MOST_ROUNDS, MOST_SLOW_ROUNDS, Order, QUICK_ROUNDS, Setup, Start, description, own,
};
use crate::experiment::{Ask, Block, Scope, Seen, Subject, Trial};
use crate::model::Family;
use crate::models::{BuiltIn, Catalogue, TaskSpec};
use crate::record::{Factors, Failure, Status};
use crate::runner::Work;
use crate::time::nanoseconds;

/// The fewest batches of an observation: one cold, and those after it.
const BATCHES: u64 = 3;
/// The fewest where a batch takes long.
const FEW_BATCHES: u64 = 2;
/// How long the batches of an observation take together at least: long enough for a compiler to have compiled.
const WARM: Duration = Duration::from_millis(80);
const QUICK_WARM: Duration = Duration::from_millis(30);
/// How many workers wait where nothing says otherwise: the most of the texts, which have 3, 5 and 10.
const WAITING_WORKERS: u64 = 10;
/// How long a runner may take to be unpacked, built and asked what it is: a compiler may have to build its library first.
const DESCRIBING: Duration = Duration::from_secs(180);
/// How many times the deadline an observation has whose tasks take long to begin.
const SLOW_PATIENCE: u32 = 4;
/// How much of the deadline of an observation the runner of the other language has: what is left is for saying so.
const SHARE: f64 = 0.9;
/// What a runner takes beside its batches, ours and another, and what it takes to start an interpreter for a task.
const OWN: Duration = Duration::from_millis(40);
const OBSERVATION: Duration = Duration::from_millis(150);
const INTERPRETER: Duration = Duration::from_millis(40);
/// How much longer an interpreter computes than what [`about_compute_ns`](concbench_workloads::Kernel::about_compute_ns)
/// says of a compiled program.
const INTERPRETED: u64 = 100;
const LIBRARY: u64 = 4;

/// The runners of a run, ours first.
fn runners(scope: &Scope) -> Vec<Manifest> {
    std::iter::once(own::manifest(&BuiltIn::infos()))
        .chain(scope.settings.externals.manifests().cloned())
        .collect()
}

/// Every kernel under every construct that runs it.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let runners = runners(scope);
    let mut cells = Vec::new();
    for kernel in kernels(scope.is_quick()) {
        for runner in &runners {
            let runs = runner.models.iter().filter(|model| model.kernels.contains(&kernel.name));
            for model in runs {
                let workers = workers(model, &kernel, scope.cores());
                cells.extend(workers.into_iter().map(|rule| cell(scope, runner, model, &kernel, rule)));
            }
        }
    }
    cells
}

fn cell(
    scope: &Scope,
    runner: &Manifest,
    model: &Model,
    kernel: &Sized,
    (workers, rule): (u64, String),
) -> Cell {
    let name = match runner.name == own::NAME {
        true => model.id.clone(),
        false => format!("{}/{}", runner.name, model.id),
    };
    let most_rounds = match (scope.is_quick(), model.slow) {
        (true, true) => 1,
        (true, false) => QUICK_ROUNDS,
        (false, true) => MOST_SLOW_ROUNDS,
        (false, false) => MOST_ROUNDS,
    };
    Cell {
        runner: runner.name.clone(),
        model: name,
        family: model.family,
        kernel: kernel.name.clone(),
        workers,
        workers_rule: rule,
        tasks: kernel.tasks,
        most_rounds,
    }
}

/// With how many workers a model runs a kernel, each with the rule behind it: a core each where they compute.
fn workers(model: &Model, kernel: &Sized, cores: u64) -> Vec<(u64, String)> {
    match model.sizing {
        Sizing::One => vec![(1, "1".to_owned())],
        Sizing::PerTask => vec![(kernel.tasks, "tasks".to_owned())],
        Sizing::Workers if kernel.computes() => vec![(cores, "cores".to_owned())],
        Sizing::Workers if model.workers.is_empty() => vec![(WAITING_WORKERS, WAITING_WORKERS.to_string())],
        Sizing::Workers => model.workers.iter().map(|&workers| (workers, workers.to_string())).collect(),
    }
}

pub(super) fn setup(scope: &Scope, cells: &[Cell]) -> Setup {
    let used = |kernel: &Sized| cells.iter().any(|cell| cell.kernel == kernel.name);
    let kernels = kernels(scope.is_quick()).into_iter().filter(used).collect();
    let runs = |runner: &Manifest| cells.iter().any(|cell| cell.runner == runner.name);
    Setup { kernels, runners: runners(scope).into_iter().filter(runs).collect() }
}

/// About how long it takes to measure these cells, if every runner is there.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let kernels = kernels(scope.is_quick());
    let takes = |cell: &Cell| {
        let Some(kernel) = kernels.iter().find(|kernel| kernel.name == cell.kernel) else {
            return Duration::ZERO;
        };
        let at_once = match cell.family {
            Family::Baseline => 1,
            Family::Coroutines | Family::Threads | Family::Processes => cell.tasks,
            Family::Pools | Family::Hybrids => cell.workers,
        };
        let waits = Duration::from_nanos(kernel.kernel.wait_ns()) * rounds(cell.tasks, at_once);
        let interpreted = match (cell.runner.starts_with("python"), &kernel.kernel) {
            (true, Kernel::Count(_) | Kernel::Mixed(_)) => INTERPRETED,
            // What a library computes, and what it does with sockets.
            (true, _) => LIBRARY,
            (false, _) => 1,
        };
        let computes =
            kernel.kernel.about_compute_ns().saturating_mul(cell.tasks).saturating_mul(interpreted);
        let slow = cell.most_rounds < usual_rounds(scope);
        let starts = if slow { INTERPRETER * rounds(cell.tasks, scope.cores()) } else { Duration::ZERO };
        let batch = waits.max(Duration::from_nanos(computes)) + starts;
        // One more is looked at and not timed.
        let all = (batch * fewest(slow, cell.family, kernel) as u32).max(warm(scope)) + batch;
        let start = if cell.runner == own::NAME { OWN } else { OBSERVATION };
        (start + all) * cell.blocks(scope.settings.blocks)
    };
    cells.iter().map(takes).sum()
}

/// How often a cell is observed whose tasks do not take long to begin.
fn usual_rounds(scope: &Scope) -> u32 {
    if scope.is_quick() { QUICK_ROUNDS } else { MOST_ROUNDS }
}

/// The fewest batches of an observation: of what takes long and does nothing but wait, one tells as much as several; and
/// where only the constructs of one language are compared, whether they take turns is a matter of factors.
fn fewest(slow: bool, family: Family, kernel: &Sized) -> u64 {
    let only_waits = family == Family::Baseline && !kernel.computes();
    if slow || only_waits || !kernel.compares_languages() { FEW_BATCHES } else { BATCHES }
}

fn rounds(tasks: u64, at_once: u64) -> u32 {
    u32::try_from(tasks.div_ceil(at_once.max(1))).unwrap_or(u32::MAX)
}

fn warm(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_WARM } else { WARM }
}

/// What each runner is; and once that is known, blocks of all that it has.
pub(super) fn next(scope: &Scope, seen: &Seen<Languages>) -> Vec<Block<Order>> {
    match Block::of_calibrations(descriptions(scope, seen)) {
        none if none.is_empty() => blocks(scope, seen),
        descriptions => descriptions,
    }
}

/// Blocks of all cells, without those that have been observed often enough.
fn blocks(scope: &Scope, seen: &Seen<Languages>) -> Vec<Block<Order>> {
    let mut blocks = seen.blocks(scope, |cell| ask(scope, seen, cell));
    for block in &mut blocks {
        block.trials.retain(|trial| match trial.subject {
            Subject::Cell(cell) => block.number < seen.cells[cell].factors.most_rounds,
            Subject::Calibration { .. } => true,
        });
    }
    blocks.retain(|block| !block.trials.is_empty());
    blocks
}

/// The name of the question what a runner is.
pub(super) fn describing(runner: &str) -> String {
    format!("{}/{runner}", <Languages as crate::experiment::Experiment>::ID)
}

fn descriptions(scope: &Scope, seen: &Seen<Languages>) -> Vec<Trial<Order>> {
    let unknown = |runner: &&Manifest| description(&seen.calibrations, &runner.name).is_none();
    let trial = |runner: &Manifest| {
        let of_runner = seen.open().filter(|(_, cell)| cell.factors.runner == runner.name);
        let cells: Vec<usize> = of_runner.map(|(number, _)| number).collect();
        let start = start(scope, runner, None, DESCRIBING);
        let ask = Ask { order: Order::Describe(start), work: None, deadline: DESCRIBING };
        let subject = Subject::Calibration { name: describing(&runner.name), cells: cells.clone() };
        (!cells.is_empty()).then_some(Trial { subject, ask: Ok(ask), padding: 0 })
    };
    runners(scope).iter().filter(unknown).filter_map(trial).collect()
}

fn start(scope: &Scope, runner: &Manifest, executable: Option<String>, deadline: Duration) -> Start {
    Start {
        manifest: runner.clone(),
        executable,
        folder: scope.folder.clone(),
        deadline_ns: nanoseconds(deadline.mul_f64(SHARE)),
    }
}

fn ask(scope: &Scope, seen: &Seen<Languages>, cell: &Cell) -> Option<Result<Ask<Order>, Failure>> {
    // Not those of the setup, which may come from a journal: what is started is what was named.
    let runners = runners(scope);
    let runner = runners.iter().find(|runner| runner.name == cell.runner)?;
    let kernels = kernels(scope.is_quick());
    let kernel = kernels.iter().find(|kernel| kernel.name == cell.kernel)?;
    let model = runner.models.iter().find(|model| model.id == cell.id_there())?;
    let said = description(&seen.calibrations, &cell.runner)?;
    match said.models.get(cell.id_there()) {
        None => {
            let reason = format!("its description names no model `{}`", cell.id_there());
            return Some(Err(Failure::new(Status::Failed, reason)));
        }
        Some(Some(reason)) => return Some(Err(Failure::new(Status::Unsupported, reason.clone()))),
        Some(None) => {}
    }
    let patience = if model.slow { SLOW_PATIENCE } else { 1 };
    let deadline = scope.settings.deadline * patience;
    let order = Order::Observe {
        start: start(scope, runner, said.executable.clone(), deadline),
        model: model.id.clone(),
        workers: cell.workers,
        batches: fewest(model.slow, model.family, kernel),
        warm_ms: warm(scope).as_millis() as u64,
    };
    Some(Ok(Ask { order, work: Some(work(kernel)), deadline }))
}

/// The tasks, with the digest of the reference, and the target if they need one. Which model runs them is the order's: of
/// what is started here nothing runs into a limit that a model of ours would.
fn work(kernel: &Sized) -> Work {
    let model = BuiltIn::infos().into_iter().find(|info| info.family == Family::Baseline);
    Work {
        task_spec: TaskSpec {
            name: kernel.name.clone(),
            kernel: Some(kernel.kernel.clone()),
            ..TaskSpec::default()
        },
        tasks: kernel.tasks,
        model: model.expect("there is a loop among our models"),
        workers: 1,
        checked: true,
    }
}
