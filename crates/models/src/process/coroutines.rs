use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use ::tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use concbench_model::process::{REPLIED, Transport, stdin};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Model, ModelError, ModelInfo, Result, Settings, Sizing, Waiting,
    attempt,
};
use concbench_workloads::Workload;

use super::super::tokio::{TokioIo, current_thread};
use super::frame::{Frames, Reply, decode_request};
use super::workers::Workers;

/// Worker processes that each run an event loop; the tasks of a batch are shared out evenly, and all of them start.
#[derive(Debug)]
pub(crate) struct ProcessAsync {
    workers: Workers,
}

impl Model for ProcessAsync {
    const INFO: ModelInfo = ModelInfo {
        id: "process-async",
        family: Family::Hybrids,
        summary: "worker processes that each run tokio's event loop on one thread",
        right_when: "thousands of tasks wait, one core is not enough, and a crash must stay in one process",
        elsewhere: "Python multiprocessing with an asyncio loop in each process; Node.js cluster",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Chunked,
        all_cores: true,
        survives_crash: true,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "kernel.pid_max", "nofile"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::ProcessWords;

    fn start(settings: &Settings) -> Result<Self> {
        let transports = std::iter::repeat_n(Transport::Coroutines, settings.workers);
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

/// The worker: spawns a coroutine for whatever arrives, until its parent closes the socket.
pub(super) fn serve<W: Workload>(workload: &Arc<W>) -> Result<i32> {
    let socket = UnixStream::from(stdin()?);
    current_thread()?.block_on(async {
        let (read, mut write) =
            async_socket(socket).map_err(ModelError::system("watch the socket"))?.into_split();
        write.write_all(&[0]).await.map_err(ModelError::system("say that the worker is ready"))?;
        let (replies, ended) = unbounded_channel();
        let sender = ::tokio::spawn(send(write, ended));
        receive(workload, read, replies).await?;
        // Only now: a parent that has closed the socket reads no more.
        sender.abort();
        Ok(REPLIED)
    })
}

fn async_socket(socket: UnixStream) -> std::io::Result<::tokio::net::UnixStream> {
    socket.set_nonblocking(true)?;
    ::tokio::net::UnixStream::from_std(socket)
}

async fn receive<W: Workload>(
    workload: &Arc<W>,
    mut socket: OwnedReadHalf,
    replies: UnboundedSender<Reply>,
) -> Result<()> {
    let mut frames = Frames::default();
    let mut buffer = vec![0; 16384];
    loop {
        let read = socket.read(&mut buffer).await.map_err(ModelError::system("read requests"))?;
        if read == 0 {
            return Ok(());
        }
        frames.extend(&buffer[..read]);
        while let Some(frame) = frames.next()? {
            let index = decode_request(frame)?;
            let (workload, replies) = (Arc::clone(workload), replies.clone());
            ::tokio::spawn(async move {
                // Nobody listens any more once the parent has closed the socket.
                let _ = replies.send(Reply::of(index, attempt(workload.as_ref(), &TokioIo, index).await));
            });
        }
    }
}

/// Sends replies, all that there are at once.
async fn send(mut socket: OwnedWriteHalf, mut ended: UnboundedReceiver<Reply>) {
    let (mut replies, mut bytes) = (Vec::new(), Vec::new());
    while ended.recv_many(&mut replies, usize::MAX).await > 0 {
        replies.drain(..).for_each(|reply| reply.encode(&mut bytes));
        // It fails once the parent is gone, and then there is nobody to tell.
        if socket.write_all(&bytes).await.is_err() {
            return;
        }
        bytes.clear();
    }
}
