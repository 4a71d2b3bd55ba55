//! A load put on a model in a runner: tasks that are due at a fixed rate, or as fast as they are done.

use concbench_workloads::Kernel;
use serde::{Deserialize, Serialize};

use super::cell::{CellError, guarded, settings};
use super::protocol::Assignment;
use crate::model::{Digest, ModelError};
use crate::models::instrument::{Tickets, Visit, clock_ns};
use crate::models::{Instrument, Recipe, Running};
use crate::record::Histogram;
use crate::registry::Registry;

/// A task that waited for its time and began this much later was called too late: twice the grain of the coarsest timer
/// known, that of tokio.
const LATE_NS: u64 = 2_000_000;
/// The most tasks of a closed load.
const MOST_CLOSED: u64 = 8192;

/// When tasks are due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Arrivals {
    /// Batches of this many, one after the other, until so much time has passed: a closed load.
    Closed { batch: u64, at_least_ns: u64 },
    /// All at once.
    Burst { tasks: u64 },
    /// One after the other at this distance, the first once the batch has had `lead_ns` to be handed over.
    Open { tasks: u64, interval_ns: u64, lead_ns: u64 },
}

/// What became of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) tasks: u64,
    /// From when the first was due until the last was done, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// How many were due before anything was free to wait for them.
    pub(crate) queued: u64,
    /// How many were waited for, and begun more than [`LATE_NS`] late all the same.
    pub(crate) late: u64,
    /// Latencies in nanoseconds: from when a task was due, under a closed load from when it was begun.
    pub(crate) latency: Histogram,
}

/// Puts the load on the model of this assignment.
pub(super) fn measure(
    registry: &Registry,
    assignment: &Assignment,
    arrivals: Arrivals,
) -> Result<Served, CellError> {
    if !matches!(assignment.recipe.kernel, Some(Kernel::Http(_))) {
        let reason = "a load is put on tasks that ask a server, and on no others".to_owned();
        return Err(ModelError::Unsupported(reason).into());
    }
    guarded(|| {
        let most = match arrivals {
            Arrivals::Closed { batch, .. } => MOST_CLOSED.max(batch),
            Arrivals::Burst { tasks } | Arrivals::Open { tasks, .. } => tasks,
        };
        let tickets = Tickets::create(most.max(assignment.tasks))
            .map_err(ModelError::system("make memory for what tasks see"))?;
        let recipe =
            Recipe { instrument: tickets.handle().map(Instrument::Load), ..assignment.recipe.clone() };
        let mut model =
            registry.prepared(&recipe, &assignment.model)?.start(&settings(assignment, &recipe))?;
        // What is slow only once is no latency under load.
        tickets.reset(clock_ns(), 0);
        batch(model.as_mut(), assignment.tasks)?;
        let served = put(model.as_mut(), &tickets, arrivals)?;
        model.stop()?;
        Ok(served)
    })
}

/// One batch of the model's.
fn batch(model: &mut dyn Running, tasks: u64) -> Result<(), CellError> {
    let digest = model.run(0..tasks)?;
    let mut expected = Digest::default();
    (0..tasks).for_each(|index| expected.add(index, index));
    match digest == expected {
        true => Ok(()),
        false => Err(CellError::Digest { batch: "a batch under load" }),
    }
}

/// Puts the load on a model that has started.
fn put(model: &mut dyn Running, tickets: &Tickets, arrivals: Arrivals) -> Result<Served, CellError> {
    match arrivals {
        Arrivals::Closed { batch: size, at_least_ns } => {
            let started = clock_ns();
            tickets.reset(started, 0);
            let mut tasks = 0;
            while tasks == 0 || (clock_ns() - started < at_least_ns && tasks + size <= MOST_CLOSED) {
                batch(model, size)?;
                tasks += size;
            }
            served(&tickets.visits(tasks), |visit| visit.begun)
        }
        Arrivals::Burst { tasks } => {
            tickets.reset(clock_ns(), 0);
            batch(model, tasks)?;
            served(&tickets.visits(tasks), |visit| visit.begun)
        }
        Arrivals::Open { tasks, interval_ns, lead_ns } => {
            tickets.reset(clock_ns() + lead_ns, interval_ns);
            batch(model, tasks)?;
            served(&tickets.visits(tasks), |visit| visit.due)
        }
    }
}

/// What the visits amount to, with latencies from the moment that `from` picks.
fn served(visits: &[Visit], from: impl Fn(&Visit) -> u64) -> Result<Served, CellError> {
    let done = visits.iter().filter(|visit| visit.done > 0).count() as u64;
    let asked = visits.len() as u64;
    if done < asked {
        return Err(CellError::Count { batch: "a batch under load", done, asked });
    }
    let count = |of: &dyn Fn(&Visit) -> bool| visits.iter().filter(|visit| of(visit)).count() as u64;
    let first = visits.iter().map(|visit| visit.due).min().unwrap_or(0);
    let last = visits.iter().map(|visit| visit.done).max().unwrap_or(0);
    Ok(Served {
        tasks: asked,
        elapsed_ns: last.saturating_sub(first),
        queued: count(&|visit| visit.free > visit.due),
        late: count(&|visit| visit.free <= visit.due && visit.begun > visit.due + LATE_NS),
        latency: visits.iter().map(|visit| visit.done.saturating_sub(from(visit))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(due: u64, free: u64, begun: u64, done: u64) -> Visit {
        Visit { due, free, begun, done }
    }

    #[test]
    fn a_task_that_nothing_was_free_for_is_queued_and_one_that_was_woken_late_is_late() {
        let visits = [
            visit(1_000, 500, 1_100, 9_000),
            visit(2_000, 2_001, 2_001, 9_000),
            visit(3_000, 500, 3_001 + LATE_NS, 4_000 + LATE_NS),
        ];
        let served = served(&visits, |visit| visit.due).unwrap();
        assert_eq!((served.queued, served.late, served.tasks), (1, 1, 3));
        assert_eq!(served.elapsed_ns, 3_000 + LATE_NS);
        assert!(served.latency.max_ns() >= 1_000 + LATE_NS);
    }

    #[test]
    fn a_task_that_was_never_done_is_an_error() {
        let visits = [visit(1, 1, 1, 2), visit(1, 0, 0, 0)];
        assert!(matches!(
            served(&visits, |visit| visit.due),
            Err(CellError::Count { done: 1, asked: 2, .. })
        ));
    }
}
