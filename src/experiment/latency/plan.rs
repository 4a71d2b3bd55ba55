//! Which loads are put on which models, and in which order.

use std::time::Duration;

use concbench_workloads::Kernel;

use super::{Arrivals, Cell, FEWEST_FOR_P99, Latency, MOST_ROUNDS, capacity_per_s};
use crate::batch::work_of;
use crate::experiment::{Ask, Block, Scope, Seen, Subject, Trial};
use crate::model::{Family, Sizing};
use crate::record::{Failure, Status};
use crate::spec::CellSpec;
use crate::time::nanoseconds;

/// The loads, as shares of what a model can do: from where tasks meet nobody to where they come faster than they are
/// done.
const SHARES: [f64; 5] = [0.2, 0.5, 0.75, 0.9, 1.2];
/// Those of a quick run.
const QUICK_SHARES: [f64; 3] = [0.2, 0.5, 0.9];
/// How long a load lasts, unless it has too few or too many tasks for that.
const LOAD: Duration = Duration::from_secs(1);
const QUICK_LOAD: Duration = Duration::from_millis(200);
/// How long an observation takes beside that.
const START: Duration = Duration::from_millis(100);
/// The most tasks of a load. All of them are handed over before the first is due.
const MOST_TASKS: f64 = 4_000.0;
/// The most where each task has a thread, for the same reason.
const MOST_THREADS: f64 = 1_000.0;
/// How long handing over one task may take before the first is due: with a thread each, and without.
const HANDOVER: (Duration, Duration) = (Duration::from_micros(100), Duration::from_micros(5));
/// How long after that the first is due, however few there are.
const LEAD: Duration = Duration::from_millis(10);
/// How many tasks are due at once to find out what a model can do: a few for each worker, a crowd for an event loop.
const BURST: (u64, u64) = (32, 256);
/// How often that is tried.
pub(super) const BURSTS: u32 = 2;
/// How much longer than planned a load may take.
const PATIENCE: u32 = 10;

/// Each load on each ranked cell whose tasks ask a server.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let asks = |cell: &&CellSpec| {
        let kernel = scope.spec.workload_of(cell).definition.kernel.as_ref();
        cell.ranked && !cell.twin && matches!(kernel, Some(Kernel::Http(_)))
    };
    let shares: &[f64] = if scope.is_quick() { &QUICK_SHARES } else { &SHARES };
    let load = |cell: &CellSpec, share: Option<f64>| Cell {
        workload: scope.spec.workload_of(cell).definition.name.clone(),
        model: cell.model.id.to_owned(),
        family: cell.model.family,
        workers: cell.workers,
        load: share.map_or_else(|| "closed".to_owned(), |share| format!("{:.0}%", 100.0 * share)),
        share,
    };
    let loads = || std::iter::once(None).chain(shares.iter().copied().map(Some));
    let asking = scope.spec.cells.iter().filter(asks);
    asking.flat_map(|cell| loads().map(move |share| load(cell, share))).collect()
}

/// About how long all loads take, if models can do what the waiting of their tasks allows.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let rounds = rounds(scope);
    let lasts = |cell: &Cell| {
        let Some(spec) = scope.cell(&cell.ranked()).filter(|spec| !starts_too_much(spec)) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_nanos(scope.spec.workload_of(spec).wait_ns()).as_secs_f64();
        let due = |share: f64| fewest(rounds) / share * wait / spec.concurrency.max(1) as f64;
        let due = Duration::from_secs_f64(cell.share.map_or(0.0, due));
        (due.max(lasting(scope)) + START) * rounds
    };
    cells.iter().map(lasts).sum()
}

/// What each model can do; and once that is known, each load once a round, all in random order.
pub(super) fn next(scope: &Scope, seen: &Seen<Latency>) -> Vec<Block<Arrivals>> {
    match Block::of_calibrations(bursts(scope, seen)) {
        none if none.is_empty() => seen.blocks(scope, |cell| load(scope, seen, cell).map(Ok)),
        bursts => bursts,
    }
}

