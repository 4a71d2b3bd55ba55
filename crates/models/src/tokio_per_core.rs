use std::io;
use std::ops::Range;
use std::sync::Arc;

use ::tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing,
    Waiting, attempt,
};
use concbench_workloads::Workload;

use super::per_thread::{Due, Indices, PerThread};
use super::tokio::{TokioIo, joined};

/// tokio's runtime for one thread on each of several threads.
#[derive(Debug)]
pub(crate) struct TokioPerCore {
    threads: PerThread<LocalRuntime>,
}

impl Model for TokioPerCore {
    const INFO: ModelInfo = ModelInfo {
        id: "tokio-per-core",
        family: Family::Coroutines,
        summary: "a tokio runtime (`LocalRuntime`) for each thread, and no task moves between them",
        right_when: "requests are many and alike, so that no thread has to take work from another",
        elsewhere: "servers on actix-web; nginx; Python asyncio, one loop in each of several processes",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Chunked,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nofile", "nproc"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Tokio;

    fn start(settings: &Settings) -> Result<Self> {
        let refused = ModelError::system("start the tokio runtime of a thread");
        let threads = PerThread::start(settings, "a thread of a tokio runtime", runtime, refused)?;
        Ok(Self { threads })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.threads.run(workload, tasks, |runtime, workload, share| {
            runtime.block_on(run_share(runtime, workload, share))
        })
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        self.threads.run_as_due(workload, arrivals, |runtime, workload, due| {
            runtime.block_on(run_due(runtime, workload, due))
        })
    }

    fn stop(self) -> Result<()> {
        self.threads.stop()
    }
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
}

/// Spawns the tasks of a share, then joins each.
async fn run_share<W: Workload>(runtime: &LocalRuntime, workload: &Arc<W>, share: Indices) -> Fold {
    let spawn = |index| {
        let workload = Arc::clone(workload);
        runtime.spawn_local(async move { attempt(workload.as_ref(), &TokioIo, index).await })
    };
    Fold::of_handles(share.clone(), share.map(spawn).collect(), joined).await
}

/// Spawns the tasks of a share as they come, then joins each.
async fn run_due<W: Workload>(runtime: &LocalRuntime, workload: &Arc<W>, due: Due) -> Fold {
    let (mut tasks, mut running) = (Vec::new(), Vec::new());
    while let Ok(index) = due.recv().await {
        let workload = Arc::clone(workload);
        tasks.push(index);
        running.push(runtime.spawn_local(async move { attempt(workload.as_ref(), &TokioIo, index).await }));
    }
    Fold::of_handles(tasks.into_iter(), running, joined).await
}
