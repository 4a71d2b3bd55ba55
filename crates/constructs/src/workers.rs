//! Threads that several constructs stand on.

use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{ModelError, limits};
use crossbeam_channel::{Receiver, Sender, unbounded};
use smol::Executor;

use crate::{Result, gone};

/// What a thread of the pool runs.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Threads on one queue. They end with the value, which waits for them.
#[derive(Debug)]
pub(crate) struct Threads {
    /// `None` once it is being dropped: the queue has to end before its threads do.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn start(workers: usize) -> Result<Self> {
        limits::allow_threads(workers)?;
        let (jobs, queue) = unbounded::<Job>();
        let mut threads = Self { jobs: Some(jobs), threads: Vec::with_capacity(workers) };
        for _ in 0..workers {
            let queue: Receiver<Job> = queue.clone();
            let thread = std::thread::Builder::new().spawn(move || queue.iter().for_each(|job| job()));
            threads.threads.push(thread.map_err(ModelError::system("start a thread"))?);
        }
        Ok(threads)
    }

    /// The queue, for whoever adds jobs from within one: its copies have to be dropped before the pool is.
    pub(crate) fn jobs(&self) -> Option<Sender<Job>> {
        self.jobs.clone()
    }

    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<()> {
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Box::new(job)).is_ok());
        sent.unwrap_or(false).then_some(()).ok_or_else(|| gone("a thread of the pool"))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            // One that has panicked has ended as well, and whoever waits for its result has been told.
            let _ = thread.join();
        }
    }
}

/// A smol executor on threads of its own. They end with the value, which waits for them.
#[derive(Debug)]
pub(crate) struct SmolThreads {
    pub(crate) executor: Arc<Executor<'static>>,
    /// Closed in order to stop the workers.
    running: smol::channel::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl SmolThreads {
    pub(crate) fn start(workers: usize) -> Result<Self> {
        limits::allow_threads(workers)?;
        let (running, stopped) = smol::channel::unbounded::<()>();
        let mut started = Self { executor: Arc::default(), running, threads: Vec::with_capacity(workers) };
        for _ in 0..workers {
            let (executor, stopped) = (Arc::clone(&started.executor), stopped.clone());
            let body = move || {
                // Ends with an error once the channel is closed, which is what is waited for.
                let _closed = smol::future::block_on(executor.run(stopped.recv()));
            };
            let thread = std::thread::Builder::new().spawn(body);
            started.threads.push(thread.map_err(ModelError::system("start a smol worker"))?);
        }
        Ok(started)
    }
}

impl Drop for SmolThreads {
    fn drop(&mut self) {
        self.running.close();
        for thread in self.threads.drain(..) {
            // As above.
            let _ = thread.join();
        }
    }
}
