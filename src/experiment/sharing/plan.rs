//! Which tasks contend for what.

use std::time::Duration;

use concbench_sharing::contention::{PERMITS, Protection, Terms};

use super::{Cell, Order};
use crate::experiment::{Ask, Scope};
use crate::model::{ModelInfo, Sizing, Waiting};
use crate::models::{BuiltIn, TaskSpec, at_once, refused_by};
use crate::record::{Factors, Failure, Status};
use crate::runner::Work;
use crate::time::nanoseconds;

/// How long tasks contend in one observation, and with `--quick`.
const WINDOW: Duration = Duration::from_millis(20);
const QUICK_WINDOW: Duration = Duration::from_millis(8);
/// How long an observation takes beside that.
const START: Duration = Duration::from_millis(20);
/// How long tasks may wait for each other before they count as hung.
const PATIENCE: Duration = Duration::from_millis(500);
/// One model for each kind of waiting; the others come with `--all`.
const MODELS: [&str; 8] = [
    "sequential",
    "thread-spawn",
    "process-fork",
    "tokio-current-thread",
    "tokio-multi-thread",
    "smol",
    "async-std",
    "may",
];
/// The models whose two tasks take two locks in opposite order.
const DEADLOCKED: [&str; 4] = ["sequential", "thread-spawn", "process-fork", "tokio-multi-thread"];
/// How many want one of five permits: as in the texts from which the rows come.
const TAKERS: u64 = 4 * PERMITS as u64;
/// How many tickets there are: more than are sold in the time that there is.
const STOCK: u64 = 1_000_000;

/// Every cell.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let mut contenders = vec![1, 2, scope.cores(), 4 * scope.cores()];
    contenders.sort_unstable();
    contenders.dedup();
    let most = 4 * scope.cores();
    let mut wanted: Vec<(Protection, u64, u64, u64)> = Vec::new();
    for object in [Protection::Nothing, Protection::Atomic, Protection::Lock, Protection::ThreadLock] {
        wanted.extend(contenders.iter().map(|&contenders| (object, contenders, 0, 0)));
    }
    for object in [Protection::Nothing, Protection::Lock] {
        wanted.extend(
            [(1_000, 0), (100_000, 0), (0, 100_000)].map(|(compute, wait)| (object, 2, compute, wait)),
        );
    }
    for (object, several) in [
        (Protection::Reentrant, vec![1, 2]),
        (Protection::Semaphore, vec![1, TAKERS]),
        (Protection::ReadWrite, vec![2, most]),
        (Protection::Event, vec![most]),
        (Protection::Condition, vec![2, most]),
        (Protection::File, vec![2]),
        (Protection::FileLock, vec![2]),
        (Protection::Manager, vec![1, 2]),
        (Protection::Deadlock, vec![2]),
    ] {
        wanted.extend(several.into_iter().map(|contenders| (object, contenders, 0, 0)));
    }
    wanted.dedup();
    let measured = |model: &&ModelInfo| MODELS.contains(&model.id) || scope.settings.all;
    let cell = |model: &ModelInfo, (object, contenders, compute_ns, wait_ns)| Cell {
        object,
        model: model.id.to_owned(),
        family: model.family,
        workers: workers(scope, model, contenders),
        contenders,
        compute_ns,
        wait_ns,
    };
    let chosen = |cell: &Cell| match (cell.object, cell.model.as_str()) {
        (Protection::Deadlock, model) => DEADLOCKED.contains(&model),
        // One after the other: two show what more would.
        (Protection::Event | Protection::Condition, "sequential") => cell.contenders <= 4 * scope.cores(),
        (_, "sequential") => cell.contenders <= 2,
        _ => true,
    };
    let of = |model| wanted.iter().map(move |&wanted| cell(model, wanted));
    let mut refused: Vec<(Protection, String)> = Vec::new();
    // What cannot be is said once.
    let said = |cell: &Cell| {
        let what = (cell.object, cell.model.clone());
        let first = !refused.contains(&what);
        if first && ask(scope, cell).is_err() {
            refused.push(what);
        }
        first
    };
    scope.models.iter().filter(measured).flat_map(of).filter(chosen).filter(said).collect()
}

/// A worker for each contender where a task that waits keeps its own.
fn workers(scope: &Scope, model: &ModelInfo, contenders: u64) -> u64 {
    match (model.sizing, model.waiting) {
        (Sizing::Workers, Waiting::Workers) => contenders,
        _ => scope.workers_of(model),
    }
}

/// About how long these take.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let one = |cell: &Cell| match cell.object {
        Protection::Deadlock => PATIENCE + START,
        _ => (window(scope) + START) * cell.blocks(scope.settings.blocks),
    };
    cells.iter().map(one).sum()
}

fn window(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_WINDOW } else { WINDOW }
}

/// The terms of a cell, as far as they are known before it is measured.
fn terms(cell: &Cell, info: &ModelInfo, window_ns: u64) -> Terms {
    let most = at_once(info, cell.workers).unwrap_or(u64::MAX).max(1);
    let long = cell.wait_ns > 0 || cell.compute_ns >= 100_000;
    let visits_per_look = match cell.object {
        Protection::Condition | Protection::File | Protection::FileLock => 1,
        Protection::Manager => 4,
        _ if long => 1,
        _ if cell.compute_ns > 0 => 8,
        _ => 64,
    };
    Terms {
        object: cell.object,
        contenders: cell.contenders,
        compute_ns: cell.compute_ns,
        wait_ns: cell.wait_ns,
        // Those that have to wait for others to end share the time.
        window_ns: window_ns / cell.contenders.div_ceil(most.min(cell.contenders)),
        together: most >= cell.contenders,
        visits_per_look,
        stock: STOCK,
        file: None,
        manager: None,
    }
}

/// How a cell is measured, or why it is not.
pub(super) fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<Order>, Failure> {
    let missing = || Failure::new(Status::Skipped, "there is no such model");
    let model = *scope.model(&cell.model).ok_or_else(missing)?;
    let terms = terms(cell, &model, nanoseconds(window(scope)));
    if let Some(reason) = refused_by::<BuiltIn>(model.id, &terms.layout(), cell.workers) {
        return Err(Failure::new(Status::Unsupported, reason));
    }
    let order = match cell.object {
        Protection::Deadlock => Order::Watch { terms, patience_ns: nanoseconds(PATIENCE) },
        _ => Order::Contend(terms),
    };
    let task_spec = TaskSpec { name: cell.id(), ..TaskSpec::default() };
    let work = Work { task_spec, tasks: cell.contenders, model, workers: cell.workers, checked: false };
    Ok(Ask { order, work: Some(work), deadline: scope.settings.deadline })
}
