//! Worker processes that stay, each on a socket pair, as their parent sees them.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use concbench_model::process::{Child, Role, Transport, join_all};
use concbench_model::{Arrivals, Digest, Dispatch, Fold, ModelError, Placement, Result, Settings, limits};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::feed::{depth, single, top_up};
use super::frame::{Frames, Reply, encode_request};

/// The most tasks that wait at one worker beyond those that it runs at once: enough that it never idles between two
/// messages.
const DEEPEST_QUEUE: u64 = 256;

/// Worker processes that share the tasks of a batch.
#[derive(Debug)]
pub(super) struct Workers {
    workers: Vec<Worker>,
    spent: bool,
}

#[derive(Debug)]
struct Worker {
    process: Child,
    socket: UnixStream,
    outgoing: Vec<u8>,
    incoming: Frames,
    /// Whether several tasks share a message.
    dispatch: Dispatch,
    /// How many tasks it runs at once.
    slots: u64,
    /// Tasks that it has and has not answered.
    queued: u64,
}

impl Workers {
    /// Starts a worker for each transport, and waits until all are ready.
    pub(super) fn start(
        settings: &Settings,
        transports: impl ExactSizeIterator<Item = Transport>,
    ) -> Result<Self> {
        limits::allow_connected_processes(transports.len())?;
        let placement = Placement::of(settings)?;
        let mut workers = Vec::new();
        for transport in transports {
            workers.push(Worker::start(settings, transport, placement.next_core())?);
        }
        for worker in &mut workers {
            worker.await_start()?;
        }
        Ok(Self { workers, spent: false })
    }

    /// Runs a batch.
    pub(super) fn run(&mut self, tasks: Range<u64>) -> Result<Digest> {
        self.spend(|workers| workers.batch(tasks))
    }

    /// Runs tasks as they come, each on the worker with the fewest.
    pub(super) fn run_as_due(&mut self, arrivals: Arrivals) -> Result<Digest> {
        self.spend(|workers| workers.as_due(arrivals))
    }

    fn spend(&mut self, run: impl FnOnce(&mut Self) -> Result<Fold>) -> Result<Digest> {
        if self.spent {
            return Err(ModelError::Died {
                who: "a worker process",
                how: "ended in an earlier batch".to_owned(),
            });
        }
        // A task may fail; workers of which one is lost, or its place in the protocol, are of no more use.
        self.spent = true;
        let fold = run(self)?;
        self.spent = false;
        fold.finish()
    }

    /// Has all of them end, and waits for that.
    pub(super) fn stop(self) -> Result<()> {
        // Every socket is closed before the first worker is waited for, so that they end at the same time.
        let processes: Vec<_> = self.workers.into_iter().map(|worker| worker.process).collect();
        join_all(processes)
    }

    fn batch(&mut self, mut tasks: Range<u64>) -> Result<Fold> {
        let mut missing = tasks.end - tasks.start;
        let mut fold = Fold::default();
        while missing > 0 {
            self.feed(&mut tasks)?;
            missing -= self.exchange(None, &mut fold)?;
        }
        Ok(fold)
    }

    fn as_due(&mut self, mut arrivals: Arrivals) -> Result<Fold> {
        let mut missing = arrivals.tasks();
        let mut fold = Fold::default();
        let mut due = VecDeque::new();
        while missing > 0 {
            due.extend(std::iter::from_fn(|| arrivals.take_due()));
            // Behind the task that a worker runs none waits: the next is for whichever is free first.
            while let Some(worker) = self.workers.iter_mut().min_by_key(|worker| worker.queued)
                && worker.queued < worker.slots
                && let Some(index) = due.pop_front()
            {
                worker.request(index);
                worker.send()?;
            }
            missing -= self.exchange(arrivals.until_next(), &mut fold)?;
        }
        Ok(fold)
    }

