//! A model of one's own: threads that share a batch out beforehand, and need no queue.

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use concbench_model::{
    Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings, Sizing,
    Threads, Waiting, Workload, attempt_blocking, limits,
};

/// A thread for each worker, which lives for one batch: of `n` of them, each takes every `n`-th task.
#[derive(Debug)]
pub struct Striped {
    settings: Settings,
    placement: Placement,
}

impl Model for Striped {
    const INFO: ModelInfo = ModelInfo {
        id: "striped",
        family: Family::Threads,
        summary: "threads that live for a batch, each with its share of the tasks from the start",
        right_when: "all tasks take equally long",
        elsewhere: "a ThreadPoolExecutor in Python that is given one slice for each thread",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
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
        limits::allow_threads(settings.workers)?;
        Ok(Self { settings: settings.clone(), placement: Placement::of(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let workers = self.settings.workers;
        let share = |first| {
            self.placement.place();
            let mut fold = Fold::default();
            for index in tasks.clone().skip(first).step_by(workers) {
                fold.push(index, attempt_blocking(workload.as_ref(), index));
            }
            fold
        };
        thread::scope(|scope| {
            let start = |first| self.settings.thread_builder().spawn_scoped(scope, move || share(first));
            let threads: Vec<_> = (0..workers).map(start).collect();
            let mut whole = Fold::default();
            for thread in threads {
                let thread = thread.map_err(ModelError::system("start a thread"))?;
                let share = thread.join();
                let died = |_| ModelError::Died { who: "a thread", how: "panicked".to_owned() };
                whole = whole.merge(share.map_err(died)?);
            }
            whole.finish()
        })
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}
