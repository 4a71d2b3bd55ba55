//! The latency sweep: which loads are put on which cells, in which order, and what is kept of each.

use std::time::Duration;

use concbench_workloads::Kernel;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::Options;
use super::console::Console;
use crate::model::{Family, Sizing};
use crate::record::journal::Entry;
use crate::record::{Latency, LatencyCell, LoadObservation, LoadRecord, Status};
use crate::runner::load::{Arrivals, Served};
use crate::runner::process::{Failure, Silence};
use crate::runner::schedule::{self, Outcome};
use crate::runner::supervisor::Supervisor;
use crate::spec::{CellSpec, Spec};
use crate::time::nanoseconds;

/// The loads, as shares of what a cell can do: from where tasks meet nobody to where they come faster than they are done.
const SHARES: [f64; 5] = [0.2, 0.5, 0.75, 0.9, 1.2];
/// How often each load is put on each cell, unless the run has fewer blocks.
const MOST_ROUNDS: u32 = 3;
/// How long one load lasts, unless it has too few or too many tasks for that.
const LOAD: Duration = Duration::from_secs(1);
/// The fewest tasks of a load in all rounds together: with fewer there is no 99th percentile.
const FEWEST_TASKS: u32 = 100;
/// The most. All of them are handed over before the first is due.
const MOST_TASKS: f64 = 4_000.0;
/// The most where each task has a thread, for the same reason.
const MOST_THREADS: f64 = 1_000.0;
/// How long handing over one task may take before the first is due: with a thread each, and without.
const HANDOVER: (Duration, Duration) = (Duration::from_micros(100), Duration::from_micros(5));
/// How long after that the first is due, however few there are.
const LEAD: Duration = Duration::from_millis(10);
/// How many tasks are due at once to find out what a cell can do: a few for each worker, a crowd for an event loop.
const BURST: (u64, u64) = (32, 256);
/// How often that is tried; the best counts, since nothing makes a cell faster than it is.
const BURSTS: u32 = 2;
/// How much longer than planned a load may take.
const PATIENCE: u32 = 10;
/// What the seed of the run is mixed with, so that the order of the loads is not that of the blocks.
const SALT: u64 = 0x006c_6174_656e_6379;

/// The loads of a run, of which nothing has been measured yet; a cell that cannot carry any says so.
pub(super) fn plan(spec: &Spec, blocks: u32) -> Latency {
    let asks = |cell: &&CellSpec| {
        let kernel = spec.workload_of(cell).definition.kernel.as_ref();
        cell.ranked && !cell.twin && matches!(kernel, Some(Kernel::Http(_)))
    };
    let load = |share| LoadRecord { share, rate_per_s: None, observations: Vec::new(), summary: None };
    let cell = |cell: &CellSpec| {
        let (status, reason) = match cell.model.family {
            Family::Processes => (
                Status::Unsupported,
                "the process of a task would have to be there before the task is due, and its price would not show",
            ),
            _ => (Status::Skipped, "the run ended before it was measured"),
        };
        LatencyCell {
            cell: cell.id.clone(),
            workload: spec.workload_of(cell).definition.name.clone(),
            model: cell.model.id.to_owned(),
            workers: cell.workers,
            status,
            reason: Some(reason.to_owned()),
            capacity_per_s: None,
            closed: load(None),
            open: SHARES.map(|share| load(Some(share))).into(),
            knee: None,
            refusal: None,
        }
    };
    let cells = spec.cells.iter().filter(asks).map(cell).collect();
    Latency { rounds: blocks.min(MOST_ROUNDS), cells }
}

/// Puts every load that is still missing on its cell. A signal is left in the outcome.
pub(super) fn measure(
    latency: &mut Latency,
    supervisor: &mut Supervisor,
    spec: &Spec,
    options: &Options,
    outcome: &mut Outcome,
    console: &mut Console,
) {
    let mut sweep = Sweep { latency, supervisor, spec, deadline: options.deadline, console };
    if sweep.latency.cells.is_empty() {
        outcome.notes.push("no latency: no workload of this run asks a server".to_owned());
        return;
    }
    sweep.console.begin_latency(sweep.latency);
    let ended = sweep.capacities(outcome).and_then(|()| sweep.loads(options.seed));
    outcome.interrupted |= ended.is_err();
    schedule::take_notes(supervisor, &mut outcome.notes, console);
}

/// A signal asked for the end.
struct Interrupted;

struct Sweep<'a> {
    latency: &'a mut Latency,
    supervisor: &'a mut Supervisor,
    spec: &'a Spec,
    deadline: Duration,
    console: &'a mut Console,
}

