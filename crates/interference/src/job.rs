//! The tasks themselves, and what they leave behind.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

use concbench_model::{Digest, attempt_blocking};
use concbench_workloads::Count;

use crate::Load;

/// From how many different numbers short tasks count: few, so that what each has to return is known beforehand.
const STARTS: u64 = 8;

/// A short task that is not done yet.
pub(crate) const NOT_DONE: u64 = u64::MAX;

/// What tasks leave behind.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// When the first short task is due.
    begin: Instant,
    short: Count,
    stretch: Count,
    stretches: u64,
    /// When each short task was done, in nanoseconds after the beginning.
    done_ns: Vec<AtomicU64>,
    short_digest: SharedDigest,
    long_digest: SharedDigest,
}

/// A digest that many add to.
#[derive(Debug, Default)]
struct SharedDigest {
    tasks: AtomicU64,
    sum: AtomicU64,
}

impl SharedDigest {
    fn add(&self, index: u64, value: u64) {
        let mut one = Digest::default();
        one.add(index, value);
        // Whoever sees the count sees the sum of all that are counted.
        self.sum.fetch_add(one.sum, Relaxed);
        self.tasks.fetch_add(one.tasks, AcqRel);
    }

    fn read(&self) -> Digest {
        Digest { tasks: self.tasks.load(Acquire), sum: self.sum.load(Relaxed) }
    }
}

fn counted(count: &Count, start: u64) -> u64 {
    // It waits for nothing, and has no errors.
    attempt_blocking(count, start).unwrap_or(0)
}

/// What a computing task counts: so many steps, and on from stretch to stretch.
pub(crate) fn stretched(steps: u64, stretches: u64) -> u64 {
    let stretch = Count { n: steps };
    (0..stretches).fold(0, |value, _| counted(&stretch, value))
}

/// What all tasks have to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) short: Digest,
    pub(crate) long: Digest,
}

impl Expected {
    /// Counts it, one after the other.
    pub(crate) fn of(load: &Load, computing: u64) -> Self {
        let count = Count { n: load.short_steps };
        let values: Vec<u64> = (0..STARTS).map(|start| counted(&count, start)).collect();
        let mut short = Digest::default();
        (0..load.short_tasks).for_each(|index| short.add(index, values[(index % STARTS) as usize]));
        let mut long = Digest::default();
        if computing > 0 {
            let value = stretched(load.stretch_steps, load.stretches);
            (0..computing).for_each(|index| long.add(index, value));
        }
        Self { short, long }
    }
}

impl Ledger {
    pub(crate) fn new(load: &Load, begin: Instant) -> Arc<Self> {
        Arc::new(Self {
            begin,
            short: Count { n: load.short_steps },
            stretch: Count { n: load.stretch_steps },
            stretches: load.stretches,
            done_ns: (0..load.short_tasks).map(|_| AtomicU64::new(NOT_DONE)).collect(),
            short_digest: SharedDigest::default(),
            long_digest: SharedDigest::default(),
        })
    }

    /// Nanoseconds since the first short task was due; 0 before that.
    pub(crate) fn now_ns(&self) -> u64 {
        Instant::now().saturating_duration_since(self.begin).as_nanos() as u64
    }

    /// How long it is until this many nanoseconds have passed since then; `None` if they have.
    pub(crate) fn until(&self, ns: u64) -> Option<Duration> {
        let left = (self.begin + Duration::from_nanos(ns)).saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// What the tasks that are done have returned.
    pub(crate) fn returned(&self) -> Expected {
        Expected { short: self.short_digest.read(), long: self.long_digest.read() }
    }

    /// When each short task was done; [`NOT_DONE`] for one that was not.
    pub(crate) fn done_ns(&self) -> Vec<u64> {
        self.done_ns.iter().map(|done| done.load(Acquire)).collect()
    }
}

/// A short task.
#[derive(Debug)]
pub(crate) struct Short {
    pub(crate) index: u64,
    pub(crate) ledger: Arc<Ledger>,
}

impl Short {
    /// Does it.
    pub(crate) fn run(self) {
        let Self { index, ledger } = self;
        let value = counted(&ledger.short, index % STARTS);
        ledger.done_ns[index as usize].store(ledger.now_ns(), Relaxed);
        ledger.short_digest.add(index, value);
    }
}

/// A computing task.
#[derive(Debug)]
pub(crate) struct Long {
    pub(crate) index: u64,
    pub(crate) ledger: Arc<Ledger>,
    value: u64,
    left: u64,
}

impl Long {
    pub(crate) fn new(index: u64, ledger: Arc<Ledger>) -> Self {
        Self { index, value: 0, left: ledger.stretches, ledger }
    }

    /// The steps of a stretch, and how many stretches it has.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.ledger.stretch.n, self.ledger.stretches)
    }

    /// Takes over what somebody else has counted.
    pub(crate) fn finish(self, value: u64) {
        self.ledger.long_digest.add(self.index, value);
    }

    /// Does all of it.
    pub(crate) fn run(mut self) {
        while self.stretch() {}
    }

    /// Does a stretch of it; false after the last.
    pub(crate) fn stretch(&mut self) -> bool {
        if self.left > 0 {
            self.value = counted(&self.ledger.stretch, self.value);
            self.left -= 1;
            if self.left == 0 {
                self.ledger.long_digest.add(self.index, self.value);
            }
        }
        self.left > 0
    }
}
