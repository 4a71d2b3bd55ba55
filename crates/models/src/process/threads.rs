use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use concbench_model::process::{REPLIED, Transport};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Model, ModelError, ModelInfo, Result, Settings, Sizing, Waiting,
    attempt_blocking, limits,
};
use concbench_workloads::Workload;
use crossbeam_channel::{Receiver, unbounded};

use super::frame::Reply;
use super::outbox::Outbox;
use super::pool::Requests;
use super::workers::Workers;

/// Worker processes, one a core, that each run a thread pool; the workers that the settings ask for are the threads of
/// all of them together.
#[derive(Debug)]
pub(crate) struct ProcessThreads {
    workers: Workers,
}

impl Model for ProcessThreads {
    const INFO: ModelInfo = ModelInfo {
        id: "process-threads",
        family: Family::Hybrids,
        summary: "a worker process for each core, each with its share of the threads",
        right_when: "tasks block and compute, and a lock of the interpreter or the allocator keeps threads apart",
        elsewhere: "Python processes that each run a ThreadPoolExecutor; pre-forking servers with threads",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Chunked,
        all_cores: true,
        survives_crash: true,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "kernel.pid_max", "nofile", "vm.max_map_count", "kernel.threads-max"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Processes;

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let transports = shares(settings.workers, cores).map(|threads| Transport::Threads { threads });
        Ok(Self { workers: Workers::start(settings, transports)? })
    }

    fn run<W: Workload>(&mut self, _workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.workers.run(tasks)
    }

    fn run_as_due<W: Workload>(&mut self, _workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        self.workers.run_as_due(arrivals)
    }

    fn stop(self) -> Result<()> {
        self.workers.stop()
    }
}

/// Shares threads out among at most this many processes, as evenly as it goes.
fn shares(threads: usize, processes: usize) -> impl ExactSizeIterator<Item = usize> {
    let processes = processes.min(threads);
    (0..processes).map(move |process| threads / processes + usize::from(process < threads % processes))
}

/// The worker: its threads run what arrives until its parent closes the socket.
pub(super) fn serve<W: Workload>(workload: &W, threads: usize) -> Result<i32> {
    let mut requests = Requests::open()?;
    let socket = requests.socket().try_clone().map_err(ModelError::system("share the socket"))?;
    let socket = Mutex::new(socket);
    let (queue, queued) = unbounded();
    std::thread::scope(|scope| {
        let mut running = Vec::with_capacity(threads);
        for _ in 0..threads {
            let (queued, socket) = (queued.clone(), &socket);
            let thread =
                std::thread::Builder::new().spawn_scoped(scope, move || run(workload, &queued, socket));
            running.push(thread.map_err(ModelError::system("start a thread of a worker process"))?);
        }
        while requests.wait()? {
            while let Some(index) = requests.next()? {
                // It is received as long as `queued` lives.
                let _ = queue.send(index);
            }
        }
        drop(queue);
        for thread in running {
            thread.join().map_err(|_| ModelError::Died {
                who: "a thread of a worker process",
                how: "panicked".to_owned(),
            })??;
        }
        Ok(REPLIED)
    })
}

/// A thread: runs what is queued, and sends replies together where there are many.
fn run<W: Workload>(workload: &W, queued: &Receiver<u64>, socket: &Mutex<File>) -> Result<()> {
    let mut replies = Outbox::new();
    loop {
        let index = match queued.try_recv() {
            Ok(index) => index,
            // Nothing is kept while the thread waits. Whether the queue is empty cannot be asked beforehand: another
            // thread may take what was left in it.
            Err(_) => {
                replies.flush(&mut *socket.lock().unwrap_or_else(PoisonError::into_inner))?;
                match queued.recv() {
                    Ok(index) => index,
                    Err(_) => return Ok(()),
                }
            }
        };
        replies.push(&Reply::of(index, attempt_blocking(workload, index)));
        if replies.is_due() {
            replies.flush(&mut *socket.lock().unwrap_or_else(PoisonError::into_inner))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use concbench_workloads::Noop;
    use proptest::prelude::*;

    use super::*;
    use crate::process::frame::Frames;

    /// Threads race for the last tasks of a batch. One that loses must not wait with replies in its hands: it may
    /// do so once in thousands of batches.
    #[test]
    fn no_reply_is_kept_while_its_thread_waits() {
        const THREADS: usize = 4;
        const BATCHES: u64 = 100_000;
        const TASKS: u64 = 20;
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let socket = Mutex::new(File::from(OwnedFd::from(theirs)));
        let (queue, queued) = unbounded();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                let (queued, socket) = (queued.clone(), &socket);
                scope.spawn(move || run(&Noop {}, &queued, socket).unwrap());
            }
            let mut frames = Frames::default();
            let mut buffer = [0; 4096];
            // Dropped with this closure, also when a reply is missing, so that the threads end.
            let queue = queue;
            for _ in 0..BATCHES {
                (0..TASKS).for_each(|index| queue.send(index).unwrap());
                let mut missing = TASKS;
                while missing > 0 {
                    let read = ours.read(&mut buffer).expect("a reply is missing");
                    frames.extend(&buffer[..read]);
                    while frames.next().unwrap().is_some() {
                        missing -= 1;
                    }
                }
            }
        });
    }

    proptest! {
        #[test]
        fn every_thread_has_a_process_and_no_process_two_more_than_another(threads in 1usize..500, processes in 1usize..64) {
            let shares: Vec<_> = shares(threads, processes).collect();
            prop_assert_eq!(shares.iter().sum::<usize>(), threads);
            prop_assert_eq!(shares.len(), threads.min(processes));
            prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }
}
