//! Where a task of a runtime puts its computing.

#![expect(clippy::manual_async_fn, reason = "an `async fn` would keep the place, and these do not")]

use concbench_model::Result;
use futures::channel::oneshot;

use crate::job::Long;
use crate::pools::{Executes, Rayon, Threads};
use crate::runtime::{Runtime, Tokio};

/// A place for computing beside the short tasks of `R`.
pub(crate) trait Place<R: Runtime>: Sized + Send + Sync + 'static {
    /// Starts what it needs, with so many workers where it has some.
    fn start(workers: usize) -> Result<Self>;

    /// The task that has the computing done there, once it is polled, and waits for it. It does not keep the place.
    fn computing(&self, spawner: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static;
}

/// In the task itself.
pub(crate) struct Inline;

impl<R: Runtime> Place<R> for Inline {
    fn start(_: usize) -> Result<Self> {
        Ok(Self)
    }

    fn computing(&self, _: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static {
        async move { job.run() }
    }
}

/// In the task itself, which yields after each stretch.
pub(crate) struct Yielding;

impl<R: Runtime> Place<R> for Yielding {
    fn start(_: usize) -> Result<Self> {
        Ok(Self)
    }

    fn computing(&self, _: &R::Spawner, mut job: Long) -> impl Future<Output = ()> + Send + 'static {
        async move {
            while job.stretch() {
                R::yield_now().await;
            }
        }
    }
}

/// On the threads that the runtime has for what blocks.
pub(crate) struct Blocking;

impl<R: Runtime> Place<R> for Blocking {
    fn start(_: usize) -> Result<Self> {
        Ok(Self)
    }

    fn computing(&self, spawner: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static {
        R::blocking(spawner, move || job.run())
    }
}

/// In the task itself, after tokio has handed the other tasks of that worker to another thread.
pub(crate) struct InPlace;

impl Place<Tokio> for InPlace {
    fn start(_: usize) -> Result<Self> {
        Ok(Self)
    }

    fn computing(
        &self,
        _: &<Tokio as Runtime>::Spawner,
        job: Long,
    ) -> impl Future<Output = ()> + Send + 'static {
        async move { tokio::task::block_in_place(|| job.run()) }
    }
}

/// On a second runtime of the same kind.
pub(crate) struct Second<R>(R);

impl<R: Runtime> Place<R> for Second<R> {
    fn start(workers: usize) -> Result<Self> {
        R::start(workers).map(Self)
    }

    fn computing(&self, _: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static {
        let spawner = self.0.spawner();
        async move { R::run(&spawner, async move { job.run() }).await }
    }
}

/// On a thread that is started for it.
pub(crate) struct OwnThread;

impl<R: Runtime> Place<R> for OwnThread {
    fn start(_: usize) -> Result<Self> {
        Ok(Self)
    }

    fn computing(&self, _: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static {
        until_done(job, |work| {
            // Where none can be started the task is missed when tasks are counted.
            drop(std::thread::Builder::new().spawn(work));
        })
    }
}

/// On a pool beside the runtime.
pub(crate) struct Beside<E>(E);

impl<R: Runtime, E: Executes> Place<R> for Beside<E> {
    fn start(workers: usize) -> Result<Self> {
        E::start(workers).map(Self)
    }

    fn computing(&self, _: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static {
        let queue = self.0.queue();
        until_done(job, move |work| E::execute(&queue, work))
    }
}

/// A pool of threads on one queue beside the runtime.
pub(crate) type BesidePool = Beside<Threads>;

/// rayon beside the runtime.
pub(crate) type BesideRayon = Beside<Rayon>;

/// Has somebody else do the computing, and waits until he has.
async fn until_done(job: Long, hand_over: impl FnOnce(Box<dyn FnOnce() + Send>) + Send) {
    let (done, waits) = oneshot::channel();
    hand_over(Box::new(move || {
        job.run();
        // Whoever waits does so until it is told.
        let _ = done.send(());
    }));
    // One that was dropped is missed when tasks are counted.
    let _ = waits.await;
}
