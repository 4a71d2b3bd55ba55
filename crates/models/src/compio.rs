use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use ::compio::io::compat::AsyncStream;
use ::compio::net::TcpStream;
use ::compio::runtime::Runtime;
use concbench_model::{
    Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings, Sizing,
    Waiting, attempt, limits,
};
use concbench_workloads::{Io, Workload};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use futures::io::{AsyncRead, AsyncWrite};
use send_wrapper::SendWrapper;

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

/// A share of a batch, to be run on a runtime.
type Share = Box<dyn FnOnce(&Runtime) + Send>;

/// A compio runtime on each of several threads. Its tasks cannot move between them, so each thread gets every n-th task
/// of a batch.
#[derive(Debug)]
pub(crate) struct Compio {
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    shares: Sender<Share>,
    thread: JoinHandle<()>,
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
    };

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let placement = Placement::of(settings)?;
        let (starting, started) = bounded(settings.workers);
        let mut workers = Vec::with_capacity(settings.workers);
        for _ in 0..settings.workers {
            workers.push(Worker::start(settings, placement.clone(), starting.clone())?);
        }
        drop(starting);
        let model = Self { workers };
        match started.iter().find_map(io::Result::err) {
            None => Ok(model),
            Some(error) => {
                model.stop()?;
                Err(ModelError::Unsupported(format!(
                    "the kernel refuses an io_uring: {error}; look at `sysctl kernel.io_uring_disabled`, the seccomp \
                     profile of the container, `ulimit -l` and `ulimit -n`"
                )))
            }
        }
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let (results, returned) = bounded(self.workers.len());
        for (worker, first) in self.workers.iter().zip(tasks.start..) {
            let (workload, results) = (Arc::clone(workload), results.clone());
            let share = (first..tasks.end).step_by(self.workers.len());
            let share: Share = Box::new(move |runtime| {
                // It is read until every share has been.
                let _ = results.send(runtime.block_on(run_share(runtime, &workload, share)));
            });
            worker.shares.send(share).map_err(|_| gone())?;
        }
        drop(results);
        let mut folds = Vec::with_capacity(self.workers.len());
        folds.extend(returned.iter());
        // A share that was dropped unread would be a thread that has panicked.
        if folds.len() < self.workers.len() {
            return Err(gone());
        }
        folds.into_iter().fold(Fold::default(), Fold::merge).finish()
    }

    fn stop(self) -> Result<()> {
        let (shares, threads): (Vec<_>, Vec<_>) =
            self.workers.into_iter().map(|worker| (worker.shares, worker.thread)).unzip();
        drop(shares);
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| gone()))
    }
}

fn gone() -> ModelError {
    ModelError::Died { who: "a compio thread", how: "panicked".to_owned() }
}

impl Worker {
    fn start(settings: &Settings, placement: Placement, starting: Sender<io::Result<()>>) -> Result<Self> {
        let (shares, work) = unbounded();
        let body = move || {
            placement.place();
            serve(&work, starting);
        };
        let thread = settings.thread_builder().spawn(body);
        Ok(Self { shares, thread: thread.map_err(ModelError::system("start a compio thread"))? })
    }
}

/// A thread: makes its runtime, says whether it could, and runs shares until no more can come.
fn serve(work: &Receiver<Share>, starting: Sender<io::Result<()>>) {
    let runtime = Runtime::new();
    let (runtime, outcome) = match runtime {
        Ok(runtime) => (Some(runtime), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // Nobody listens any more once one of the others has failed.
    let _ = starting.send(outcome);
    drop(starting);
    if let Some(runtime) = runtime {
        work.iter().for_each(|share| share(&runtime));
    }
}

async fn run_share<W: Workload>(
    runtime: &Runtime,
    workload: &Arc<W>,
    share: impl Iterator<Item = u64>,
) -> Fold {
    let spawn = |index| {
        let workload = Arc::clone(workload);
        (index, runtime.spawn(async move { attempt(workload.as_ref(), &CompioIo, index).await }))
    };
    let running: Vec<_> = share.map(spawn).collect();
    let mut fold = Fold::default();
    for (index, task) in running {
        // Panics of tasks are caught inside of them.
        let result = task.await.unwrap_or_else(|_| {
            Err(ModelError::Died { who: "a compio task", how: "panicked outside of its task".to_owned() })
        });
        fold.push(index, result);
    }
    fold
}
