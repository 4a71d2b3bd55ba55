use std::ops::Range;
use std::sync::Arc;

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::task::spawn_blocking;
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings,
    Sizing, Threads, Waiting, attempt_blocking, limits,
};
use concbench_workloads::Workload;

use super::tokio::{joined, parks};

/// tokio's event loop on one thread, which hands every task to tokio's threads for blocking work.
#[derive(Debug)]
pub(crate) struct TokioBlocking {
    runtime: Runtime,
}

impl Model for TokioBlocking {
    const INFO: ModelInfo = ModelInfo {
        id: "tokio-blocking",
        family: Family::Hybrids,
        summary: "tokio's event loop hands each task to a fixed number of threads that may block",
        right_when: "an asynchronous program has to call something that blocks",
        elsewhere: "Python loop.run_in_executor with a ThreadPoolExecutor, asyncio.to_thread",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "vm.max_map_count", "kernel.threads-max"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = Threads;

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let placement = Placement::of(settings)?;
        let mut builder = Builder::new_current_thread();
        builder
            .enable_all()
            .max_blocking_threads(settings.workers)
            .on_thread_start(move || placement.place());
        if let Some(bytes) = settings.stack_bytes {
            builder.thread_stack_size(bytes);
        }
        let runtime = builder.build();
        Ok(Self { runtime: runtime.map_err(ModelError::system("start the tokio runtime"))? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let hand_over = |index| {
            let workload = Arc::clone(workload);
            spawn_blocking(move || attempt_blocking(workload.as_ref(), index))
        };
        self.runtime
            .block_on(async { Fold::join(tasks.clone(), tasks.map(hand_over).collect(), joined).await })
    }

    fn parks(&self) -> Option<u64> {
        Some(parks(&self.runtime))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let hand_over = |index| {
            let workload = Arc::clone(workload);
            self.runtime.spawn_blocking(move || attempt_blocking(workload.as_ref(), index))
        };
        let tasks = arrivals.tasks();
        let running: Vec<_> = arrivals.map(hand_over).collect();
        self.runtime.block_on(Fold::join(0..tasks, running, joined))
    }

    fn stop(self) -> Result<()> {
        // Waits for the threads.
        drop(self.runtime);
        Ok(())
    }
}
