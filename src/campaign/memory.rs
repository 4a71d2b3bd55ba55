//! The sweep over waiting tasks: how many wait at once under which model, and where it ends.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::machine::{Room, memory_room};
use crate::model::{Family, ModelInfo, Sizing, Waiting};
use crate::record::{Memory, ModelMemory, Status, WaitingPoint};
use crate::runner::crowd::Crowd;
use crate::runner::memory::Held;
use crate::runner::process::{Failure, Silence};
use crate::runner::supervisor::Supervisor;
use crate::time::nanoseconds;

/// How many tasks wait at once, ascending in halves of a decade or so, by what each of them is; 16,000 threads are nearly
/// as many as Linux lets a process have unless somebody raises `vm.max_map_count`.
const COROUTINES: [u64; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const THREADS: [u64; 8] = [100, 300, 1_000, 3_000, 10_000, 16_000, 30_000, 100_000];
const PROCESSES: [u64; 5] = [10, 25, 50, 100, 200];
/// How many of these sizes a quick run has: up to 10,000 coroutines, 1,000 threads or 50 processes.
const QUICK: usize = 3;
/// The share of the memory to be had that a crowd may take.
const SHARE: u64 = 2;
/// How long a crowd may take to gather: longer ones would make a sweep of minutes.
const MOST_TIME: Duration = Duration::from_secs(8);

/// Has crowds gather, and knows how much memory there is for them.
pub(super) trait Gather {
    /// What a crowd holds once all of it waits (or why the kernel does not say), and how long that took.
    fn gather(
        &mut self,
        crowd: &Crowd,
        deadline: Duration,
    ) -> Result<(Result<Held, String>, Duration), Silence>;

    /// How much memory can be taken.
    fn room(&self) -> Result<Room, String>;
}

impl Gather for Supervisor {
    fn gather(
        &mut self,
        crowd: &Crowd,
        deadline: Duration,
    ) -> Result<(Result<Held, String>, Duration), Silence> {
        self.crowd(crowd, deadline)
    }

    fn room(&self) -> Result<Room, String> {
        memory_room()
    }
}

/// The id under which a filter finds the sweep of a model.
pub(super) fn id(model: &str) -> String {
    format!("memory/{model}")
}

/// Whether any number of tasks can wait at once: where each keeps a worker, a task costs what its worker does.
pub(super) fn concerns(model: &ModelInfo) -> bool {
    model.waiting == Waiting::Tasks
}

/// The sweep, as far as it has come.
#[derive(Debug)]
pub(super) struct Sweep {
    models: Vec<(ModelInfo, Vec<WaitingPoint>)>,
    cores: u64,
    quick: bool,
}

impl Sweep {
    pub(super) fn new(models: &[ModelInfo], cores: u64, quick: bool) -> Self {
        Self { models: models.iter().map(|&model| (model, Vec::new())).collect(), cores, quick }
    }

    /// Takes over what was found before; `None` where it does not belong to this sweep.
    pub(super) fn replay(&mut self, model: &str, point: WaitingPoint) -> Option<()> {
        let quick = self.quick;
        let (info, points) = self.models.iter_mut().find(|(info, _)| info.id == model)?;
        let belongs = next(info, points, quick) == Some(point.tasks);
        belongs.then(|| points.push(point))
    }

    /// How many crowds are still to gather, if nothing stops them.
    pub(super) fn left(&self) -> u64 {
        let left = |(model, points): &(ModelInfo, Vec<WaitingPoint>)| match next(model, points, self.quick) {
            Some(_) => sizes(model, self.quick).len() - points.len(),
            None => 0,
        };
        self.models.iter().map(left).sum::<usize>() as u64
    }

    /// Lets the crowds of every model gather, one after the other; breaks off if the run was asked to end.
    pub(super) fn measure(
        &mut self,
        gather: &mut impl Gather,
        deadline: Duration,
        mut tell: impl FnMut(&ModelInfo, &WaitingPoint),
    ) -> ControlFlow<()> {
        for (model, points) in &mut self.models {
            while let Some(tasks) = next(model, points, self.quick) {
                let workers = if model.sizing == Sizing::Workers { self.cores } else { 1 };
                let crowd = Crowd { model: *model, workers, tasks };
                let point = match too_much(points, tasks, &gather.room()) {
                    Some(point) => point,
                    None => match gather.gather(&crowd, deadline) {
                        Ok((held, took)) => measured(tasks, held, took),
                        Err(Silence::Failure(failure)) => failed(tasks, failure),
                        Err(Silence::Interrupted) => return ControlFlow::Break(()),
                    },
                };
                tell(model, &point);
                points.push(point);
            }
        }
        ControlFlow::Continue(())
    }

    /// The part of the record; its analysis is still to be made.
    pub(super) fn into_record(self) -> Option<Memory> {
        let cores = self.cores;
        let model = |(model, points): (ModelInfo, Vec<WaitingPoint>)| ModelMemory {
            model: model.id.to_owned(),
            family: model.family,
            workers: if model.sizing == Sizing::Workers { cores } else { 1 },
            points,
            per_task: None,
            refusal: None,
        };
        let models: Vec<_> = self.models.into_iter().map(model).collect();
        (!models.is_empty()).then_some(Memory { models })
    }
}

fn sizes(model: &ModelInfo, quick: bool) -> &'static [u64] {
    let sizes: &[u64] = match (model.sizing, model.isolates || model.family == Family::Processes) {
        (Sizing::PerTask, true) => &PROCESSES,
        (Sizing::PerTask, false) => &THREADS,
        _ => &COROUTINES,
    };
    if quick { &sizes[..QUICK] } else { sizes }
}

