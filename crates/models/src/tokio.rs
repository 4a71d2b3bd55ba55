use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::tokio::net::TcpStream;
use ::tokio::runtime::{Builder, Runtime};
use ::tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use ::tokio::task::JoinError;
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings,
    Sizing, Waiting, attempt, limits,
};
use concbench_workloads::{Io, Workload};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// Waiting gives the thread back to tokio's event loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokioIo;

impl Io for TokioIo {
    type Stream = Compat<TcpStream>;

    async fn sleep(&self, duration: Duration) {
        ::tokio::time::sleep(duration).await;
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Compat<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream.compat())
    }

    async fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        ::tokio::fs::read(path).await
    }
}

/// tokio's event loop on the thread that calls.
#[derive(Debug)]
pub(crate) struct TokioCurrentThread {
    runtime: Runtime,
}

impl Model for TokioCurrentThread {
    const INFO: ModelInfo = ModelInfo {
        id: "tokio-current-thread",
        family: Family::Coroutines,
        summary: "tokio's event loop on one thread",
        right_when: "thousands of tasks wait, hardly compute, and one core is enough",
        elsewhere: "Python asyncio; Node.js",
        sizing: Sizing::One,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: false,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nofile"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Tokio;

    fn start(_settings: &Settings) -> Result<Self> {
        current_thread().map(|runtime| Self { runtime })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.runtime.block_on(batch(Arc::clone(workload), TokioIo, tasks))
    }

    fn parks(&self) -> Option<u64> {
        Some(parks(&self.runtime))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        as_due(&self.runtime, workload, &TokioIo, arrivals)
    }

    fn stop(self) -> Result<()> {
        drop(self.runtime);
        Ok(())
    }
}

/// tokio's event loop on several threads that steal tasks from each other.
#[derive(Debug)]
pub(crate) struct TokioMultiThread {
    runtime: Runtime,
}

impl Model for TokioMultiThread {
    const INFO: ModelInfo = ModelInfo {
        id: "tokio-multi-thread",
        family: Family::Coroutines,
        summary: "tokio's event loop on several threads that steal work",
        right_when: "many tasks wait and some of them compute",
        elsewhere: "Go goroutines; Java virtual threads; Python has none, its asyncio uses one core",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nofile", "nproc"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Tokio;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { runtime: multi_thread(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        // The root is spawned: polled by `block_on`, it would pay a wake-up across threads for every task that it joins.
        let root = self.runtime.spawn(batch(Arc::clone(workload), TokioIo, tasks));
        self.runtime.block_on(root).map_err(|error| lost(&error))?
    }

    fn parks(&self) -> Option<u64> {
        Some(parks(&self.runtime))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let spawn = |index| {
            let workload = Arc::clone(workload);
            self.runtime.spawn(async move { attempt(workload.as_ref(), &TokioIo, index).await })
        };
        let tasks = arrivals.tasks();
        let running: Vec<_> = arrivals.map(spawn).collect();
        self.runtime.block_on(Fold::join(0..tasks, running, joined))
    }

    fn stop(self) -> Result<()> {
        drop(self.runtime);
        Ok(())
    }
}

/// A tokio runtime on the thread that calls.
pub(crate) fn current_thread() -> Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(ModelError::system("start the tokio runtime"))
}

/// A tokio runtime with exactly the workers that were asked for.
pub(crate) fn multi_thread(settings: &Settings) -> Result<Runtime> {
    limits::allow_threads(settings.workers)?;
    let placement = Placement::of(settings)?;
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(settings.workers).enable_all().on_thread_start(move || placement.place());
    if let Some(bytes) = settings.stack_bytes {
        builder.thread_stack_size(bytes);
    }
    builder.build().map_err(ModelError::system("start the tokio runtime"))
}

/// How often the workers of a runtime have slept for want of work.
pub(crate) fn parks(runtime: &Runtime) -> u64 {
    let metrics = runtime.metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_park_count(worker)).sum()
}

/// Spawns every task, then joins each.
pub(super) async fn batch<W: Workload, I: Io>(workload: Arc<W>, io: I, tasks: Range<u64>) -> Result<Digest> {
    let spawn = |index| {
        let (workload, io) = (Arc::clone(&workload), io.clone());
        ::tokio::spawn(async move { attempt(workload.as_ref(), &io, index).await })
    };
    Fold::join(tasks.clone(), tasks.map(spawn).collect(), joined).await
}

/// Spawns every task once it is due on a runtime of one thread, to which another one gives them; then joins each.
pub(super) fn as_due<W: Workload, I: Io>(
    runtime: &Runtime,
    workload: &Arc<W>,
    io: &I,
    arrivals: Arrivals,
) -> Result<Digest> {
    let tasks = arrivals.tasks();
    given_by_another_thread(arrivals, |mut due| {
        runtime.block_on(async {
            let mut running = Vec::with_capacity(tasks as usize);
            while let Some(index) = due.recv().await {
                let (workload, io) = (Arc::clone(workload), io.clone());
                running.push(::tokio::spawn(async move { attempt(workload.as_ref(), &io, index).await }));
            }
            Fold::join(0..tasks, running, joined).await
        })
    })
}

/// Has a thread of its own wait for arrivals, and runs what receives them meanwhile.
pub(super) fn given_by_another_thread<T>(
    arrivals: Arrivals,
    receive: impl FnOnce(UnboundedReceiver<u64>) -> T,
) -> T {
    let (sender, receiver) = unbounded_channel();
    std::thread::scope(|scope| {
        // It is received until the last has come, unless the tasks were given up.
        scope.spawn(move || arrivals.map(|index| sender.send(index)).all(|sent| sent.is_ok()));
        receive(receiver)
    })
}

/// What a joined task has come to.
pub(super) fn joined(answer: std::result::Result<Result<u64>, JoinError>) -> Result<u64> {
    answer.unwrap_or_else(|error| Err(lost(&error)))
}

/// A task that tokio gave up: panics are caught inside of it, so this is the runtime's own doing.
fn lost(error: &JoinError) -> ModelError {
    ModelError::Died { who: "a tokio task", how: format!("did not end by itself: {error}") }
}
