use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use concbench_model::process::{Forker, forker, pipe};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Model, ModelInfo, Result, Settings, Sizing, Waiting, limits,
};
use concbench_workloads::Workload;

use super::fork_to_answer;
use super::spawn::{gather, start_each};

/// A copy of the runner for each task.
#[derive(Debug)]
pub(crate) struct ProcessFork {
    forker: Forker,
}

impl Model for ProcessFork {
    const INFO: ModelInfo = ModelInfo {
        id: "process-fork",
        family: Family::Processes,
        summary: "a copy of a small single-threaded process for each task",
        right_when: "isolation is needed and the parent is small and has no threads",
        elsewhere: "Python multiprocessing.Process with start method fork",
        sizing: Sizing::PerTask,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: true,
        isolates_tasks: true,
        global: false,
        limits: &["nproc", "kernel.pid_max"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Processes;

    fn start(_settings: &Settings) -> Result<Self> {
        Ok(Self { forker: forker()? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.fork_each(workload.as_ref(), tasks.end - tasks.start, tasks)
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        self.fork_each(workload.as_ref(), arrivals.tasks(), arrivals)
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}

impl ProcessFork {
    /// Forks for each of `tasks`, of which there are so many, as they come.
    fn fork_each<W: Workload>(
        &self,
        workload: &W,
        count: u64,
        tasks: impl Iterator<Item = u64>,
    ) -> Result<Digest> {
        limits::allow_processes(count as usize)?;
        let (replies, write) = pipe()?;
        let mut write = File::from(write);
        let fork = |index| fork_to_answer(&self.forker, workload, index, &mut write);
        let (children, refused) = start_each(tasks, fork);
        drop(write);
        gather(replies, children, refused)
    }
}