/// The next number of tasks; none at the end of the sizes, and none behind a crowd that could not gather.
fn next(model: &ModelInfo, points: &[WaitingPoint], quick: bool) -> Option<u64> {
    let stopped = points.iter().any(|point| point.status != Status::Ok);
    sizes(model, quick).get(points.len()).copied().filter(|_| !stopped)
}

/// A point in place of a crowd that is not let gather: by what those before it took, it would take too much memory or
/// too long. The first is small enough for any machine.
fn too_much(points: &[WaitingPoint], tasks: u64, room: &Result<Room, String>) -> Option<WaitingPoint> {
    let last = points.last()?;
    let times = tasks as f64 / last.tasks as f64;
    let bytes = match (points.iter().rev().nth(1).and_then(with_bytes), with_bytes(last)) {
        (Some((fewer, less)), Some((more, most))) => {
            most + ((most - less) / (more - fewer)).max(0.0) * (tasks as f64 - more)
        }
        (None, Some((_, most))) => most * times,
        // What cannot be measured is not worth more of it.
        (_, None) => return Some(left_out(tasks, Status::Skipped, "fewer could not be measured".to_owned())),
    };
    match room {
        Err(why) => {
            let why = format!("it is not known how much memory there is: {why}");
            return Some(left_out(tasks, Status::Skipped, why));
        }
        Ok(room) if bytes > (room.bytes / SHARE) as f64 => {
            return Some(left_out(tasks, Status::Unsupported, no_room(tasks, bytes, room)));
        }
        Ok(_) => {}
    }
    let seconds = last.gathered_ns? as f64 / 1e9 * times;
    (seconds > MOST_TIME.as_secs_f64()).then(|| {
        let most = MOST_TIME.as_secs();
        let why =
            format!("{tasks} tasks would take about {seconds:.0} s to start, at most {most} s are allowed");
        left_out(tasks, Status::Skipped, why)
    })
}

fn with_bytes(point: &WaitingPoint) -> Option<(f64, f64)> {
    Some((point.tasks as f64, point.bytes()? as f64))
}

