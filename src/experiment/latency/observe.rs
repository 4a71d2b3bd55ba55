//! A load put on a model in a runner: a dispatcher gives each task to the model when it is due.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use concbench_sys::widen_descriptor_table;

use super::capacity::{Capacity, Probe, done_per_s, search};
use super::schedule::{Spacing, due_ns};
use super::{Observation, Order};
use crate::model::{Arrivals, Digest, ModelError};
use crate::models::instrument::{Visit, Visits, clock_ns};
use crate::models::{Instrument, Loading, TaskSpec};
use crate::record::Histogram;
use crate::runner::cpu_time::CpuMeter;
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// A task that the dispatcher gave away this much after it was due was late.
const LATE_NS: u64 = 1_000_000;
/// From which share of such tasks a load is none.
pub(super) const MOST_LATE: f64 = 0.05;
/// How long after the tasks of a load are known the first of them is due.
const LEAD: Duration = Duration::from_millis(5);
/// The most tasks of a closed load.
const MOST_CLOSED: u64 = 8192;
/// The most tasks of a rate that is tried, the fewest, and for how long it is tried if it has more than these.
const MOST_PROBED: u64 = 8192;
const FEWEST_PROBED: u64 = 100;
const PROBED: Duration = Duration::from_millis(250);
/// For how long it is looked what a model computes that has nothing to do.
const IDLE: Duration = Duration::from_millis(200);

/// Carries out an order on the assigned model.
pub(super) fn observe(order: Order, desk: &Desk<'_>) -> Result<Observation, CellError> {
    let assignment = desk.assignment()?;
    let most = match order {
        Order::Capacity => MOST_PROBED,
        Order::Closed { .. } => MOST_CLOSED,
        Order::Open { tasks, .. } => tasks,
    };
    let visits = Visits::create(most.max(assignment.tasks))
        .map_err(ModelError::system("make memory for what becomes of tasks"))?;
    // A server that has run for a while has the room, and no task waits until the kernel has made it.
    widen_descriptor_table(most).map_err(ModelError::system("have room for descriptors"))?;
    let instrument = visits.handle().map(Instrument::Load);
    let task_spec = TaskSpec { instrument, ..assignment.task_spec.clone() };
    let mut bench = Bench {
        model: desk.start_under_load(task_spec)?,
        visits,
        batch: assignment.tasks,
        target: assignment.target,
    };
    // What is slow only once is no latency under load.
    let started = clock_ns();
    bench.batch()?;
    let took = Duration::from_nanos(clock_ns().saturating_sub(started));
    let observation = match order {
        Order::Capacity => bench.capacity(took),
        Order::Closed { at_least_ns } => bench.closed(at_least_ns),
        Order::Open { tasks, rate_per_s, spacing, seed } => {
            let due = due_ns(tasks, rate_per_s, spacing, seed);
            Ok(Observation { rate_per_s: Some(rate_per_s), ..bench.open(&due)? })
        }
    };
    bench.model.stop()?;
    observation
}

/// A model that has started, and what its tasks write down.
struct Bench {
    model: Box<dyn Loading>,
    visits: Visits,
    /// How many tasks a batch has.
    batch: u64,
    target: Option<crate::runner::Address>,
}

impl Bench {
    /// One batch.
    fn batch(&mut self) -> Result<(), CellError> {
        check(self.model.run(0..self.batch)?, self.batch)
    }

    /// Batches one after the other, until so much time has passed.
    fn closed(&mut self, at_least_ns: u64) -> Result<Observation, CellError> {
        let watched = Watched::start(self.target);
        let (started, mut latencies, mut tasks) = (clock_ns(), Vec::new(), 0);
        while tasks == 0 || (clock_ns() - started < at_least_ns && tasks + self.batch <= MOST_CLOSED) {
            self.batch()?;
            let visits = self.visits.first(self.batch);
            latencies.extend(visits.iter().map(|visit| visit.done.saturating_sub(visit.begun)));
            tasks += self.batch;
        }
        let elapsed_ns = clock_ns() - started;
        Ok(watched.stop(Observation {
            tasks,
            elapsed_ns,
            done_per_s: 1e9 * tasks as f64 / elapsed_ns.max(1) as f64,
            latency: latencies.into_iter().collect(),
            ..Observation::default()
        }))
    }

    /// Tasks that are due at these moments, in nanoseconds from the first.
    fn open(&mut self, due_ns: &[u64]) -> Result<Observation, CellError> {
        let tasks = due_ns.len() as u64;
        self.visits.forget(tasks);
        let handle =
            self.visits.handle().ok_or_else(|| CellError::Other("the visits have no file".to_owned()))?;
        let notes = Visits::open(&handle).map_err(ModelError::system("share what becomes of tasks"))?;
        let watched = Watched::start(self.target);
        let first = clock_ns() + nanoseconds(LEAD);
        let due: Arc<[u64]> = due_ns.iter().map(|after| first + after).collect();
        let arrivals = Arrivals::new(Arc::clone(&due), move |given| notes.give(given));
        check(self.model.run_as_due(arrivals)?, tasks)?;
        let observation = watched.stop(observation(&due, &self.visits.first(tasks))?);
        Ok(observation)
    }

