use std::convert::identity;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use ::smol::channel::{Receiver, Sender, unbounded};
use ::smol::net::TcpStream;
use ::smol::{Executor, Timer};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings,
    Sizing, Waiting, attempt, limits,
};
use concbench_workloads::{Io, Workload};

/// Waiting gives the thread back to smol's executor.
#[derive(Debug, Clone, Copy)]
pub(super) struct SmolIo;

impl Io for SmolIo {
    type Stream = TcpStream;

    async fn sleep(&self, duration: Duration) {
        Timer::after(duration).await;
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        ::smol::fs::read(path).await
    }
}

/// What the reactor of smol and async-std opens with the first timer or socket: it panics if it cannot.
pub(super) const REACTOR_DESCRIPTORS: usize = 4;

/// A smol executor on threads of its own: not the global one, whose threads cannot be counted or stopped.
#[derive(Debug)]
pub(crate) struct Smol {
    executor: Arc<Executor<'static>>,
    /// Closed in order to stop the workers.
    running: Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Model for Smol {
    const INFO: ModelInfo = ModelInfo {
        id: "smol",
        family: Family::Coroutines,
        summary: "smol's executor on several threads",
        right_when: "many tasks wait and the program should stay small",
        elsewhere: "Go goroutines; Java virtual threads; Python has none",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: true,
        limits: &["nofile", "nproc"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::AsyncLock;

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        limits::allow_descriptors(REACTOR_DESCRIPTORS)?;
        let placement = Placement::of(settings)?;
        let (running, stopped) = unbounded();
        let mut model = Self { executor: Arc::default(), running, threads: Vec::new() };
        for _ in 0..settings.workers {
            model.threads.push(worker(&model.executor, stopped.clone(), &placement, settings)?);
        }
        Ok(model)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let (executor, workload) = (Arc::clone(&self.executor), Arc::clone(workload));
        let root = async move {
            let spawn = |index| {
                let workload = Arc::clone(&workload);
                executor.spawn(async move { attempt(workload.as_ref(), &SmolIo, index).await })
            };
            Fold::join(tasks.clone(), tasks.map(spawn).collect(), identity).await
        };
        // A `block_on` that only parks: smol's own would make this thread drive timers and sockets, like one more worker.
        ::smol::future::block_on(self.executor.spawn(root))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let spawn = |index| {
            let workload = Arc::clone(workload);
            self.executor.spawn(async move { attempt(workload.as_ref(), &SmolIo, index).await })
        };
        let tasks = arrivals.tasks();
        let running: Vec<_> = arrivals.map(spawn).collect();
        ::smol::future::block_on(Fold::join(0..tasks, running, identity))
    }

    fn stop(self) -> Result<()> {
        self.running.close();
        for thread in self.threads {
            thread
                .join()
                .map_err(|_| ModelError::Died { who: "a smol worker", how: "panicked".to_owned() })?;
        }
        Ok(())
    }
}

impl Smol {
    /// Where tasks are spawned.
    pub(crate) fn executor(&self) -> &Executor<'static> {
        &self.executor
    }
}

fn worker(
    executor: &Arc<Executor<'static>>,
    stopped: Receiver<()>,
    placement: &Placement,
    settings: &Settings,
) -> Result<JoinHandle<()>> {
    let (executor, placement) = (Arc::clone(executor), placement.clone());
    let body = move || {
        placement.place();
        // Ends with an error once the channel is closed, which is what is waited for.
        let _closed = ::smol::block_on(executor.run(stopped.recv()));
    };
    settings.thread_builder().spawn(body).map_err(ModelError::system("start a smol worker"))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;

    use ::smol::future::{block_on, poll_once};
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_file_that_is_slow_to_read_does_not_keep_the_thread() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let (returned, has_returned) = mpsc::channel();
        std::thread::scope(|scope| {
            let pipe = &pipe;
            scope.spawn(move || {
                // Whoever keeps the thread reads once this has been waited for.
                let _ = has_returned.recv_timeout(Duration::from_secs(10));
                std::fs::write(pipe, "content").unwrap();
            });
            let mut read = pin!(SmolIo.read(pipe));
            let polled = block_on(poll_once(&mut read));
            returned.send(()).unwrap();
            assert!(polled.is_none(), "{polled:?}");
            assert_eq!(block_on(read).unwrap(), b"content");
        });
    }
}
