//! A pool of processes beside a runtime: each behind a thread that sends it a task, and waits for what comes back.

use std::fs::File;
use std::io::{Read, Write};
use std::thread::JoinHandle;

use concbench_model::process::{Child, Forker, REPLIED, fork_child, forker, join_all, pipe};
use concbench_model::{ModelError, Result, limits};
use crossbeam_channel::{Receiver, Sender, unbounded};
use futures::channel::oneshot;

use crate::job::{Long, stretched};
use crate::place::Place;
use crate::runtime::Runtime;

/// A task, and who is told that it is done.
type Work = (Long, oneshot::Sender<()>);

/// On a process of a pool that was forked before there was any thread.
pub(crate) struct Processes {
    /// Closed in order to stop the threads, and with them the processes.
    queue: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
    children: Vec<Child>,
}

impl<R: Runtime> Place<R> for Processes {
    fn start(workers: usize) -> Result<Self> {
        limits::allow_connected_processes(workers)?;
        let forker = forker()?;
        let (queue, work) = unbounded();
        let mut pool = Self { queue: Some(queue), threads: Vec::new(), children: Vec::new() };
        // All of them before the first thread: a process that has one forks no more.
        let mut ends = Vec::new();
        for _ in 0..workers {
            let (child, end) = fork(&forker)?;
            pool.children.push(child);
            ends.push(end);
        }
        for end in ends {
            let work = work.clone();
            let thread = std::thread::Builder::new().spawn(move || serve(end, &work));
            pool.threads.push(thread.map_err(ModelError::system("start a thread for a process"))?);
        }
        Ok(pool)
    }

    fn computing(&self, _: &R::Spawner, job: Long) -> impl Future<Output = ()> + Send + 'static {
        let queue = self.queue.clone();
        async move {
            let (done, waits) = oneshot::channel();
            // One that is lost is missed when tasks are counted.
            if queue.is_some_and(|queue| queue.send((job, done)).is_ok()) {
                let _ = waits.await;
            }
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.queue = None;
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
        // One that died has lost a task, which is missed when tasks are counted.
        let _ = join_all(self.children.drain(..));
    }
}

/// The pipes to a process and from it.
struct Pipes {
    requests: File,
    replies: File,
}

/// Forks a process that counts what it is asked to until nobody asks any more.
fn fork(forker: &Forker) -> Result<(Child, Pipes)> {
    let ((read_request, requests), (replies, write_reply)) = (pipe()?, pipe()?);
    let mut ours = Some(Pipes { requests: requests.into(), replies });
    let mut theirs = Some((read_request, File::from(write_reply)));
    let child = fork_child(forker, "a process of the pool", || {
        // Its copy of this side's end: while that is open, requests have no end.
        drop(ours.take());
        let Some((requests, replies)) = theirs.take() else { return 1 };
        answer(requests, replies)
    })?;
    drop(theirs);
    match ours {
        Some(ours) => Ok((child, ours)),
        None => unreachable!("only the child has dropped it"),
    }
}

/// Inside of the process.
fn answer(mut requests: File, mut replies: File) -> i32 {
    let mut request = [0; 16];
    while requests.read_exact(&mut request).is_ok() {
        let half = |from: usize| u64::from_ne_bytes(request[from..from + 8].try_into().unwrap_or_default());
        let value = stretched(half(0), half(8));
        if replies.write_all(&value.to_ne_bytes()).is_err() {
            return 1;
        }
    }
    REPLIED
}

/// Has one process do what is queued.
fn serve(mut pipes: Pipes, work: &Receiver<Work>) {
    for (job, done) in work {
        let (steps, stretches) = job.size();
        let request = [steps.to_ne_bytes(), stretches.to_ne_bytes()].concat();
        let mut reply = [0; 8];
        let answered = pipes.requests.write_all(&request).and_then(|()| pipes.replies.read_exact(&mut reply));
        if answered.is_ok() {
            job.finish(u64::from_ne_bytes(reply));
        }
        // Whoever waits does so until it is told.
        let _ = done.send(());
    }
}
