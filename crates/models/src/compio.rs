use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::compio::driver::ProactorBuilder;
use ::compio::io::compat::AsyncStream;
use ::compio::net::TcpStream;
use ::compio::runtime::{Runtime, RuntimeBuilder};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing,
    Waiting, attempt, limits,
};
use concbench_workloads::{Io, Workload};
use futures::io::{AsyncRead, AsyncWrite};
use send_wrapper::SendWrapper;

use super::per_thread::{Due, Indices, PerThread};

/// Waiting hands an operation to the kernel, and the thread to another task of the same thread.
///
/// The futures of this library belong to the thread that made them. Their wrapper asserts that no other polls or drops
/// them, and none does: a task is spawned on the runtime of one thread and stays there.
#[derive(Debug, Clone, Copy)]
struct CompioIo;

impl Io for CompioIo {
    type Stream = CompioStream;

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        SendWrapper::new(::compio::time::sleep(duration))
    }

    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<CompioStream>> + Send {
        SendWrapper::new(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(CompioStream(SendWrapper::new(Box::pin(AsyncStream::new(stream)))))
        })
    }

    fn read(&self, path: &Path) -> impl Future<Output = io::Result<Vec<u8>>> + Send {
        SendWrapper::new(::compio::fs::read(path.to_path_buf()))
    }
}

/// A socket of one thread's.
struct CompioStream(SendWrapper<Pin<Box<AsyncStream<TcpStream>>>>);

impl AsyncRead for CompioStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for CompioStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_close(context)
    }
}

/// A compio runtime on each of several threads.
#[derive(Debug)]
pub(crate) struct Compio {
    threads: PerThread<Runtime>,
}

impl Model for Compio {
    const INFO: ModelInfo = ModelInfo {
        id: "compio",
        family: Family::Coroutines,
        summary: "completion-based IO (io_uring), an event loop for each thread, and no task moves between them",
        right_when: "connections are many and alike, so that no thread has to take work from another",
        elsewhere: "Windows IO completion ports; Python asyncio, one loop in each of several processes",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Chunked,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nofile", "memlock", "nproc", "kernel.io_uring_disabled"],
        default: false,
        tuned: Some(
            "a ring that one thread submits to and that completes when it waits (IORING_SETUP_SINGLE_ISSUER, DEFER_TASKRUN, \
             COOP_TASKRUN, TASKRUN_FLAG), after io_uring_setup(2) and the documentation of compio's ProactorBuilder",
        ),
        discontinued: None,
    };

    type Shared = concbench_sharing::AsyncLock;

    fn start(settings: &Settings) -> Result<Self> {
        let make = if settings.tuned { tuned } else { Runtime::new };
        Ok(Self { threads: PerThread::start(settings, "a compio thread", make, refused)? })
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

/// A runtime whose ring belongs to one thread, which needs no interruption to see what has completed.
fn tuned() -> io::Result<Runtime> {
    let mut ring = ProactorBuilder::new();
    ring.single_issuer(true).defer_taskrun(true).coop_taskrun(true).taskrun_flag(true);
    RuntimeBuilder::new().with_proactor(ring).build()
}

fn refused(error: io::Error) -> ModelError {
    ModelError::Unsupported(format!("{}; the track `tuned` needs Linux 6.1", limits::refused_ring(&error)))
}

/// Spawns the tasks of a share, then joins each.
async fn run_share<W: Workload>(runtime: &Runtime, workload: &Arc<W>, share: Indices) -> Fold {
    let spawn = |index| {
        let workload = Arc::clone(workload);
        runtime.spawn(async move { attempt(workload.as_ref(), &CompioIo, index).await })
    };
    Fold::of_handles(share.clone(), share.map(spawn).collect(), joined).await
}

/// Spawns the tasks of a share as they come, then joins each.
async fn run_due<W: Workload>(runtime: &Runtime, workload: &Arc<W>, due: Due) -> Fold {
    let (mut tasks, mut running) = (Vec::new(), Vec::new());
    while let Ok(index) = due.recv().await {
        let workload = Arc::clone(workload);
        tasks.push(index);
        running.push(runtime.spawn(async move { attempt(workload.as_ref(), &CompioIo, index).await }));
    }
    Fold::of_handles(tasks.into_iter(), running, joined).await
}

/// What a joined task has come to: panics of tasks are caught inside of them.
fn joined<E>(answer: std::result::Result<Result<u64>, E>) -> Result<u64> {
    let lost = || ModelError::Died { who: "a compio task", how: "panicked outside of its task".to_owned() };
    answer.unwrap_or_else(|_| Err(lost()))
}
