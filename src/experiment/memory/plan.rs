//! How many tasks wait at once, and where that ends.

use std::time::Duration;

use super::{Cell, Memory, Order, Setup};
use crate::experiment::{Ask, Block, Experiment, Scope, Seen, Shuffle, Subject, Trial};
use crate::model::{Family, ModelInfo, Sizing, Waiting};
use crate::models::TaskSpec;
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
        workers: scope.workers_of(model),
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
    let task_spec = TaskSpec { name: Memory::ID.to_owned(), ..TaskSpec::default() };
    let (model, workers, tasks) = (*model, cell.workers, cell.tasks);
    let work = Work { task_spec, tasks, model, workers, checked: false };
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::experiment::conduct::mock::{MockLauncher, broken};
    use crate::experiment::rehearsal::{rehearse, scope};
    use crate::record::{Mode, RawExperiment};

    /// A machine on which a task costs so many bytes, and so many nanoseconds to start.
    struct Machine {
        task_bytes: u64,
        task_ns: u64,
        /// How much memory can be taken, or why that is not known.
        room: Result<u64, &'static str>,
        /// From how many tasks on they break.
        breaks: u64,
    }

    impl Machine {
        fn with(task_bytes: u64, room: u64) -> Self {
            Self { task_bytes, task_ns: 0, room: Ok(room), breaks: u64::MAX }
        }

        /// The numbers of tasks of a model that were tried, and the record of all.
        fn measure(&self, model: &str, mode: Mode) -> (Vec<u64>, RawExperiment) {
            let mut scope = scope(Vec::new(), 4, true, 1);
            scope.settings.mode = mode;
            let setup = json!({
                "room_bytes": self.room.ok(), "room_limit": "memory.max", "room_reason": self.room.err(),
            });
            let mut asked = Vec::new();
            let mut launcher = MockLauncher::new(|_, _, request| {
                let tasks = request.work.as_ref().unwrap().tasks;
                asked.push(tasks);
                if tasks >= self.breaks {
                    return Err(broken());
                }
                let resident = (5 << 20) + tasks * self.task_bytes;
                Ok(json!({
                    "gathered_ns": tasks * self.task_ns,
                    "processes": 1,
                    "resident_bytes": resident,
                    "page_table_bytes": resident / 512,
                }))
            });
            let keeps = |id: &str| id.starts_with(&format!("memory/{model}@"));
            let mut record = rehearse(Memory::ID, &scope, Some(setup), &keeps, &mut launcher);
            drop(launcher);
            (asked, record.experiments.remove(Memory::ID).unwrap())
        }
    }

    fn per_task(memory: &RawExperiment) -> &Value {
        &memory.findings[0]["per_task"]
    }

    #[test]
    fn with_room_every_number_of_tasks_is_tried() {
        let (asked, found) = Machine::with(400, 64 << 30).measure("smol", Mode::Default);
        assert_eq!(asked, COROUTINES);
        assert!(found.cells.iter().all(|cell| cell.status == Status::Ok));
        let slope = per_task(&found)["bytes"].as_f64().unwrap();
        assert!((slope - 400.0 * 513.0 / 512.0).abs() < 1e-3, "{slope}");
        let base = per_task(&found)["base_bytes"].as_f64().unwrap();
        assert!((base - f64::from(5 << 20) * 513.0 / 512.0).abs() < 2.0, "{base}");
        let (asked, _) = Machine::with(400, 64 << 30).measure("smol", Mode::Quick);
        assert_eq!(asked, COROUTINES[..QUICK]);
    }

    #[test]
    fn tasks_that_would_take_half_of_the_memory_are_not_started_and_the_limit_is_named() {
        let (asked, found) = Machine::with(400, 100 << 20).measure("smol", Mode::Default);
        assert_eq!(asked.last(), Some(&100_000), "300,000 would take 114 MiB and more");
        let refused = &found.cells[5];
        assert_eq!((refused.id.as_str(), refused.status), ("memory/smol@300000", Status::Unsupported));
        assert_eq!(
            refused.reason.as_deref().unwrap(),
            "memory.max leaves 100 MiB, of which one in 2 may be taken, and 300000 tasks would take about 120 MiB; \
             raise memory.max of the control group"
        );
        assert_ne!(found.cells[6].status, Status::Ok);
    }

    #[test]
    fn tasks_that_would_take_too_long_or_could_not_be_reckoned_are_left_out() {
        let slow = Machine { task_ns: 30_000, ..Machine::with(10_000, 64 << 30) };
        let (asked, found) = slow.measure("tokio-multi-thread", Mode::Default);
        assert_eq!(asked.last(), Some(&100_000));
        let left_out = &found.cells[5];
        assert_eq!(left_out.status, Status::Skipped);
        assert!(left_out.reason.as_deref().unwrap().contains("9 s to start"), "{left_out:?}");
        let blind = Machine { room: Err("no /proc"), ..Machine::with(10_000, 0) };
        let (asked, found) = blind.measure("thread-spawn", Mode::Default);
        assert_eq!(asked, [100]);
        assert!(found.cells[1].reason.as_deref().unwrap().contains("no /proc"), "{found:?}");
    }

    #[test]
    fn behind_tasks_that_break_no_larger_number_is_tried() {
        let frail = Machine { breaks: 50, ..Machine::with(200_000, 64 << 30) };
        let (asked, found) = frail.measure("process-fork", Mode::Default);
        assert_eq!(asked, [10, 25, 50]);
        let statuses: Vec<Status> = found.cells.iter().map(|cell| cell.status).collect();
        assert_eq!(statuses[..3], [Status::Ok, Status::Ok, Status::Crashed]);
        assert!(statuses[3..].iter().all(|status| *status == Status::Skipped), "{statuses:?}");
        assert!(!per_task(&found).is_null(), "what was measured still counts");
    }

    #[test]
    fn every_model_whose_tasks_can_all_wait_has_its_sizes() {
        let cells = cells(&scope(Vec::new(), 4, true, 1));
        let largest = |id: &str| cells.iter().filter(|cell| cell.model == id).map(|cell| cell.tasks).max();
        assert_eq!(largest("process-forkserver"), Some(200));
        assert_eq!(largest("thread-spawn"), Some(100_000));
        assert_eq!(largest("process-async"), Some(1_000_000));
        assert_eq!((largest("thread-pool"), largest("sequential")), (None, None));
    }
}