impl<'a> Sweep<'a> {
    /// What each cell can do.
    fn capacities(&mut self, outcome: &Outcome) -> Result<(), Interrupted> {
        for number in 0..self.latency.cells.len() {
            let Some((index, cell)) = self.wanted(number) else { continue };
            if let Some(failure) = outcome.cells[index].failure.clone() {
                self.fail(number, failure);
                continue;
            }
            if self.latency.cells[number].capacity_per_s.is_some() {
                continue;
            }
            let tasks = (16 * cell.concurrency).clamp(BURST.0, BURST.1);
            let mut best: f64 = 0.0;
            for _ in 0..BURSTS {
                if let Some((served, _)) = self.put(number, Arrivals::Burst { tasks })? {
                    best = best.max(per_second(&served));
                }
            }
            if best > 0.0 {
                take_capacity(&mut self.latency.cells[number], best);
                let cell = self.latency.cells[number].cell.clone();
                self.console.log(&Entry::Capacity { cell, per_s: best });
            }
        }
        Ok(())
    }

    /// Each load of each cell, in as many rounds; within a round in an order of its own.
    fn loads(&mut self, seed: u64) -> Result<(), Interrupted> {
        let mut random = StdRng::seed_from_u64(seed ^ SALT);
        for round in 0..self.latency.rounds {
            let mut order: Vec<(usize, Option<usize>)> = (0..self.latency.cells.len())
                .flat_map(|cell| (0..SHARES.len()).map(Some).chain([None]).map(move |load| (cell, load)))
                .collect();
            order.shuffle(&mut random);
            for (cell, load) in order {
                self.load(round, cell, load)?;
            }
        }
        Ok(())
    }

    fn load(&mut self, round: u32, number: usize, load: Option<usize>) -> Result<(), Interrupted> {
        let Some((_, cell)) = self.wanted(number) else { return Ok(()) };
        let found = &self.latency.cells[number];
        let record = load.map_or(&found.closed, |load| &found.open[load]);
        if record.observations.iter().any(|made| made.round == round) {
            return Ok(());
        }
        let arrivals = match record.rate_per_s {
            None if load.is_some() => return Ok(()),
            None => {
                let batch = self.spec.workload_of(cell).definition.tasks;
                Arrivals::Closed { batch, at_least_ns: nanoseconds(LOAD) }
            }
            Some(rate) => open(rate, cell.model.sizing, self.latency.rounds),
        };
        let Some((served, target_busy)) = self.put(number, arrivals)? else { return Ok(()) };
        let Served { tasks, elapsed_ns, queued, late, latency } = served;
        let observation = LoadObservation { round, tasks, elapsed_ns, queued, late, target_busy, latency };
        let cell = &mut self.latency.cells[number];
        self.console.log(&Entry::Load {
            cell: cell.cell.clone(),
            load: load.map(|load| load as u32),
            observation: observation.clone(),
        });
        take_load(cell, load, observation);
        Ok(())
    }

    /// The cell in the matrix, unless it is known that it carries no load.
    fn wanted(&self, number: usize) -> Option<(usize, &'a CellSpec)> {
        let found = &self.latency.cells[number];
        let open = matches!(found.status, Status::Ok | Status::Skipped);
        let matrix = self.spec.cells.iter().enumerate();
        matrix.filter(|_| open).find(|(_, cell)| cell.id == found.cell)
    }

    /// What became of a load; `None` for a cell that has failed, which is kept.
    fn put(
        &mut self,
        number: usize,
        arrivals: Arrivals,
    ) -> Result<Option<(Served, Option<f64>)>, Interrupted> {
        let Some((index, cell)) = self.wanted(number) else { return Ok(None) };
        self.console.show(&cell.id);
        let planned = match arrivals {
            Arrivals::Open { tasks, interval_ns, lead_ns } => {
                Duration::from_nanos(lead_ns + tasks * interval_ns)
            }
            Arrivals::Closed { .. } | Arrivals::Burst { .. } => LOAD,
        };
        match self.supervisor.load(self.spec, index, arrivals, self.deadline.max(planned * PATIENCE)) {
            Ok(served) => Ok(Some(served)),
            Err(Silence::Interrupted) => Err(Interrupted),
            Err(Silence::Failure(failure)) => {
                self.fail(number, failure);
                Ok(None)
            }
        }
    }

    fn fail(&mut self, number: usize, failure: Failure) {
        let cell = &mut self.latency.cells[number];
        let Failure { status, reason, .. } = failure;
        self.console.log(&Entry::LatencyFailure { cell: cell.cell.clone(), status, reason: reason.clone() });
        take_failure(cell, status, reason);
    }
}

