use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use ::tokio::runtime::Runtime;
use ::tokio::sync::oneshot;
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Model, ModelInfo, Result, Settings, Sizing, Waiting,
};
use concbench_workloads::{Io, Workload};

use super::rayon::Pool;
use super::tokio::{TokioIo, as_due, batch, current_thread, parks};

/// Waiting is tokio's, computing is rayon's.
#[derive(Debug, Clone)]
struct TokioRayonIo {
    pool: Arc<::rayon::ThreadPool>,
}

impl Io for TokioRayonIo {
    type Stream = <TokioIo as Io>::Stream;

    async fn sleep(&self, duration: Duration) {
        TokioIo.sleep(duration).await;
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        TokioIo.connect(address).await
    }

    async fn compute<T, F>(&self, stretch: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (result, computed) = oneshot::channel();
        self.pool.spawn(move || {
            // The task is gone only if the whole batch was given up.
            let _ = result.send(catch_unwind(AssertUnwindSafe(stretch)));
        });
        match computed.await {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => panic!("rayon dropped a stretch of computing"),
        }
    }
}

/// tokio's event loop on one thread for waiting, and a rayon pool for computing.
#[derive(Debug)]
pub(crate) struct TokioRayon {
    runtime: Runtime,
    pool: Pool,
}

impl Model for TokioRayon {
    const INFO: ModelInfo = ModelInfo {
        id: "tokio-rayon",
        family: Family::Hybrids,
        summary: "coroutines on one thread wait, a work-stealing pool computes",
        right_when: "requests wait for long and compute for milliseconds, which would hold up an event loop",
        elsewhere: "Python asyncio with loop.run_in_executor and a ProcessPoolExecutor for computing",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nofile", "nproc", "vm.max_map_count", "kernel.threads-max"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Tokio;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { pool: Pool::start(settings)?, runtime: current_thread()? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let io = TokioRayonIo { pool: Arc::clone(self.pool.threads()) };
        self.runtime.block_on(batch(Arc::clone(workload), io, tasks))
    }

    fn parks(&self) -> Option<u64> {
        Some(parks(&self.runtime))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let io = TokioRayonIo { pool: Arc::clone(self.pool.threads()) };
        as_due(&self.runtime, workload, &io, arrivals)
    }

    fn stop(self) -> Result<()> {
        drop(self.runtime);
        self.pool.stop();
        Ok(())
    }
}
