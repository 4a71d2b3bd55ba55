//! How late tasks wake under a model: they sleep, and write down how long that took.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use concbench_workloads::{Io, Result, Workload};

use super::{BufferHandle, SharedBuffer};

/// What each task does: how long it sleeps, and how often. The first is shorter than any timer can do, so that what it
/// takes is the resolution.
const SLEEPS: [(Duration, usize); 3] =
    [(Duration::from_micros(1), 10), (Duration::from_millis(1), 10), (Duration::from_millis(10), 2)];
/// How often a task sleeps.
const SLEEPS_PER_TASK: usize = SLEEPS[0].1 + SLEEPS[1].1 + SLEEPS[2].1;

/// Sleeps, and writes down how long each sleep took, in nanoseconds.
#[derive(Debug)]
pub struct Timer(SharedBuffer);

impl Timer {
    /// How many tasks there are: enough for a p99 of what is cheap, and few enough that one after the other they take a
    /// third of a second.
    pub const TASKS: u64 = 10;

    /// A new one, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create() -> io::Result<Self> {
        SharedBuffer::create(Self::TASKS as usize * SLEEPS_PER_TASK).map(Self)
    }

    /// By what its tasks are built.
    pub fn handle(&self) -> Option<BufferHandle> {
        self.0.handle()
    }

    /// That of the runner, for its tasks.
    pub(super) fn open(handle: &BufferHandle) -> io::Result<Self> {
        SharedBuffer::open(handle).map(Self)
    }

    /// How long each sleep took, in nanoseconds, by the length that was asked for.
    pub fn taken(&self) -> Vec<(Duration, Vec<u64>)> {
        let mut taken: Vec<_> = SLEEPS.iter().map(|(asked, _)| (*asked, Vec::new())).collect();
        for task in 0..Self::TASKS as usize {
            let first = task * SLEEPS_PER_TASK;
            let words = self.0.words(first..first + SLEEPS_PER_TASK);
            for (which, took) in sleeps().zip(words) {
                taken[which].1.push(took.load(Relaxed));
            }
        }
        taken
    }
}

/// The sleeps of one task, as positions in [`SLEEPS`].
fn sleeps() -> impl Iterator<Item = usize> {
    SLEEPS.iter().enumerate().flat_map(|(which, (_, times))| std::iter::repeat_n(which, *times))
}

impl Workload for Timer {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let first = index as usize * SLEEPS_PER_TASK;
        for (place, which) in sleeps().enumerate() {
            let begun = Instant::now();
            io.sleep(SLEEPS[which].0).await;
            let took = begun.elapsed().as_nanos() as u64;
            self.0.word(first + place).store(took, Relaxed);
        }
        Ok(index)
    }
}
