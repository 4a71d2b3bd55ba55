use std::fs::File;
use std::io::{Read, Write};
use std::ops::Range;
use std::sync::Arc;

use concbench_model::process::{REPLIED, Transport, stdin};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Model, ModelError, ModelInfo, Result, Settings, Sizing, Waiting,
    attempt_blocking,
};
use concbench_workloads::Workload;

use super::frame::{Frames, Reply, decode_request};
use super::outbox::Outbox;
use super::workers::Workers;

/// Worker processes that stay, each on a socket pair.
#[derive(Debug)]
pub(crate) struct ProcessPool {
    workers: Workers,
}

impl Model for ProcessPool {
    const INFO: ModelInfo = ModelInfo {
        id: "process-pool",
        family: Family::Pools,
        summary: "a fixed number of worker processes, a socket pair each, and a message for each task",
        right_when: "tasks compute, and a crash or a leak must stay in one worker",
        elsewhere: "Python ProcessPoolExecutor, multiprocessing.Pool",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: true,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "kernel.pid_max", "nofile"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Processes;

    fn start(settings: &Settings) -> Result<Self> {
        start(settings, Self::INFO.dispatch).map(|workers| Self { workers })
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

/// The same pool, whose messages hold a chunk of the tasks that are left.
#[derive(Debug)]
pub(crate) struct ProcessPoolChunked {
    workers: Workers,
}

impl Model for ProcessPoolChunked {
    const INFO: ModelInfo = ModelInfo {
        id: "process-pool-chunked",
        summary: "a fixed number of worker processes, a socket pair each, and several tasks a message",
        right_when: "processes must be apart, and tasks are so small that a message for each costs more than they do",
        elsewhere: "Python multiprocessing.Pool.map, whose default chunks are these",
        dispatch: Dispatch::Chunked,
        default: false,
        ..ProcessPool::INFO
    };

    type Shared = concbench_sharing::Processes;

    fn start(settings: &Settings) -> Result<Self> {
        start(settings, Self::INFO.dispatch).map(|workers| Self { workers })
    }

    fn run<W: Workload>(&mut self, _workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.workers.run(tasks)
    }

    fn stop(self) -> Result<()> {
        self.workers.stop()
    }
}

fn start(settings: &Settings, dispatch: Dispatch) -> Result<Workers> {
    Workers::start(settings, std::iter::repeat_n(Transport::Frames { dispatch }, settings.workers))
}

/// Requests as they arrive on a worker's socket, which says at once that the worker is ready.
pub(super) struct Requests {
    socket: File,
    frames: Frames,
    buffer: [u8; 16384],
}

impl Requests {
    pub(super) fn open() -> Result<Self> {
        let mut socket = File::from(stdin()?);
        socket.write_all(&[0]).map_err(ModelError::system("say that the worker is ready"))?;
        Ok(Self { socket, frames: Frames::default(), buffer: [0; 16384] })
    }

    /// The socket, for replies.
    pub(super) fn socket(&mut self) -> &mut File {
        &mut self.socket
    }

    /// The next of those that have arrived.
    pub(super) fn next(&mut self) -> Result<Option<u64>> {
        self.frames.next()?.map(decode_request).transpose()
    }

    /// Waits for more; false once the parent has closed the socket.
    pub(super) fn wait(&mut self) -> Result<bool> {
        let read = self.socket.read(&mut self.buffer).map_err(ModelError::system("read requests"))?;
        self.frames.extend(&self.buffer[..read]);
        Ok(read > 0)
    }
}

/// The worker: runs what arrives until its parent closes the socket.
pub(super) fn serve<W: Workload>(workload: &W, dispatch: Dispatch) -> Result<i32> {
    let mut requests = Requests::open()?;
    while requests.wait()? {
        let mut replies = Outbox::new();
        while let Some(index) = requests.next()? {
            replies.push(&Reply::of(index, attempt_blocking(workload, index)));
            if dispatch == Dispatch::Single || replies.is_due() {
                replies.flush(requests.socket())?;
            }
        }
        replies.flush(requests.socket())?;
    }
    Ok(REPLIED)
}