fn no_room(tasks: u64, bytes: f64, room: &Room) -> String {
    let mebibytes = |bytes: f64| bytes / f64::from(1 << 20);
    let remedy = match room.limit {
        "MemAvailable" => "end other programs, or add memory".to_owned(),
        limit => format!("raise {limit} of the control group"),
    };
    format!(
        "{} leaves {:.0} MiB, of which one in {SHARE} may be taken, and {tasks} tasks would take about {:.0} MiB; \
         {remedy}",
        room.limit,
        mebibytes(room.bytes as f64),
        mebibytes(bytes),
    )
}

fn measured(tasks: u64, held: Result<Held, String>, took: Duration) -> WaitingPoint {
    let mut missing = BTreeMap::new();
    let held = match held {
        Ok(held) => Some(held),
        Err(why) => {
            let fields = ["processes", "resident_bytes", "page_table_bytes"];
            missing.extend(fields.map(|field| (field.to_owned(), why.clone())));
            None
        }
    };
    WaitingPoint {
        tasks,
        status: Status::Ok,
        reason: None,
        stderr_tail: None,
        gathered_ns: Some(nanoseconds(took)),
        processes: held.map(|held| held.processes),
        resident_bytes: held.map(|held| held.resident),
        page_table_bytes: held.map(|held| held.page_tables),
        missing,
    }
}

fn left_out(tasks: u64, status: Status, reason: String) -> WaitingPoint {
    failed(tasks, Failure { status, reason, stderr_tail: None })
}

