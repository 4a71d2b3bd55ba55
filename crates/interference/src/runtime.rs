//! The runtimes that short tasks run on.

#![expect(clippy::manual_async_fn, reason = "an `async fn` would keep the spawner, and these do not")]

use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{ModelError, Result, limits};
use smol::channel::{Sender, unbounded};

/// A runtime with so many workers. It ends when it is dropped.
pub(crate) trait Runtime: Sized + Send + Sync + 'static {
    /// By what tasks are handed over, from any thread; it does not keep the runtime.
    type Spawner: Clone + Send + Sync + 'static;

    fn start(workers: usize) -> Result<Self>;

    fn spawner(&self) -> Self::Spawner;

    /// Hands a task over.
    fn spawn(spawner: &Self::Spawner, task: impl Future<Output = ()> + Send + 'static);

    /// Has a task done as one of its own, and waits for it.
    fn run(
        spawner: &Self::Spawner,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send;

    /// Computing where the runtime says that it belongs: on its threads for what blocks.
    fn blocking(
        spawner: &Self::Spawner,
        computing: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static;

    /// Lets other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// tokio's on several threads.
#[derive(Debug)]
pub(crate) struct Tokio(tokio::runtime::Runtime);

impl Runtime for Tokio {
    type Spawner = tokio::runtime::Handle;

    fn start(workers: usize) -> Result<Self> {
        limits::allow_threads(workers)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build();
        runtime.map(Self).map_err(ModelError::system("start the tokio runtime"))
    }

    fn spawner(&self) -> Self::Spawner {
        self.0.handle().clone()
    }

    fn spawn(spawner: &Self::Spawner, task: impl Future<Output = ()> + Send + 'static) {
        drop(spawner.spawn(task));
    }

    async fn run(spawner: &Self::Spawner, task: impl Future<Output = ()> + Send + 'static) {
        // One that panics is missed when tasks are counted.
        spawner.spawn(task).await.unwrap_or_default();
    }

    fn blocking(
        spawner: &Self::Spawner,
        computing: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let spawner = spawner.clone();
        async move { spawner.spawn_blocking(computing).await.unwrap_or_default() }
    }

    async fn yield_now() {
        tokio::task::yield_now().await;
    }
}

/// smol's executor on threads of its own.
#[derive(Debug)]
pub(crate) struct Smol {
    executor: Arc<smol::Executor<'static>>,
    /// Closed in order to stop the workers.
    running: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Runtime for Smol {
    type Spawner = Arc<smol::Executor<'static>>;

    fn start(workers: usize) -> Result<Self> {
        limits::allow_threads(workers)?;
        let executor: Arc<smol::Executor<'static>> = Arc::default();
        let (running, stopped) = unbounded::<()>();
        let mut runtime = Self { executor, running: Some(running), threads: Vec::new() };
        for _ in 0..workers {
            let (executor, stopped) = (Arc::clone(&runtime.executor), stopped.clone());
            let worker = move || smol::future::block_on(executor.run(stopped.recv())).unwrap_or_default();
            let thread = std::thread::Builder::new().spawn(worker);
            runtime.threads.push(thread.map_err(ModelError::system("start a worker thread"))?);
        }
        Ok(runtime)
    }

    fn spawner(&self) -> Self::Spawner {
        Arc::clone(&self.executor)
    }

    fn spawn(spawner: &Self::Spawner, task: impl Future<Output = ()> + Send + 'static) {
        spawner.spawn(task).detach();
    }

    async fn run(spawner: &Self::Spawner, task: impl Future<Output = ()> + Send + 'static) {
        spawner.spawn(task).await;
    }

    fn blocking(
        _: &Self::Spawner,
        computing: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        async { smol::unblock(computing).await }
    }

    async fn yield_now() {
        smol::future::yield_now().await;
    }
}

impl Drop for Smol {
    fn drop(&mut self) {
        self.running = None;
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// async-std's global executor, with as many threads as it starts by itself.
#[derive(Debug)]
pub(crate) struct AsyncStd;

impl Runtime for AsyncStd {
    type Spawner = ();

    fn start(_: usize) -> Result<Self> {
        // The executor starts its threads when it gets its first task.
        async_std::task::block_on(async_std::task::spawn(async {}));
        Ok(Self)
    }

    fn spawner(&self) {}

    fn spawn((): &(), task: impl Future<Output = ()> + Send + 'static) {
        drop(async_std::task::spawn(task));
    }

    async fn run((): &(), task: impl Future<Output = ()> + Send + 'static) {
        async_std::task::spawn(task).await;
    }

    fn blocking(
        (): &(),
        computing: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        async { async_std::task::spawn_blocking(computing).await }
    }

    async fn yield_now() {
        async_std::task::yield_now().await;
    }
}
