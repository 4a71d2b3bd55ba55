//! Pools of threads, beside a runtime or alone.

use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{ModelError, Result, limits};
use crossbeam_channel::{Receiver, Sender, unbounded};

/// Something that runs closures on threads of its own. It ends when it is dropped.
pub(crate) trait Executes: Sized + Send + Sync + 'static {
    /// By what closures are handed over, from any thread.
    type Queue: Clone + Send + Sync + 'static;

    fn start(threads: usize) -> Result<Self>;

    fn queue(&self) -> Self::Queue;

    fn execute(queue: &Self::Queue, work: impl FnOnce() + Send + 'static);
}

type Work = Box<dyn FnOnce() + Send>;

/// Threads that take closures from one queue.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Closed, once nobody else holds it, in order to stop the threads.
    queue: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

impl Executes for Threads {
    type Queue = Option<Sender<Work>>;

    fn start(threads: usize) -> Result<Self> {
        limits::allow_threads(threads)?;
        let (queue, work) = unbounded::<Work>();
        let mut pool = Self { queue: Some(queue), threads: Vec::new() };
        for _ in 0..threads {
            let work = work.clone();
            let thread = std::thread::Builder::new().spawn(move || work.iter().for_each(|job| job()));
            pool.threads.push(thread.map_err(ModelError::system("start a worker thread"))?);
        }
        Ok(pool)
    }

    fn queue(&self) -> Self::Queue {
        self.queue.clone()
    }

    fn execute(queue: &Self::Queue, work: impl FnOnce() + Send + 'static) {
        if let Some(queue) = queue {
            // It is open for as long as somebody can hand over.
            let _ = queue.send(Box::new(work));
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue = None;
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// A pool of rayon's.
#[derive(Debug)]
pub(crate) struct Rayon {
    /// Ended, once nobody else holds it.
    pool: Option<Arc<rayon::ThreadPool>>,
    /// Told when each thread has ended: dropping the pool does not wait for that.
    ended: Receiver<()>,
    threads: usize,
}

impl Executes for Rayon {
    type Queue = Option<Arc<rayon::ThreadPool>>;

    fn start(threads: usize) -> Result<Self> {
        limits::allow_threads(threads)?;
        let (ends, ended) = unbounded();
        let built = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .exit_handler(move |_| ends.send(()).unwrap_or_default())
            .build();
        let pool = built.map_err(|error| ModelError::System {
            what: "start rayon's pool",
            source: std::io::Error::other(error.to_string()),
        })?;
        Ok(Self { pool: Some(Arc::new(pool)), ended, threads })
    }

    fn queue(&self) -> Self::Queue {
        self.pool.clone()
    }

    fn execute(queue: &Self::Queue, work: impl FnOnce() + Send + 'static) {
        if let Some(pool) = queue {
            pool.spawn(work);
        }
    }
}

impl Drop for Rayon {
    fn drop(&mut self) {
        self.pool = None;
        self.ended.iter().take(self.threads).for_each(drop);
    }
}