/// Keeps what a cell can do, which decides on its rates.
pub(super) fn take_capacity(cell: &mut LatencyCell, per_s: f64) {
    cell.capacity_per_s = Some(per_s);
    for load in &mut cell.open {
        load.rate_per_s = load.share.map(|share| share * per_s);
    }
}

/// Keeps an observation of a load, the closed one if it has no number; false if there is no such load.
pub(super) fn take_load(cell: &mut LatencyCell, load: Option<usize>, observation: LoadObservation) -> bool {
    let record = match load {
        None => Some(&mut cell.closed),
        Some(load) => cell.open.get_mut(load),
    };
    let Some(record) = record else { return false };
    if record.observations.iter().any(|made| made.round == observation.round) {
        return false;
    }
    record.observations.push(observation);
    // Rounds come in an order of their own after a run was resumed.
    record.observations.sort_by_key(|made| made.round);
    (cell.status, cell.reason) = (Status::Ok, None);
    true
}

/// Keeps that a cell carries no load.
pub(super) fn take_failure(cell: &mut LatencyCell, status: Status, reason: String) {
    (cell.status, cell.reason) = (status, Some(reason));
}

/// A load of about [`LOAD`] at this rate.
fn open(rate: f64, sizing: Sizing, rounds: u32) -> Arrivals {
    let (most, handover) = match sizing {
        Sizing::PerTask => (MOST_THREADS, HANDOVER.0),
        Sizing::One | Sizing::Workers => (MOST_TASKS, HANDOVER.1),
    };
    let fewest = f64::from(FEWEST_TASKS.div_ceil(rounds.max(1)));
    let tasks = (rate * LOAD.as_secs_f64()).clamp(fewest, most) as u64;
    let interval_ns = (1e9 / rate).max(1.0) as u64;
    Arrivals::Open { tasks, interval_ns, lead_ns: nanoseconds(LEAD) + tasks * nanoseconds(handover) }
}

fn per_second(served: &Served) -> f64 {
    1e9 * served.tasks as f64 / served.elapsed_ns.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuiltIn, Catalogue};
    use crate::record::Histogram;
    use crate::spec::default_definitions;

    fn planned() -> Latency {
        let spec = Spec::build(default_definitions(), &BuiltIn::infos(), true, 2).unwrap();
        plan(&spec, 20)
    }

    #[test]
    fn every_ranked_cell_that_asks_a_server_has_loads_and_no_other_has() {
        let latency = planned();
        assert_eq!(latency.rounds, MOST_ROUNDS);
        assert!(latency.cells.iter().all(|cell| cell.workload == "http" && cell.open.len() == SHARES.len()));
        let models: Vec<_> = latency.cells.iter().map(|cell| cell.model.as_str()).collect();
        for model in BuiltIn::infos() {
            assert!(models.contains(&model.id), "{}", model.id);
        }
        let refused = latency.cells.iter().filter(|cell| cell.status == Status::Unsupported);
        assert!(refused.count() >= 3);
    }

    #[test]
    fn a_load_has_enough_tasks_and_not_too_many() {
        let tasks = |rate, sizing| match open(rate, sizing, 3) {
            Arrivals::Open { tasks, interval_ns, .. } => (tasks, interval_ns),
            other => panic!("{other:?}"),
        };
        assert_eq!(tasks(10.0, Sizing::One), (34, 100_000_000));
        assert_eq!(tasks(500.0, Sizing::Workers), (500, 2_000_000));
        assert_eq!(tasks(1e5, Sizing::Workers), (4_000, 10_000));
        assert_eq!(tasks(1e5, Sizing::PerTask), (1_000, 10_000));
    }

    #[test]
    fn a_round_of_a_load_is_kept_once_and_rates_follow_from_the_capacity() {
        let mut latency = planned();
        let cell = latency.cells.iter_mut().find(|cell| cell.model == "rayon").unwrap();
        take_capacity(cell, 1000.0);
        let rates: Vec<_> = cell.open.iter().map(|load| load.rate_per_s.unwrap()).collect();
        assert_eq!(rates, SHARES.map(|share| 1000.0 * share));
        let observation = |round| LoadObservation {
            round,
            tasks: 1,
            elapsed_ns: 1,
            queued: 0,
            late: 0,
            target_busy: None,
            latency: Histogram::new(),
        };
        assert!(take_load(cell, Some(1), observation(1)) && take_load(cell, Some(1), observation(0)));
        assert!(!take_load(cell, Some(1), observation(0)) && !take_load(cell, Some(9), observation(0)));
        assert!(take_load(cell, None, observation(0)));
        let rounds: Vec<_> = cell.open[1].observations.iter().map(|made| made.round).collect();
        assert_eq!((rounds, cell.status), (vec![0, 1], Status::Ok));
    }
}
