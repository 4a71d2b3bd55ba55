//! A load put on a model in a runner: tasks that are due at a fixed rate, or as fast as they are done.

use std::time::Duration;

use super::{Arrivals, Observation};
use crate::model::{Digest, ModelError};
use crate::models::instrument::{Tickets, Visit, clock_ns};
use crate::models::{Instrument, TaskSpec, Running};
use crate::record::Histogram;
use crate::runner::{CellError, Desk};

/// A task that waited for its time and began this much later was called too late: twice the grain of the coarsest timer
/// known, that of tokio.
const LATE_NS: u64 = 2_000_000;
/// The most tasks of a closed load.
const MOST_CLOSED: u64 = 8192;

/// Puts the load on the assigned model.
pub(super) fn observe(arrivals: Arrivals, desk: &Desk<'_>) -> Result<Observation, CellError> {
    let assignment = desk.assignment()?;
    let batch_of = assignment.tasks;
    let most = match arrivals {
        Arrivals::Closed { .. } => MOST_CLOSED,
        Arrivals::Burst { tasks } | Arrivals::Open { tasks, .. } => tasks,
    };
    let tickets = Tickets::create(most.max(batch_of))
        .map_err(ModelError::system("make memory for what tasks see"))?;
    let instrument = tickets.handle().map(Instrument::Load);
    let mut model = desk.bench_of(TaskSpec { instrument, ..assignment.task_spec.clone() })?.start()?;
    // What is slow only once is no latency under load.
    tickets.reset(clock_ns(), 0);
    batch(model.as_mut(), batch_of)?;
    let computed = || assignment.target.and_then(|target| target.computed());
    let before = computed();
    let observation = put(model.as_mut(), &tickets, arrivals, batch_of)?;
    let computed = before.zip(computed()).map(|(before, after)| after.saturating_sub(before));
    model.stop()?;
    let busy = |time: Duration| time.as_nanos() as f64 / observation.elapsed_ns.max(1) as f64;
    Ok(Observation { target_busy: computed.map(|time| busy(time).min(1.0)), ..observation })
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

/// Puts the load on a model that has started; batches of a closed load have so many tasks.
fn put(
    model: &mut dyn Running,
    tickets: &Tickets,
    arrivals: Arrivals,
    batch_of: u64,
) -> Result<Observation, CellError> {
    match arrivals {
        Arrivals::Closed { at_least_ns } => {
            let started = clock_ns();
            tickets.reset(started, 0);
            let mut tasks = 0;
            while tasks == 0 || (clock_ns() - started < at_least_ns && tasks + batch_of <= MOST_CLOSED) {
                batch(model, batch_of)?;
                tasks += batch_of;
            }
            observation(&tickets.visits(tasks), |visit| visit.begun)
        }
        Arrivals::Burst { tasks } => {
            tickets.reset(clock_ns(), 0);
            batch(model, tasks)?;
            observation(&tickets.visits(tasks), |visit| visit.begun)
        }
        Arrivals::Open { tasks, rate_per_s, lead_ns } => {
            tickets.reset(clock_ns() + lead_ns, (1e9 / rate_per_s).max(1.0) as u64);
            batch(model, tasks)?;
            let observation = observation(&tickets.visits(tasks), |visit| visit.due)?;
            Ok(Observation { rate_per_s: Some(rate_per_s), ..observation })
        }
    }
}

/// What the visits amount to, with latencies from the moment that `from` picks.
fn observation(visits: &[Visit], from: impl Fn(&Visit) -> u64) -> Result<Observation, CellError> {
    let done = visits.iter().filter(|visit| visit.done > 0).count() as u64;
    let asked = visits.len() as u64;
    if done < asked {
        return Err(CellError::Count { batch: "a batch under load", done, asked });
    }
    let count = |of: &dyn Fn(&Visit) -> bool| visits.iter().filter(|visit| of(visit)).count() as u64;
    let first = visits.iter().map(|visit| visit.due).min().unwrap_or(0);
    let last = visits.iter().map(|visit| visit.done).max().unwrap_or(0);
    let latency: Histogram = visits.iter().map(|visit| visit.done.saturating_sub(from(visit))).collect();
    Ok(Observation {
        rate_per_s: None,
        tasks: asked,
        elapsed_ns: last.saturating_sub(first),
        queued: count(&|visit| visit.free > visit.due),
        late: count(&|visit| visit.free <= visit.due && visit.begun > visit.due + LATE_NS),
        target_busy: None,
        latency,
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
        let served = observation(&visits, |visit| visit.due).unwrap();
        assert_eq!((served.queued, served.late, served.tasks), (1, 1, 3));
        assert_eq!(served.elapsed_ns, 3_000 + LATE_NS);
        assert!(served.latency.counts().max_ns() >= 1_000 + LATE_NS);
    }

    #[test]
    fn a_task_that_was_never_done_is_an_error() {
        let visits = [visit(1, 1, 1, 2), visit(1, 0, 0, 0)];
        assert!(matches!(
            observation(&visits, |visit| visit.due),
            Err(CellError::Count { done: 1, asked: 2, .. })
        ));
    }
}