    /// The rate that the model sustains, after a batch that took so long; and what it computes when nothing is to be done.
    fn capacity(&mut self, batch_took: Duration) -> Result<Observation, CellError> {
        let meter = CpuMeter::start();
        sleep(IDLE);
        let idle_cpu_ns = meter.stop().ok();
        let first = self.batch as f64 / batch_took.as_secs_f64().max(1e-6);
        let mut best: Option<Observation> = None;
        let capacity: Capacity = search(first, |rate_per_s| -> Result<Probe, CellError> {
            let tasks = (rate_per_s * PROBED.as_secs_f64()) as u64;
            let tasks = tasks.clamp(FEWEST_PROBED, MOST_PROBED);
            let seen = self.open(&due_ns(tasks, rate_per_s, Spacing::Constant, 0))?;
            let probe = Probe { rate_per_s, done_per_s: seen.done_per_s };
            // What is known of the target and of CPU time at the highest rate is that of the last that was kept up with.
            if best.as_ref().is_none_or(|best| seen.done_per_s >= best.done_per_s) {
                best = Some(Observation { rate_per_s: Some(rate_per_s), ..seen });
            }
            Ok(probe)
        })?;
        let best = best.ok_or_else(|| CellError::Other("no rate was tried".to_owned()))?;
        let idle_ns = idle_cpu_ns.map(|cpu| cpu as f64 / nanoseconds(IDLE) as f64);
        Ok(Observation { capacity: Some(capacity), idle_cpu: idle_ns, ..best })
    }
}

/// Whether so many tasks have done their work.
fn check(digest: Digest, tasks: u64) -> Result<(), CellError> {
    let mut expected = Digest::default();
    (0..tasks).for_each(|index| expected.add(index, index));
    match digest == expected {
        true => Ok(()),
        false => Err(CellError::Digest { batch: "tasks under load" }),
    }
}

/// What is used while a load lasts.
struct Watched {
    meter: CpuMeter,
    target: Option<crate::runner::Address>,
    computed: Option<Duration>,
}

impl Watched {
    fn start(target: Option<crate::runner::Address>) -> Self {
        let computed = target.and_then(|target| target.computed());
        Self { target, computed, meter: CpuMeter::start() }
    }

    fn stop(self, seen: Observation) -> Observation {
        let (cpu_ns, cpu_reason) = match self.meter.stop() {
            Ok(cpu) => (Some(cpu), None),
            Err(reason) => (None, Some(reason)),
        };
        let after = self.target.and_then(|target| target.computed());
        let computed = self.computed.zip(after).map(|(before, after)| after.saturating_sub(before));
        let share = |time: Duration| (time.as_nanos() as f64 / seen.elapsed_ns.max(1) as f64).min(1.0);
        Observation { cpu_ns, cpu_reason, target_busy: computed.map(share), ..seen }
    }
}

/// What the visits of a load amount to, with latencies from when tasks were due.
fn observation(due_ns: &[u64], visits: &[Visit]) -> Result<Observation, CellError> {
    let asked = visits.len() as u64;
    let done = visits.iter().filter(|visit| visit.done > 0).count() as u64;
    if done < asked {
        return Err(CellError::Count { batch: "tasks under load", done, asked });
    }
    let first = due_ns.first().copied().unwrap_or(0);
    let last = visits.iter().map(|visit| visit.done).max().unwrap_or(0);
    let latency: Histogram =
        due_ns.iter().zip(visits).map(|(due, visit)| visit.done.saturating_sub(*due)).collect();
    let late: Histogram = visits.iter().map(|visit| visit.late).collect();
    Ok(Observation {
        tasks: asked,
        elapsed_ns: last.saturating_sub(first),
        done_per_s: done_per_s(due_ns, visits.iter().map(|visit| visit.done).collect()),
        late: visits.iter().filter(|visit| visit.late > LATE_NS).count() as u64,
        late_p99_ns: Some(late.counts().quantile_ns(0.99)),
        queued: visits.iter().filter(|visit| visit.begun > visit.given + LATE_NS).count() as u64,
        latency,
        ..Observation::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(given: u64, late: u64, begun: u64, done: u64) -> Visit {
        Visit { given, late, begun, done }
    }

    #[test]
    fn latency_counts_from_when_a_task_was_due_and_the_dispatcher_answers_for_its_own_lateness() {
        let due = [1_000, 2_000, 3_000];
        let visits = [
            visit(1_100, 100, 1_200, 9_000),
            visit(2_000 + 2 * LATE_NS, 2 * LATE_NS, 2_001 + 2 * LATE_NS, 5 * LATE_NS),
            visit(3_000, 0, 3_001 + LATE_NS, 4_000 + LATE_NS),
        ];
        let seen = observation(&due, &visits).unwrap();
        assert_eq!((seen.tasks, seen.late, seen.queued), (3, 1, 1));
        assert_eq!(seen.elapsed_ns, 5 * LATE_NS - 1_000);
        let longest = seen.latency.counts().max_ns() as f64;
        assert!((longest / (5 * LATE_NS - 2_000) as f64 - 1.0).abs() < 0.01, "{longest}");
        assert!(seen.is_late(), "a third of the tasks were");
    }

    #[test]
    fn a_task_that_was_never_done_is_an_error() {
        let visits = [visit(1, 0, 1, 2), visit(1, 0, 0, 0)];
        assert!(matches!(observation(&[1, 1], &visits), Err(CellError::Count { done: 1, asked: 2, .. })));
    }
}
