//! How many tasks wait at once, and where that ends.

use std::time::Duration;

use super::{Cell, Memory, Order, Setup};
use crate::experiment::{Ask, Block, Experiment, Scope, Seen, Shuffle, Subject, Trial};
use crate::model::{Family, ModelInfo, Sizing, Waiting};
use crate::models::Recipe;
use crate::record::{CellRecord, Failure, Status};
use crate::runner::Work;

type Point = CellRecord<Cell, super::Observation>;

/// How many tasks wait at once, ascending in halves of a decade or so, by what each of them is; 16,000 threads are nearly
/// as many as Linux lets a process have unless somebody raises `vm.max_map_count`.
const COROUTINES: [u64; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const THREADS: [u64; 8] = [100, 300, 1_000, 3_000, 10_000, 16_000, 30_000, 100_000];
const PROCESSES: [u64; 5] = [10, 25, 50, 100, 200];
/// How many of these sizes a quick run has: up to 10,000 coroutines, 1,000 threads or 50 processes.
const QUICK: usize = 3;
/// The share of the memory to be had that waiting tasks may take.
const SHARE: u64 = 2;
/// How long they may take to start: longer ones would make minutes of it.
const MOST_TIME: Duration = Duration::from_secs(8);

/// Each model under which any number of tasks can wait at once, with each number of them. Where a waiting task keeps a
/// worker, it costs what its worker does.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let cell = |model: &ModelInfo, tasks| Cell {
        model: model.id.to_owned(),
        family: model.family,
        workers: if model.sizing == Sizing::Workers { scope.cores() } else { 1 },
        tasks,
    };
    let models = scope.models.iter().filter(|model| model.waiting == Waiting::Tasks);
    models.flat_map(|model| sizes(model, scope.is_quick()).iter().map(|&tasks| cell(model, tasks))).collect()
}

fn sizes(model: &ModelInfo, quick: bool) -> &'static [u64] {
    let sizes: &[u64] = match (model.sizing, model.starts_processes() || model.family == Family::Processes) {
        (Sizing::PerTask, true) => &PROCESSES,
        (Sizing::PerTask, false) => &THREADS,
        _ => &COROUTINES,
    };
    if quick { &sizes[..QUICK] } else { sizes }
}

/// The next number of tasks of each model; none behind one that could not wait.
pub(super) fn next(scope: &Scope, seen: &Seen<Memory>) -> Vec<Block<Order>> {
    let mut shuffle = Shuffle::new(scope.settings.seed, Memory::ID);
    let mut blocks = Vec::new();
    for model in &scope.models {
        let of_model = |cell: &&Point| cell.factors.model == model.id;
        let points: Vec<&Point> = seen.cells.iter().filter(of_model).collect();
        let made: Vec<&Point> = points.iter().copied().filter(|point| !is_left(point)).collect();
        let Some((at, point)) = points.iter().enumerate().find(|(_, point)| is_left(point)) else { continue };
        let number = seen.cells.iter().position(|cell| cell.id == point.id).unwrap_or(0);
        let ask = match refused(&made, point.factors.tasks, &seen.setup) {
            Some(failure) => Err(failure),
            None => Ok(ask(scope, model, &point.factors)),
        };
        let trials = vec![Trial { subject: Subject::Cell(number), ask, padding: shuffle.padding() }];
        blocks.push(Block { number: at as u32, group: model.id.to_owned(), gated: true, trials });
    }
    blocks
}

fn is_left(point: &Point) -> bool {
    point.is_open() && point.observations.is_empty()
}

fn ask(scope: &Scope, model: &ModelInfo, cell: &Cell) -> Ask<Order> {
    let recipe = Recipe { name: Memory::ID.to_owned(), kernel: None, trace: None, instrument: None };
    let (model, workers, tasks) = (*model, cell.workers, cell.tasks);
    let work = Work { recipe, tasks, model, workers, checked: false };
    Ask { order: Order::Look, work: Some(work), deadline: scope.settings.deadline }
}

/// Why so many tasks do not even start: fewer could not wait, or, by what those took, these would take too much memory or
/// too long. The first is small enough for any machine.
fn refused(made: &[&Point], tasks: u64, setup: &Setup) -> Option<Failure> {
    let last = made.last()?;
    let fewer = || Failure::new(Status::Skipped, "fewer could not be measured");
    if last.status != Status::Ok {
        return Some(fewer());
    }
    let times = tasks as f64 / last.factors.tasks as f64;
    let before = made.iter().rev().nth(1).and_then(|point| with_bytes(point));
    let bytes = match (before, with_bytes(last)) {
        (Some((few, less)), Some((more, most))) => {
            most + ((most - less) / (more - few)).max(0.0) * (tasks as f64 - more)
        }
        (None, Some((_, most))) => most * times,
        // What cannot be measured is not worth more of it.
        (_, None) => return Some(fewer()),
    };
    match setup.room_bytes {
        None => {
            let why = setup.room_reason.as_deref().unwrap_or("nothing was recorded");
            let why = format!("it is not known how much memory there is: {why}");
            return Some(Failure::new(Status::Skipped, why));
        }
        Some(room) if bytes > (room / SHARE) as f64 => {
            let limit = setup.room_limit.as_deref().unwrap_or("the machine");
            return Some(Failure::new(Status::Unsupported, no_room(tasks, bytes, room, limit)));
        }
        Some(_) => {}
    }
    let seconds = last.observations.first()?.responses.gathered_ns as f64 / 1e9 * times;
    (seconds > MOST_TIME.as_secs_f64()).then(|| {
        let most = MOST_TIME.as_secs();
        let why =
            format!("{tasks} tasks would take about {seconds:.0} s to start, at most {most} s are allowed");
        Failure::new(Status::Skipped, why)
    })
}

fn with_bytes(point: &Point) -> Option<(f64, f64)> {
    let bytes = point.observations.first()?.responses.bytes()?;
    Some((point.factors.tasks as f64, bytes as f64))
}

fn no_room(tasks: u64, bytes: f64, room: u64, limit: &str) -> String {
    let mebibytes = |bytes: f64| bytes / f64::from(1 << 20);
    let remedy = match limit {
        "MemAvailable" => "end other programs, or add memory".to_owned(),
        limit => format!("raise {limit} of the control group"),
    };
    format!(
        "{limit} leaves {:.0} MiB, of which one in {SHARE} may be taken, and {tasks} tasks would take about {:.0} MiB; \
         {remedy}",
        mebibytes(room as f64),
        mebibytes(bytes),
    )
}
