use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{
    Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing, Waiting,
    attempt_blocking, limits,
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
        discontinued: None,
    };

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
        let outcome =
            Fold::over(threads.into_iter().map(|(index, thread): (u64, JoinHandle<Result<u64>>)| {
                let panicked =
                    |_| Err(ModelError::Panicked { index, message: "outside of the task".to_owned() });
                (index, thread.join().unwrap_or_else(panicked))
            }));
        refused.map_or(outcome, Err)
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}
