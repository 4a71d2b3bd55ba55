use std::convert::identity;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::async_std::net::TcpStream;
use ::async_std::task;
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelInfo, Result, Settings, Sizing, Waiting, attempt,
    limits,
};
use concbench_workloads::{Io, Workload};

use super::global::GlobalThreads;
use super::smol::REACTOR_DESCRIPTORS;

/// async-std starts this many threads with its first task.
static THREADS: GlobalThreads = GlobalThreads::counted_by("ASYNC_STD_THREAD_COUNT");

/// Waiting gives the thread back to async-std's executor.
#[derive(Debug, Clone, Copy)]
struct AsyncStdIo;

impl Io for AsyncStdIo {
    type Stream = TcpStream;

    async fn sleep(&self, duration: Duration) {
        task::sleep(duration).await;
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        ::async_std::fs::read(path).await
    }
}

/// async-std's global executor.
#[derive(Debug)]
pub(crate) struct AsyncStd;

impl Model for AsyncStd {
    const INFO: ModelInfo = ModelInfo {
        id: "async-std",
        family: Family::Coroutines,
        summary: "async-std's global executor",
        right_when: "a program already uses it; new ones should take another",
        elsewhere: "Go goroutines; Java virtual threads; Python has none",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: true,
        limits: &["nofile", "nproc"],
        default: true,
        tuned: None,
        discontinued: Some("smol"),
    };

    type Shared = concbench_sharing::AsyncLock;

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        limits::allow_descriptors(REACTOR_DESCRIPTORS)?;
        THREADS.set(settings)?;
        // The executor starts its threads when it gets its first task.
        task::block_on(task::spawn(async {}));
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let workload = Arc::clone(workload);
        let root = task::spawn(async move {
            let spawn = |index| {
                let workload = Arc::clone(&workload);
                task::spawn(async move { attempt(workload.as_ref(), &AsyncStdIo, index).await })
            };
            Fold::join(tasks.clone(), tasks.map(spawn).collect(), identity).await
        });
        // Not async-std's own `block_on`, which would make this thread one more worker.
        ::smol::future::block_on(root)
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let spawn = |index| {
            let workload = Arc::clone(workload);
            task::spawn(async move { attempt(workload.as_ref(), &AsyncStdIo, index).await })
        };
        let tasks = arrivals.tasks();
        let running: Vec<_> = arrivals.map(spawn).collect();
        ::smol::future::block_on(Fold::join(0..tasks, running, identity))
    }

    fn stop(self) -> Result<()> {
        // The executor is global and has no way to stop; it ends with the process.
        Ok(())
    }
}
