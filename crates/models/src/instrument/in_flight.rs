//! Tasks that note whether all of their batch were in flight at once: whether a task began before another had ended.
//!
//! It is a workload of its own, compiled for each model like a plain one, since its batches are timed. A task reads one
//! word at its start and one at its end; it writes only if it is the first to end, or began late.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use concbench_workloads::{Io, Mixed, Result, Workload};

use super::{BufferHandle, SharedBuffer};

/// Where the words lie: whether a task of the batch has ended, and how many began after that. They are far apart, so that
/// counting does not take the first from those that read it.
const ENDED: usize = 0;
const LATE: usize = 32;
const WORDS: usize = 64;

/// How many tasks began only when another of their batch had ended.
#[derive(Debug)]
pub struct Latecomers(SharedBuffer);

impl Latecomers {
    /// A count that starts at none, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create() -> io::Result<Self> {
        SharedBuffer::create(WORDS).map(Self)
    }

    /// By what the tasks that are counted are built.
    pub fn handle(&self) -> Option<BufferHandle> {
        self.0.handle()
    }

    /// Another batch begins, and none of its tasks has ended.
    pub fn begin_batch(&self) {
        self.0.word(ENDED).store(0, Relaxed);
    }

    /// How many began late up to now, in all batches together.
    pub fn late(&self) -> u64 {
        self.0.word(LATE).load(Relaxed)
    }

    fn begins(&self) {
        if self.0.word(ENDED).load(Relaxed) != 0 {
            self.0.word(LATE).fetch_add(1, Relaxed);
        }
    }

    fn ends(&self) {
        if self.0.word(ENDED).load(Relaxed) == 0 {
            self.0.word(ENDED).store(1, Relaxed);
        }
    }
}

/// Tasks that compute and wait, and are counted where they begin late.
#[derive(Debug)]
pub(crate) struct InFlight {
    work: Mixed,
    latecomers: Latecomers,
}

impl InFlight {
    pub(crate) fn open(work: Mixed, handle: &BufferHandle) -> io::Result<Self> {
        Ok(Self { work, latecomers: Latecomers(SharedBuffer::open(handle)?) })
    }
}

impl Workload for InFlight {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        self.latecomers.begins();
        let value = self.work.task(io, index).await?;
        self.latecomers.ends();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use concbench_model::{Model, Settings, attempt_blocking};

    use super::*;
    use crate::catalogue::{BuiltIn, Catalogue, Visitor};

    fn tasks(latecomers: &Latecomers, wait_us: u64) -> InFlight {
        InFlight::open(Mixed { n: 10, wait_us }, &latecomers.handle().unwrap()).unwrap()
    }

    /// A batch of ten under a model.
    struct Batch(Arc<InFlight>);

    impl Visitor for Batch {
        type Output = ();

        fn visit<M: Model>(self) {
            let settings = Settings::new(1, "");
            let mut model = M::start(&settings).unwrap();
            model.run(&self.0, 0..10).unwrap();
            model.stop().unwrap();
        }
    }

    #[test]
    fn who_comes_one_after_the_other_is_late_but_for_the_first_of_each_batch() {
        let latecomers = Latecomers::create().unwrap();
        let work = Arc::new(tasks(&latecomers, 1));
        for _ in 0..2 {
            latecomers.begin_batch();
            assert!(BuiltIn::visit("sequential", Batch(Arc::clone(&work))).is_ok());
        }
        assert_eq!(latecomers.late(), 2 * 9);
    }

    #[test]
    fn who_waits_together_is_not_late() {
        let latecomers = Latecomers::create().unwrap();
        latecomers.begin_batch();
        // All ten are polled before anybody looks at a timer.
        assert!(BuiltIn::visit("join-all", Batch(Arc::new(tasks(&latecomers, 300_000)))).is_ok());
        assert_eq!(latecomers.late(), 0);
    }

    #[test]
    fn a_task_returns_what_it_returns_unwatched() {
        let latecomers = Latecomers::create().unwrap();
        let (watched, plain) = (tasks(&latecomers, 1), Mixed { n: 10, wait_us: 1 });
        for index in [0, 7] {
            assert_eq!(attempt_blocking(&watched, index).unwrap(), attempt_blocking(&plain, index).unwrap());
        }
    }
}
