//! Tasks under an open load: each is begun by its model once it is given away, and writes down what became of it.
//!
//! When a task is due, and when it was given away, is the dispatcher's to say; the rest is written where it runs, in the
//! process of its model's, by the clock that all processes share.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use concbench_model::{Given, clock_ns};
use concbench_workloads::{Http, Io, Result, Workload};

use super::{BufferHandle, SharedBuffer};

/// The words of one visit: when the task was given away and how late, when its work was begun, when it was done.
const VISIT: usize = 4;
const GIVEN: usize = 0;
const LATE: usize = 1;
const BEGUN: usize = 2;
const DONE: usize = 3;

/// What happened to one task, in nanoseconds of the monotonic clock; 0 for what has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// When it was given to the model.
    pub given: u64,
    /// By how much the dispatcher was late with it.
    pub late: u64,
    /// When its work was begun.
    pub begun: u64,
    /// When it was done.
    pub done: u64,
}

/// What became of tasks, by their index.
#[derive(Debug)]
pub struct Visits(SharedBuffer);

impl Visits {
    /// Room for so many, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create(most: u64) -> io::Result<Self> {
        SharedBuffer::create(most as usize * VISIT).map(Self)
    }

    /// The same visits for another process, or for a thread of this one.
    ///
    /// # Errors
    ///
    /// When the runner is gone, or the memory is another one.
    pub fn open(handle: &BufferHandle) -> io::Result<Self> {
        SharedBuffer::open(handle).map(Self)
    }

    /// By what the tasks that write there are built.
    pub fn handle(&self) -> Option<BufferHandle> {
        self.0.handle()
    }

    /// Forgets the first so many.
    pub fn forget(&self, tasks: u64) {
        self.0.words(0..tasks as usize * VISIT).iter().for_each(|word| word.store(0, Relaxed));
    }

    /// Writes down that a task was given away.
    pub fn give(&self, given: Given) {
        let words = self.words(given.index);
        words[GIVEN].store(given.at_ns, Relaxed);
        words[LATE].store(given.late_ns, Relaxed);
    }

    /// What became of the first so many.
    pub fn first(&self, tasks: u64) -> Vec<Visit> {
        let read = |index| {
            let words = self.words(index);
            let [given, late, begun, done] = [GIVEN, LATE, BEGUN, DONE].map(|word| words[word].load(Relaxed));
            Visit { given, late, begun, done }
        };
        (0..tasks).map(read).collect()
    }

    fn words(&self, index: u64) -> &[AtomicU64] {
        let first = index as usize * VISIT;
        self.0.words(first..first + VISIT)
    }
}

/// Does the tasks of another workload, and writes down when.
#[derive(Debug)]
pub(crate) struct Loaded {
    work: Http,
    visits: Visits,
}

impl Loaded {
    pub(super) fn open(work: Http, handle: &BufferHandle) -> io::Result<Self> {
        Ok(Self { work, visits: Visits::open(handle)? })
    }
}

impl Workload for Loaded {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let begun = clock_ns();
        self.work.task(io, index).await?;
        let words = self.visits.words(index);
        words[BEGUN].store(begun, Relaxed);
        words[DONE].store(clock_ns(), Relaxed);
        // It has checked its answers itself.
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_writes_down_the_other_reads_until_it_is_forgotten() {
        let visits = Visits::create(3).unwrap();
        let other = Visits::open(&visits.handle().unwrap()).unwrap();
        other.give(Given { index: 1, at_ns: 7, late_ns: 2 });
        let [first, second] = visits.first(2)[..] else { panic!("two were asked for") };
        assert_eq!((first.given, first.done), (0, 0));
        assert_eq!((second.given, second.late, second.begun), (7, 2, 0));
        visits.forget(2);
        assert_eq!(visits.first(2)[1].given, 0);
    }
}