/// The bursts of models of whose bursts one is still to come; a model that can carry no load is refused here.
fn bursts(scope: &Scope, seen: &Seen<Latency>) -> Vec<Trial<Arrivals>> {
    let mut trials = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for (_, cell) in seen.open() {
        let prefix = cell.factors.prefix();
        if known.contains(&prefix) {
            continue;
        }
        let Some(spec) = scope.cell(&cell.factors.ranked()) else { continue };
        let of_model = seen.open().filter(|(_, other)| other.factors.prefix() == prefix);
        let cells: Vec<usize> = of_model.map(|(number, _)| number).collect();
        let names = (0..BURSTS).map(|number| burst(&cell.factors, number));
        for name in names.filter(|name| !seen.calibrations.contains_key(name)) {
            let tasks = (16 * spec.concurrency).clamp(BURST.0, BURST.1);
            let ask = match starts_too_much(spec) {
                true => Err(refused()),
                false => Ok(ask(scope, spec, Arrivals::Burst { tasks })),
            };
            let subject = Subject::Calibration { name, cells: cells.clone() };
            trials.push(Trial { subject, ask, padding: 0 });
        }
        known.push(prefix);
    }
    trials
}

/// The name of a burst.
pub(super) fn burst(cell: &Cell, number: u32) -> String {
    format!("{}/burst-{number}", cell.prefix())
}

fn load(scope: &Scope, seen: &Seen<Latency>, cell: &Cell) -> Option<Ask<Arrivals>> {
    let (spec, capacity) = (scope.cell(&cell.ranked())?, capacity_per_s(&seen.calibrations, cell)?);
    let arrivals = match cell.share {
        None => Arrivals::Closed { at_least_ns: nanoseconds(lasting(scope)) },
        Some(share) => open(share * capacity, spec.model.sizing, rounds(scope), lasting(scope)),
    };
    Some(ask(scope, spec, arrivals))
}

fn rounds(scope: &Scope) -> u32 {
    scope.settings.blocks.min(MOST_ROUNDS)
}

fn lasting(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_LOAD } else { LOAD }
}

/// Whether every task would need a process before it is due.
fn starts_too_much(spec: &CellSpec) -> bool {
    spec.model.family == Family::Processes
}

fn refused() -> Failure {
    let why =
        "the process of a task would have to be there before the task is due, and its price would not show";
    Failure::new(Status::Unsupported, why)
}

fn ask(scope: &Scope, spec: &CellSpec, arrivals: Arrivals) -> Ask<Arrivals> {
    let planned = match arrivals {
        Arrivals::Open { tasks, rate_per_s, lead_ns } => {
            Duration::from_nanos(lead_ns) + Duration::from_secs_f64(tasks as f64 / rate_per_s)
        }
        Arrivals::Closed { .. } | Arrivals::Burst { .. } => LOAD,
    };
    let deadline = scope.settings.deadline.max(planned * PATIENCE);
    Ask { order: arrivals, work: Some(work_of(&scope.spec, spec)), deadline }
}

/// A load at this rate that lasts about so long.
fn open(rate_per_s: f64, sizing: Sizing, rounds: u32, lasting: Duration) -> Arrivals {
    let (most, handover) = match sizing {
        Sizing::PerTask => (MOST_THREADS, HANDOVER.0),
        Sizing::One | Sizing::Workers => (MOST_TASKS, HANDOVER.1),
    };
    let tasks = (rate_per_s * lasting.as_secs_f64()).clamp(fewest(rounds), most) as u64;
    let lead_ns = nanoseconds(LEAD) + tasks * nanoseconds(handover);
    Arrivals::Open { tasks, rate_per_s, lead_ns }
}

