//! Tasks that note how long they took once they were begun: a quota that holds a process up shows there.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use concbench_workloads::{Io, Kernel, Result, Workload};

use super::{BufferHandle, SharedBuffer};

/// How long each task of a batch took, in nanoseconds.
#[derive(Debug)]
pub struct Durations(SharedBuffer);

impl Durations {
    /// Those of so many tasks, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create(tasks: u64) -> io::Result<Self> {
        SharedBuffer::create(tasks as usize).map(Self)
    }

    /// By what its tasks are built.
    pub fn handle(&self) -> Option<BufferHandle> {
        self.0.handle()
    }

    /// How long the first so many took in the batch that has ended, in nanoseconds; they are 0 for the next.
    ///
    /// # Panics
    ///
    /// When there are not as many.
    pub fn take(&self, tasks: u64) -> Vec<u64> {
        self.0.words(0..tasks as usize).iter().map(|took| took.swap(0, Relaxed)).collect()
    }
}

/// The tasks of a kernel, with how long each took.
#[derive(Debug)]
pub(crate) struct Lasting {
    work: Kernel,
    durations: Durations,
}

impl Lasting {
    pub(super) fn open(work: Kernel, handle: &BufferHandle) -> io::Result<Self> {
        Ok(Self { work, durations: Durations(SharedBuffer::open(handle)?) })
    }
}

impl Workload for Lasting {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let begun = Instant::now();
        let value = self.work.task(io, index).await?;
        let took = begun.elapsed().as_nanos() as u64;
        let place = index as usize;
        // One that took no time has taken some all the same: 0 is one that was not run.
        self.durations.0.word(place).store(took.max(1), Relaxed);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use concbench_model::attempt_blocking;
    use concbench_workloads::Sleep;

    use super::*;

    #[test]
    fn a_task_notes_how_long_it_took_once() {
        let durations = Durations::create(3).unwrap();
        let work = Kernel::Sleep(Sleep { wait_us: 2_000 });
        let tasks = Lasting::open(work, &durations.handle().unwrap()).unwrap();
        assert_eq!(attempt_blocking(&tasks, 1).unwrap(), 1);
        let took = durations.take(3);
        assert_eq!((took[0], took[2]), (0, 0));
        assert!(took[1] >= 2_000_000, "{took:?}");
        assert_eq!(durations.take(3), [0, 0, 0]);
    }
}