    /// Waits for the sockets, at most so long, and serves those that are ready; how many tasks were answered.
    fn exchange(&mut self, timeout: Option<Duration>, fold: &mut Fold) -> Result<u64> {
        let ready = self.await_sockets(timeout)?;
        let mut answered = 0;
        for (worker, flags) in self.workers.iter_mut().zip(ready) {
            if flags.contains(PollFlags::OUT) {
                worker.send()?;
            }
            if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                answered += worker.receive(fold)?;
            }
        }
        Ok(answered)
    }

    /// Tops up the queue of every worker.
    fn feed(&mut self, tasks: &mut Range<u64>) -> Result<()> {
        let workers = self.workers.len() as u64;
        for (fed, worker) in (0..).zip(&mut self.workers) {
            let left = tasks.end - tasks.start;
            match worker.dispatch {
                Dispatch::Single => {
                    let more = top_up(worker.queued, worker.slots, single(left, workers));
                    for index in tasks.by_ref().take(more as usize) {
                        worker.request(index);
                        worker.send()?;
                    }
                }
                Dispatch::Chunked => {
                    // A worker is never left with a free slot for want of tasks, unless the others would have none then.
                    let share = left.div_ceil(workers - fed).min(worker.slots);
                    let depth = depth(left, workers, DEEPEST_QUEUE).max(share);
                    let more = top_up(worker.queued, worker.slots, depth);
                    tasks.by_ref().take(more as usize).for_each(|index| worker.request(index));
                    worker.send()?;
                }
            }
        }
        Ok(())
    }

    fn await_sockets(&self, timeout: Option<Duration>) -> Result<Vec<PollFlags>> {
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let interest = |worker: &Worker| match worker.outgoing.is_empty() {
            true => PollFlags::IN,
            false => PollFlags::IN | PollFlags::OUT,
        };
        let mut sockets: Vec<_> = self
            .workers
            .iter()
            .map(|worker| PollFd::from_borrowed_fd(worker.socket.as_fd(), interest(worker)))
            .collect();
        loop {
            match poll(&mut sockets, timeout.as_ref()) {
                Ok(_) => return Ok(sockets.iter().map(PollFd::revents).collect()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    return Err(ModelError::System { what: "wait for a worker", source: error.into() });
                }
            }
        }
    }
}

impl Worker {
    fn start(settings: &Settings, transport: Transport, core: Option<usize>) -> Result<Self> {
        let (socket, theirs) = UnixStream::pair().map_err(ModelError::system("make a socket pair"))?;
        let role = Role::PoolWorker { task_spec: settings.task_spec.clone(), transport, core };
        let mut command = role.command();
        command.stdin(OwnedFd::from(theirs)).stdout(std::io::stderr());
        let (dispatch, slots) = match transport {
            Transport::Frames { dispatch } => (dispatch, 1),
            Transport::Rings { .. } => (Dispatch::Chunked, 1),
            Transport::Threads { threads } => (Dispatch::Chunked, threads as u64),
            Transport::Coroutines => (Dispatch::Chunked, u64::MAX),
        };
        Ok(Self {
            process: Child::spawn(&mut command, "a worker process")?,
            socket,
            outgoing: Vec::new(),
            incoming: Frames::default(),
            dispatch,
            slots,
            queued: 0,
        })
    }

    /// A worker says one byte as soon as it is ready.
    fn await_start(&mut self) -> Result<()> {
        let read = self.socket.read(&mut [0]).map_err(ModelError::system("wait for a worker's start"))?;
        if read == 0 {
            return Err(self.process.lost());
        }
        self.socket.set_nonblocking(true).map_err(ModelError::system("make a socket non-blocking"))
    }

    /// Puts a request into the next message.
    fn request(&mut self, index: u64) {
        encode_request(index, &mut self.outgoing);
        self.queued += 1;
    }

    fn send(&mut self) -> Result<()> {
        while !self.outgoing.is_empty() {
            match self.socket.write(&self.outgoing) {
                Ok(written) => drop(self.outgoing.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                    return Err(self.process.lost());
                }
                Err(source) => {
                    return Err(ModelError::System { what: "send to a worker", source });
                }
            }
        }
        Ok(())
    }

    /// Takes what has arrived; returns how many tasks it answers.
    fn receive(&mut self, fold: &mut Fold) -> Result<u64> {
        let mut buffer = [0; 16384];
        let read = match self.socket.read(&mut buffer) {
            Ok(0) => return Err(self.process.lost()),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(0);
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(self.process.lost()),
            Err(source) => {
                return Err(ModelError::System { what: "receive from a worker", source });
            }
        };
        self.incoming.extend(&buffer[..read]);
        let mut answered = 0;
        while let Some(frame) = self.incoming.next()? {
            let reply = Reply::decode(frame)?;
            fold.push(reply.index, reply.into_result());
            answered += 1;
        }
        self.queued = self.queued.checked_sub(answered).ok_or_else(|| ModelError::Protocol {
            who: "a worker process",
            what: "more replies than requests".to_owned(),
        })?;
        Ok(answered)
    }
}
