use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing,
    Threads, Waiting, attempt_blocking, limits,
};
use concbench_workloads::Workload;

/// A `std::thread` for each task: all are started, then all are joined.
#[derive(Debug)]
pub(crate) struct ThreadSpawn {
    settings: Settings,
}

impl Model for ThreadSpawn {
    const INFO: ModelInfo = ModelInfo {
        id: "thread-spawn",
        family: Family::Threads,
        summary: "a new operating-system thread for each task",
        right_when: "there are few, long tasks, or some hundreds that block and offer no async form",
        elsewhere: "Python threading.Thread; Java platform threads",
        sizing: Sizing::PerTask,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "vm.max_map_count", "kernel.threads-max"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = Threads;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { settings: settings.clone() })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        limits::allow_threads((tasks.end - tasks.start) as usize)?;
        let mut threads = Vec::with_capacity((tasks.end - tasks.start) as usize);
        let mut refused = None;
        for index in tasks {
            let workload = Arc::clone(workload);
            match self.settings.thread_builder().spawn(move || attempt_blocking(workload.as_ref(), index)) {
                Ok(thread) => threads.push((index, thread)),
                Err(source) => {
                    refused = Some(ModelError::System { what: "start a thread", source });
                    break;
                }
            }
        }
        // Every thread that runs is joined, whatever the others did: none may outlive its batch.
        let outcome = Fold::over(threads.into_iter().map(|(index, thread)| (index, joined(index, thread))));
        refused.map_or(outcome, Err)
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let mut fold = Fold::default();
        let mut running: VecDeque<(u64, JoinHandle<Result<u64>>)> = VecDeque::new();
        let mut refused = None;
        for index in arrivals {
            let workload = Arc::clone(workload);
            match self.settings.thread_builder().spawn(move || attempt_blocking(workload.as_ref(), index)) {
                Ok(thread) => running.push_back((index, thread)),
                Err(source) => {
                    refused = Some(ModelError::System { what: "start a thread", source });
                    break;
                }
            }
            // The stacks of those that have ended are given back meanwhile.
            while let Some((index, thread)) = running.pop_front_if(|(_, thread)| thread.is_finished()) {
                fold.push(index, joined(index, thread));
            }
        }
        running.into_iter().for_each(|(index, thread)| fold.push(index, joined(index, thread)));
        refused.map_or_else(|| fold.finish(), Err)
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}

/// What the thread of a task has come to.
fn joined(index: u64, thread: JoinHandle<Result<u64>>) -> Result<u64> {
    let panicked = |_| Err(ModelError::Panicked { index, message: "outside of the task".to_owned() });
    thread.join().unwrap_or_else(panicked)
}
