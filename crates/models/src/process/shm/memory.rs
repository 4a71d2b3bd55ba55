use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use concbench_model::ring::{APART, Ring};
use concbench_sys::SharedMemory;

/// How many requests fit into the ring of one worker.
pub(super) const REQUESTS: usize = 4096;
/// How many words of replies fit: for as many tasks, with some to spare, since a success takes three.
const REPLIES: usize = 16384;
/// 32-bit atomics from one wake-up to the next, as far apart as [`APART`].
const WAKE_UP: usize = 2 * APART;
/// Words for both rings of one worker.
const RINGS: usize = Ring::<AtomicU64>::words(REQUESTS) + Ring::<AtomicU64>::words(REPLIES);

/// The memory of a pool: the parent's wake-up, one for each worker, whether the pool is closed, and two rings for each
/// worker.
#[derive(Debug)]
pub(super) struct Memory {
    shared: SharedMemory,
}

impl Memory {
    pub(super) fn create(workers: usize) -> io::Result<(Self, OwnedFd)> {
        let (shared, file) = SharedMemory::create(halves(workers), words(workers))?;
        Ok((Self { shared }, file))
    }

    pub(super) fn open(file: OwnedFd, workers: usize) -> io::Result<Self> {
        let shared = SharedMemory::open(file, halves(workers), words(workers))?;
        Ok(Self { shared })
    }

    /// Where the parent sleeps.
    pub(super) fn parents_wake_up(&self) -> &AtomicU32 {
        &self.shared.halves()[0]
    }

    /// Where a worker sleeps.
    pub(super) fn wake_up_of(&self, worker: usize) -> &AtomicU32 {
        &self.shared.halves()[(1 + worker) * WAKE_UP]
    }

    /// Tells the workers to end: notify them afterwards.
    pub(super) fn close(&self) {
        self.shared.words(0..1)[0].store(1, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared.words(0..1)[0].load(Ordering::Acquire) != 0
    }

    /// From the parent to a worker.
    pub(super) fn requests(&self, worker: usize) -> Ring<'_, AtomicU64> {
        let start = APART + worker * RINGS;
        Ring::new(self.shared.words(start..start + Ring::<AtomicU64>::words(REQUESTS)))
    }

    /// From a worker to the parent.
    pub(super) fn replies(&self, worker: usize) -> Ring<'_, AtomicU64> {
        let start = APART + worker * RINGS;
        Ring::new(self.shared.words(start + Ring::<AtomicU64>::words(REQUESTS)..start + RINGS))
    }
}

const fn halves(workers: usize) -> usize {
    (1 + workers) * WAKE_UP
}

const fn words(workers: usize) -> usize {
    APART + workers * RINGS
}
