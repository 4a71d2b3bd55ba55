//! Tasks that are due at a fixed rate, whatever the model makes of them: an open load.
//!
//! A batch is handed to the model as ever, and each of its tasks takes the next ticket, waits until that is due, and then
//! does its work. A model whose tasks all wait at once has one waiting for each ticket; one with few workers has a few,
//! and a ticket that was due before a worker came free has waited in its queue. So the model is its own generator, and
//! what it begins late it has to answer for: latency counts from when a ticket was due.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use concbench_workloads::{Io, Result, Workload};
use serde::{Deserialize, Serialize};

use super::cell::{CellError, guarded, settings};
use super::ledger::Ledger;
use super::protocol::{Answer, Assignment, Channel, ProtocolError};
use super::trace::clock_ns;
use crate::model::{Catalogue, Digest, Model, ModelError, Visitor};
use crate::record::Histogram;
use crate::spec::{Errand, Notebook, Recipe};

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

/// Where the words of the ledger lie: when ticket 0 is due, how far apart they are, which is the next; then the visits.
const DUE: usize = 0;
const INTERVAL: usize = 1;
const NEXT: usize = 2;
const HEAD: usize = 3;
/// The words of one visit: when something was free, when the task was begun, when it was done.
const VISIT: usize = 3;

/// Does the tasks of another workload when they are due.
#[derive(Debug)]
pub(crate) struct Paced<W> {
    work: W,
    ledger: Ledger,
}

/// What happened to one ticket, in nanoseconds of the monotonic clock, which all processes share.
struct Visit {
    due: u64,
    free: u64,
    begun: u64,
    done: u64,
}

impl<W: Workload> Paced<W> {
    /// That of a process of a model.
    ///
    /// # Errors
    ///
    /// When what the runner shares cannot be opened.
    pub(crate) fn open(work: W, notebook: &Notebook) -> std::io::Result<Self> {
        Ok(Self { work, ledger: Ledger::open(notebook)? })
    }

    /// Sets the clock for the tickets that are handed out from here on, from 0 again.
    fn reset(&self, due_ns: u64, interval_ns: u64) {
        let head = self.ledger.words(0..HEAD);
        head[DUE].store(due_ns, Relaxed);
        head[INTERVAL].store(interval_ns, Relaxed);
        head[NEXT].store(0, Relaxed);
    }

    fn due(&self, ticket: u64) -> u64 {
        let head = self.ledger.words(0..HEAD);
        head[DUE].load(Relaxed) + ticket * head[INTERVAL].load(Relaxed)
    }

    fn visit(&self, ticket: u64) -> &[std::sync::atomic::AtomicU64] {
        let first = HEAD + ticket as usize * VISIT;
        self.ledger.words(first..first + VISIT)
    }

    fn visits(&self, tasks: u64) -> Vec<Visit> {
        let read = |ticket| {
            let words = self.visit(ticket);
            let [free, begun, done] = [0, 1, 2].map(|word| words[word].load(Relaxed));
            Visit { due: self.due(ticket), free, begun, done }
        };
        (0..tasks).map(read).collect()
    }

    /// One batch of the model's.
    fn batch<M: Model>(self: &Arc<Self>, model: &mut M, tasks: u64) -> std::result::Result<(), CellError> {
        let digest = model.run(self, 0..tasks)?;
        let mut expected = Digest::default();
        (0..tasks).for_each(|index| expected.add(index, index));
        match digest == expected {
            true => Ok(()),
            false => Err(CellError::Digest { batch: "a batch under load" }),
        }
    }

    /// Puts the load on a model that has started.
    fn put<M: Model>(
        self: &Arc<Self>,
        model: &mut M,
        arrivals: Arrivals,
    ) -> std::result::Result<Served, CellError> {
        match arrivals {
            Arrivals::Closed { batch, at_least_ns } => {
                let started = clock_ns();
                self.reset(started, 0);
                let mut tasks = 0;
                while tasks == 0 || (clock_ns() - started < at_least_ns && tasks + batch <= MOST_CLOSED) {
                    self.batch(model, batch)?;
                    tasks += batch;
                }
                served(&self.visits(tasks), |visit| visit.begun)
            }
            Arrivals::Burst { tasks } => {
                self.reset(clock_ns(), 0);
                self.batch(model, tasks)?;
                served(&self.visits(tasks), |visit| visit.begun)
            }
            Arrivals::Open { tasks, interval_ns, lead_ns } => {
                self.reset(clock_ns() + lead_ns, interval_ns);
                self.batch(model, tasks)?;
                served(&self.visits(tasks), |visit| visit.due)
            }
        }
    }
}

impl<W: Workload> Workload for Paced<W> {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let ticket = self.ledger.words(NEXT..NEXT + 1)[0].fetch_add(1, Relaxed);
        let (due, free) = (self.due(ticket), clock_ns());
        if free < due {
            io.sleep(Duration::from_nanos(due - free)).await;
        }
        let begun = clock_ns();
        // It checks its answers itself: what it returns depends on the ticket, and who gets which ticket is chance.
        self.work.task(io, ticket).await?;
        let seen = [free, begun, clock_ns()];
        self.visit(ticket).iter().zip(seen).for_each(|(word, at)| word.store(at, Relaxed));
        Ok(index)
    }
}

/// What the visits amount to, with latencies from the moment that `from` picks.
fn served(visits: &[Visit], from: impl Fn(&Visit) -> u64) -> std::result::Result<Served, CellError> {
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

/// Measures what the order asks for, and answers.
pub(crate) fn measure<C: Catalogue, W: Workload, S: Read + Write>(
    work: W,
    assignment: &Assignment,
    arrivals: Arrivals,
    channel: &mut Channel<S>,
) -> std::result::Result<(), ProtocolError> {
    let answer = match C::visit(&assignment.model, Measure { work, assignment, arrivals }) {
        Ok(Ok(served)) => Answer::Loaded { served },
        Ok(Err(error)) => error.answer(),
        Err(_) => CellError::UnknownModel(assignment.model.clone()).answer(),
    };
    channel.send(answer)
}

struct Measure<'a, W> {
    work: W,
    assignment: &'a Assignment,
    arrivals: Arrivals,
}

impl<W: Workload> Visitor for Measure<'_, W> {
    type Output = std::result::Result<Served, CellError>;

    fn visit<M: Model>(self) -> Self::Output {
        guarded(|| {
            let Assignment { tasks, recipe, .. } = self.assignment;
            let most = match self.arrivals {
                Arrivals::Closed { batch, .. } => MOST_CLOSED.max(batch),
                Arrivals::Burst { tasks } | Arrivals::Open { tasks, .. } => tasks,
            };
            let ledger = Ledger::create(HEAD + most.max(*tasks) as usize * VISIT)
                .map_err(ModelError::system("make memory for what tasks see"))?;
            let recipe = Recipe { errand: ledger.notebook().map(Errand::Load), ..recipe.clone() };
            let paced = Arc::new(Paced { work: self.work, ledger });
            let mut model = M::start(&settings(self.assignment, &recipe))?;
            // What is slow only once is no latency under load.
            paced.reset(clock_ns(), 0);
            paced.batch(&mut model, *tasks)?;
            let served = paced.put(&mut model, self.arrivals)?;
            model.stop()?;
            Ok(served)
        })
    }
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
