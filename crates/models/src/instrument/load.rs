//! Tasks that are due at a fixed rate, whatever the model makes of them: an open load.
//!
//! A batch is handed to the model as ever, and each of its tasks takes the next ticket, waits until that is due, and then
//! does its work. A model whose tasks all wait at once has one waiting for each ticket; one with few workers has a few,
//! and a ticket that was due before a worker came free has waited in its queue. So the model is its own generator, and
//! what it begins late it has to answer for: latency counts from when a ticket was due.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use concbench_workloads::{Http, Io, Result, Workload};

use super::{BufferHandle, SharedBuffer, clock_ns};

/// Where the words of the buffer lie: when ticket 0 is due, how far apart they are, which is the next; then the visits.
const DUE: usize = 0;
const INTERVAL: usize = 1;
const NEXT: usize = 2;
const HEAD: usize = 3;
/// The words of one visit: when something was free, when the task was begun, when it was done.
const VISIT: usize = 3;

/// What happened to one ticket, in nanoseconds of the monotonic clock, which all processes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When it was due.
    pub due: u64,
    /// When something was free to wait for it.
    pub free: u64,
    /// When its work was begun.
    pub begun: u64,
    /// When it was done; 0 if it was not.
    pub done: u64,
}

/// Tickets for tasks, and what became of them.
#[derive(Debug)]
pub struct Tickets(SharedBuffer);

impl Tickets {
    /// So many, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create(most: u64) -> io::Result<Self> {
        SharedBuffer::create(HEAD + most as usize * VISIT).map(Self)
    }

    /// By what the tasks that take them are built.
    pub fn handle(&self) -> Option<BufferHandle> {
        self.0.handle()
    }

    /// Sets the clock for the tickets that are handed out from here on, from 0 again.
    pub fn reset(&self, due_ns: u64, interval_ns: u64) {
        let head = self.0.words(0..HEAD);
        head[DUE].store(due_ns, Relaxed);
        head[INTERVAL].store(interval_ns, Relaxed);
        head[NEXT].store(0, Relaxed);
    }

    /// What became of the first so many.
    pub fn visits(&self, tickets: u64) -> Vec<Visit> {
        let read = |ticket| {
            let words = self.visit(ticket);
            let [free, begun, done] = [0, 1, 2].map(|word| words[word].load(Relaxed));
            Visit { due: self.due(ticket), free, begun, done }
        };
        (0..tickets).map(read).collect()
    }

    fn due(&self, ticket: u64) -> u64 {
        let head = self.0.words(0..HEAD);
        head[DUE].load(Relaxed) + ticket * head[INTERVAL].load(Relaxed)
    }

    fn visit(&self, ticket: u64) -> &[AtomicU64] {
        let first = HEAD + ticket as usize * VISIT;
        self.0.words(first..first + VISIT)
    }
}

/// Does the tasks of another workload when they are due.
#[derive(Debug)]
pub(crate) struct Paced {
    work: Http,
    tickets: Tickets,
}

impl Paced {
    pub(super) fn open(work: Http, handle: &BufferHandle) -> io::Result<Self> {
        Ok(Self { work, tickets: Tickets(SharedBuffer::open(handle)?) })
    }
}

impl Workload for Paced {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let ticket = self.tickets.0.words(NEXT..NEXT + 1)[0].fetch_add(1, Relaxed);
        let (due, free) = (self.tickets.due(ticket), clock_ns());
        if free < due {
            io.sleep(Duration::from_nanos(due - free)).await;
        }
        let begun = clock_ns();
        // It checks its answers itself: what it returns depends on the ticket, and who gets which ticket is chance.
        self.work.task(io, ticket).await?;
        let seen = [free, begun, clock_ns()];
        self.tickets.visit(ticket).iter().zip(seen).for_each(|(word, at)| word.store(at, Relaxed));
        Ok(index)
    }
}