/// The fewest tasks of a load: all rounds together have a 99th percentile.
fn fewest(rounds: u32) -> f64 {
    FEWEST_FOR_P99.div_ceil(rounds.max(1).into()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::latency::Observation;
    use crate::experiment::{Underway, rehearsal};
    use crate::models::{BuiltIn, Catalogue};
    use crate::record::{Factors, Histogram, Mode, Observed};
    use crate::spec::default_definitions;

    fn scope(mode: Mode) -> Scope {
        let mut scope = rehearsal::scope(default_definitions(), 2, true, 7);
        scope.settings.mode = mode;
        scope
    }

    fn begun(scope: &Scope) -> Seen<Latency> {
        Seen::new(scope, cells(scope))
    }

    /// What a burst leaves that was served at 1,000 tasks a second.
    fn served() -> Observed<serde_json::Value> {
        let latency: Histogram = [1_000_000].into_iter().collect();
        let responses = Observation {
            rate_per_s: None,
            tasks: 100,
            elapsed_ns: 100_000_000,
            queued: 0,
            late: 0,
            target_busy: None,
            latency,
        };
        let responses = serde_json::to_value(responses).unwrap();
        Observed { block: 0, position: 0, responses, usage: None, reason: None }
    }

    /// Answers every burst; refuses what is refused.
    fn calibrated(scope: &Scope, mut seen: Seen<Latency>) -> Seen<Latency> {
        let [burst] = &next(scope, &seen)[..] else { panic!("the bursts are one block") };
        assert!(!burst.gated);
        for trial in &burst.trials {
            match (&trial.ask, &trial.subject) {
                (Err(failure), Subject::Calibration { cells, .. }) => drop(seen.fail(cells, failure)),
                (_, subject) => seen.keep(subject, served()).unwrap(),
            }
        }
        seen
    }

    #[test]
    fn every_ranked_cell_that_asks_a_server_has_loads_and_no_other_has() {
        let scope = scope(Mode::Default);
        let cells = cells(&scope);
        assert!(cells.iter().all(|cell| cell.workload == "http" && cell.blocks(20) == MOST_ROUNDS));
        for model in BuiltIn::infos() {
            let loads = cells.iter().filter(|cell| cell.model == model.id).count();
            assert!(loads > 0 && loads % (1 + SHARES.len()) == 0, "{}: {loads}", model.id);
        }
        assert!(cells.iter().any(|cell| cell.id() == "latency/http/rayon@2/50%"));
        assert!(cells.iter().any(|cell| cell.id() == "latency/http/rayon@2/closed"));
    }

    #[test]
    fn a_process_for_each_task_is_refused_and_the_others_find_out_what_they_can_do() {
        let scope = scope(Mode::Default);
        let seen = calibrated(&scope, begun(&scope));
        let processes = |cell: &Cell| cell.family == Family::Processes;
        for cell in &seen.cells {
            let expected = if processes(&cell.factors) { Status::Unsupported } else { Status::Skipped };
            assert_eq!((cell.status, cell.is_open()), (expected, !processes(&cell.factors)), "{}", cell.id);
        }
        let refused = seen.cells.iter().filter(|cell| !cell.is_open()).count();
        assert!(refused >= 3 * (1 + SHARES.len()));
        let blocks = next(&scope, &seen);
        assert_eq!(blocks.len(), MOST_ROUNDS as usize);
        assert!(blocks.iter().all(|block| block.gated && block.trials.len() == seen.cells.len() - refused));
        assert_ne!(blocks[0].trials, blocks[1].trials);
        assert_eq!(blocks, next(&scope, &seen), "the plan of a resumed run");
    }

    #[test]
    fn rates_follow_from_the_capacity() {
        let scope = scope(Mode::Default);
        let seen = calibrated(&scope, begun(&scope));
        for trial in &next(&scope, &seen)[0].trials {
            let Subject::Cell(number) = trial.subject else { panic!("{trial:?}") };
            match (trial.ask.as_ref().unwrap().order, seen.cells[number].factors.share) {
                (Arrivals::Open { rate_per_s, .. }, Some(share)) => assert_eq!(rate_per_s, 1000.0 * share),
                (Arrivals::Closed { at_least_ns: 1_000_000_000 }, None) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_load_has_enough_tasks_and_not_too_many() {
        let tasks = |rate, sizing| match open(rate, sizing, 3, LOAD) {
            Arrivals::Open { tasks, .. } => tasks,
            other => panic!("{other:?}"),
        };
        assert_eq!(tasks(10.0, Sizing::One), 34);
        assert_eq!(tasks(500.0, Sizing::Workers), 500);
        assert_eq!(tasks(1e5, Sizing::Workers), 4_000);
        assert_eq!(tasks(1e5, Sizing::PerTask), 1_000);
    }

    #[test]
    fn a_quick_run_has_fewer_and_shorter_loads() {
        let of = |mode| {
            let scope = scope(mode);
            let cells = cells(&scope);
            (cells.len(), estimate(&scope, &cells))
        };
        let (usual, quick) = (of(Mode::Default), of(Mode::Quick));
        assert!(quick.0 < usual.0 && quick.1 * 2 < usual.1, "{quick:?}, {usual:?}");
    }
}