fn failed(tasks: u64, Failure { status, reason, stderr_tail }: Failure) -> WaitingPoint {
    WaitingPoint {
        tasks,
        status,
        reason: Some(reason),
        stderr_tail,
        gathered_ns: None,
        processes: None,
        resident_bytes: None,
        page_table_bytes: None,
        missing: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuiltIn, Catalogue};
    use crate::runner::schedule::mock::broken;

    /// A machine on which a task costs so many bytes, and so many nanoseconds to start.
    struct Machine {
        task_bytes: u64,
        task_ns: u64,
        room: Result<Room, String>,
        /// From how many tasks on a crowd breaks.
        breaks: u64,
        asked: Vec<u64>,
    }

    impl Machine {
        fn with(task_bytes: u64, room: u64) -> Self {
            let room = Ok(Room { bytes: room, limit: "memory.max" });
            Self { task_bytes, task_ns: 0, room, breaks: u64::MAX, asked: Vec::new() }
        }
    }

    impl Gather for Machine {
        fn gather(
            &mut self,
            crowd: &Crowd,
            _: Duration,
        ) -> Result<(Result<Held, String>, Duration), Silence> {
            self.asked.push(crowd.tasks);
            if crowd.tasks >= self.breaks {
                return Err(broken());
            }
            let resident = (5 << 20) + crowd.tasks * self.task_bytes;
            let took = Duration::from_nanos(crowd.tasks * self.task_ns);
            Ok((Ok(Held { processes: 1, resident, page_tables: resident / 512 }), took))
        }

        fn room(&self) -> Result<Room, String> {
            self.room.clone()
        }
    }

    fn points(machine: &mut Machine, model: &str, quick: bool) -> Vec<WaitingPoint> {
        let models: Vec<_> = BuiltIn::infos().into_iter().filter(|info| info.id == model).collect();
        let mut sweep = Sweep::new(&models, 4, quick);
        let mut told = Vec::new();
        let flow = sweep.measure(machine, Duration::from_secs(1), |_, point| told.push(point.clone()));
        assert_eq!(flow, ControlFlow::Continue(()));
        let points = sweep.into_record().unwrap().models.remove(0).points;
        assert_eq!(points, told);
        points
    }

    #[test]
    fn with_room_the_sweep_goes_to_its_end() {
        let mut machine = Machine::with(400, 64 << 30);
        let found = points(&mut machine, "smol", false);
        assert_eq!(machine.asked, COROUTINES);
        assert!(found.iter().all(|point| point.status == Status::Ok));
        let slope = crate::analyse::per_task(&found).unwrap();
        assert!((slope.bytes - 400.0 * 513.0 / 512.0).abs() < 1e-3, "{slope:?}");
        assert!((slope.base_bytes - f64::from(5 << 20) * 513.0 / 512.0).abs() < 2.0, "{slope:?}");
    }

    #[test]
    fn a_crowd_that_would_take_half_of_the_memory_does_not_gather_and_the_limit_is_named() {
        let mut machine = Machine::with(400, 100 << 20);
        let found = points(&mut machine, "smol", false);
        assert_eq!(machine.asked.last(), Some(&100_000), "300,000 would take 114 MiB and more");
        let last = found.last().unwrap();
        assert_eq!((last.tasks, last.status, last.bytes()), (300_000, Status::Unsupported, None));
        assert_eq!(
            last.reason.as_deref().unwrap(),
            "memory.max leaves 100 MiB, of which one in 2 may be taken, and 300000 tasks would take about 120 MiB; \
             raise memory.max of the control group"
        );
    }

    #[test]
    fn a_crowd_that_would_take_too_long_or_could_not_be_reckoned_is_left_out() {
        let mut machine = Machine { task_ns: 30_000, ..Machine::with(10_000, 64 << 30) };
        let found = points(&mut machine, "tokio-multi-thread", false);
        assert_eq!(machine.asked.last(), Some(&100_000));
        assert_eq!(found.last().unwrap().status, Status::Skipped);
        assert!(found.last().unwrap().reason.as_deref().unwrap().contains("9 s to start"), "{found:?}");
        let mut blind = Machine { room: Err("no /proc".to_owned()), ..Machine::with(10_000, 0) };
        let found = points(&mut blind, "thread-spawn", false);
        assert_eq!(blind.asked, [100]);
        assert!(found[1].reason.as_deref().unwrap().contains("no /proc"), "{found:?}");
    }

    #[test]
    fn behind_a_crowd_that_breaks_no_larger_one_is_tried() {
        let mut machine = Machine { breaks: 50, ..Machine::with(200_000, 64 << 30) };
        let found = points(&mut machine, "process-fork", false);
        assert_eq!(machine.asked, [10, 25, 50]);
        assert_eq!(found[2].status, Status::Crashed);
        assert!(crate::analyse::per_task(&found).is_some(), "what was measured still counts");
    }

    #[test]
    fn a_sweep_goes_on_where_its_journal_ends() {
        let mut machine = Machine::with(400, 64 << 30);
        let before = points(&mut machine, "smol", true);
        assert_eq!(before.len(), QUICK);
        let models: Vec<_> = BuiltIn::infos().into_iter().filter(|info| info.id == "smol").collect();
        let mut sweep = Sweep::new(&models, 4, true);
        assert!(sweep.replay("smol", before[1].clone()).is_none(), "the first is missing");
        assert!(sweep.replay("rayon", before[0].clone()).is_none(), "no such model in it");
        sweep.replay("smol", before[0].clone()).unwrap();
        assert_eq!(sweep.left(), 2);
        let mut rest = Machine::with(400, 64 << 30);
        assert!(sweep.measure(&mut rest, Duration::from_secs(1), |_, _| ()).is_continue());
        assert_eq!((rest.asked, sweep.left()), (COROUTINES[1..QUICK].to_vec(), 0));
    }

    #[test]
    fn every_model_whose_tasks_can_all_wait_has_its_sizes() {
        let largest = |id: &str| {
            let model = BuiltIn::infos().into_iter().find(|info| info.id == id).unwrap();
            (concerns(&model), *sizes(&model, false).last().unwrap())
        };
        assert_eq!(largest("process-forkserver"), (true, 200));
        assert_eq!(largest("thread-spawn"), (true, 100_000));
        assert_eq!(largest("process-async"), (true, 1_000_000));
        assert!(!largest("thread-pool").0 && !largest("sequential").0);
    }
}
