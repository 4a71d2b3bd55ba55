//! Many tasks that wait at once: each counts itself in, and then waits for longer than any run lasts.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use concbench_model::Digest;

use super::{BufferHandle, SharedBuffer};

/// How long a task waits: beyond any deadline.
pub(super) const FOR_EVER: Duration = Duration::from_secs(30 * 86_400);

/// Where tasks count themselves in, whichever process they run in: how many, and a digest of which.
#[derive(Debug)]
pub struct ArrivalCounter(SharedBuffer);

/// The two counters.
const WORDS: usize = 2;

impl ArrivalCounter {
    /// A new one, in the supervisor.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create() -> io::Result<Self> {
        SharedBuffer::create(WORDS).map(Self)
    }

    /// By what others open it.
    pub fn handle(&self) -> Option<BufferHandle> {
        self.0.handle()
    }

    /// That of another process.
    pub(super) fn open(handle: &BufferHandle) -> io::Result<Self> {
        SharedBuffer::open(handle).map(Self)
    }

    /// Counts a task in.
    pub(super) fn arrive(&self, index: u64) {
        let one = Self::expected(index..index + 1);
        let [tasks, sum] = self.0.words(0..WORDS) else { unreachable!("it has two words") };
        // Whoever sees the count sees the sum of all that are counted.
        sum.fetch_add(one.sum, Ordering::Relaxed);
        tasks.fetch_add(one.tasks, Ordering::Release);
    }

    /// Who has come up to now.
    pub fn arrived(&self) -> Digest {
        let [tasks, sum] = self.0.words(0..WORDS) else { unreachable!("it has two words") };
        Digest { tasks: tasks.load(Ordering::Acquire), sum: sum.load(Ordering::Relaxed) }
    }

    /// Who has come once these have, each of them once.
    pub fn expected(tasks: impl IntoIterator<Item = u64>) -> Digest {
        let mut digest = Digest::default();
        tasks.into_iter().for_each(|index| digest.add(index, index));
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_opens_a_counter_counts_in_the_same_one() {
        let counter = ArrivalCounter::create().unwrap();
        let other = ArrivalCounter::open(&counter.handle().unwrap()).unwrap();
        counter.arrive(3);
        other.arrive(1);
        assert_eq!(counter.arrived(), ArrivalCounter::expected([1, 3]));
    }

    #[test]
    fn a_task_that_comes_twice_does_not_make_up_for_one_that_does_not() {
        let counter = ArrivalCounter::create().unwrap();
        [0, 1, 1].into_iter().for_each(|index| counter.arrive(index));
        let expected = ArrivalCounter::expected(0..3);
        assert_eq!(counter.arrived().tasks, expected.tasks);
        assert_ne!(counter.arrived(), expected);
    }
}
