//! Worker processes that share memory with their parent: a ring for requests and one for replies each.

pub(super) mod hostile;
mod memory;
mod message;
mod worker;

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use concbench_model::process::{Child, Role, Transport, join_all};
use concbench_model::ring::{Cursor, Damaged, Patience, wake_up};
use concbench_model::{
    Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings, Sizing,
    Waiting, limits,
};
use concbench_workloads::Workload;

use super::feed::{depth, top_up};
use memory::{Memory, REQUESTS};
use message::Message;
pub(super) use worker::serve;

/// Worker processes that stay, each on two rings in shared memory.
#[derive(Debug)]
pub(crate) struct ProcessPoolShm {
    workers: Vec<Worker>,
    memory: Memory,
    patience: Patience,
    spent: bool,
}

/// The most tasks that wait at one worker: as many as its ring holds.
const DEEPEST_QUEUE: u64 = REQUESTS as u64;
/// How long the parent sleeps at most before it looks whether a worker has died: memory, unlike a socket, does not say
/// so.
const LOOK_AFTER: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct Worker {
    process: Child,
    requests: Cursor,
    replies: Cursor,
    /// Tasks that it has and has not answered.
    queued: u64,
}

impl Model for ProcessPoolShm {
    const INFO: ModelInfo = ModelInfo {
        id: "process-pool-shm",
        family: Family::Pools,
        summary: "a fixed number of worker processes on rings in shared memory",
        right_when: "processes must be apart, and tasks are too small for sockets between them",
        elsewhere: "Python multiprocessing with shared_memory, and a queue of one's own",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
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

    type Shared = concbench_sharing::Processes;

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_processes(settings.workers)?;
        let placement = Placement::of(settings)?;
        let (memory, file) =
            Memory::create(settings.workers).map_err(ModelError::system("make shared memory"))?;
        let mut model = Self {
            workers: Vec::with_capacity(settings.workers),
            memory,
            patience: Patience::for_workers(settings.workers),
            spent: false,
        };
        for worker in 0..settings.workers {
            let transport = Transport::Rings { worker, workers: settings.workers, spin: model.patience.spin };
            let file = file.try_clone();
            let file = file.map_err(ModelError::system("share memory with a worker process"))?;
            model.workers.push(Worker::start(settings, transport, file, placement.next_core())?);
        }
        model.await_start()?;
        Ok(model)
    }

    fn run<W: Workload>(&mut self, _workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        if self.spent {
            return Err(ModelError::Died {
                who: "a worker process",
                how: "ended in an earlier batch".to_owned(),
            });
        }
        // A task may fail; a pool that lost a worker, or its place in a ring, is of no more use.
        self.spent = true;
        let fold = self.batch(tasks)?;
        self.spent = false;
        fold.finish()
    }

    fn stop(self) -> Result<()> {
        self.memory.close();
        (0..self.workers.len()).for_each(|worker| wake_up::notify(self.memory.wake_up_of(worker)));
        join_all(self.workers.into_iter().map(|worker| worker.process))
    }
}

impl ProcessPoolShm {
    fn await_start(&mut self) -> Result<()> {
        for number in 0..self.workers.len() {
            while self.memory.replies(number).available(&mut self.workers[number].replies)? == 0 {
                self.wait()?;
            }
            let (ring, replies) = (self.memory.replies(number), &mut self.workers[number].replies);
            let Message::Started = message::decode(&ring, replies)? else {
                return Err(Damaged.into());
            };
            ring.release(replies);
        }
        Ok(())
    }

    fn batch(&mut self, mut tasks: Range<u64>) -> Result<Fold> {
        let mut missing = tasks.end - tasks.start;
        let mut fold = Fold::default();
        while missing > 0 {
            self.feed(&mut tasks)?;
            match self.collect(&mut fold)? {
                0 => self.wait()?,
                answered => {
                    missing = missing.checked_sub(answered).ok_or(Damaged)?;
                }
            }
        }
        Ok(fold)
    }

    /// Tops up the queue of every worker.
    fn feed(&mut self, tasks: &mut Range<u64>) -> Result<()> {
        let workers = self.workers.len() as u64;
        for (number, worker) in self.workers.iter_mut().enumerate() {
            let left = tasks.end - tasks.start;
            let more = top_up(worker.queued, 1, depth(left, workers, DEEPEST_QUEUE)).min(left);
            if more == 0 {
                continue;
            }
            let ring = self.memory.requests(number);
            if !ring.fits(&mut worker.requests, more)? {
                return Err(Damaged.into());
            }
            for index in tasks.by_ref().take(more as usize) {
                ring.push(&mut worker.requests, index);
            }
            ring.publish(&worker.requests);
            worker.queued += more;
            wake_up::notify(self.memory.wake_up_of(number));
        }
        Ok(())
    }

    /// Takes all replies that are there; returns how many.
    fn collect(&mut self, fold: &mut Fold) -> Result<u64> {
        let mut collected = 0;
        for (number, worker) in self.workers.iter_mut().enumerate() {
            let ring = self.memory.replies(number);
            let mut answered = 0;
            ring.available(&mut worker.replies)?;
            while worker.replies.has_more() {
                let Message::Reply(index, result) = message::decode(&ring, &mut worker.replies)? else {
                    return Err(Damaged.into());
                };
                fold.push(index, result);
                answered += 1;
            }
            if answered > 0 {
                ring.release(&worker.replies);
                // It may be waiting for space.
                wake_up::notify(self.memory.wake_up_of(number));
                worker.queued = worker.queued.checked_sub(answered).ok_or(Damaged)?;
                collected += answered;
            }
        }
        Ok(collected)
    }

    /// Waits until a worker has said something, and looks after them meanwhile.
    fn wait(&mut self) -> Result<()> {
        let (memory, workers) = (&self.memory, &mut self.workers);
        let mut said = || {
            let mut workers = workers.iter_mut().enumerate();
            workers.any(|(number, worker)| memory.replies(number).available(&mut worker.replies) != Ok(0))
        };
        self.patience.wait(memory.parents_wake_up(), Some(LOOK_AFTER), &mut said);
        if !said() {
            for worker in &mut self.workers {
                worker.process.death()?.map_or(Ok(()), Err)?;
            }
        }
        Ok(())
    }
}

impl Worker {
    fn start(
        settings: &Settings,
        transport: Transport,
        memory: OwnedFd,
        core: Option<usize>,
    ) -> Result<Self> {
        let role = Role::PoolWorker { task_spec: settings.task_spec.clone(), transport, core };
        let mut command = role.command();
        command.stdin(memory).stdout(std::io::stderr());
        Ok(Self {
            process: Child::spawn(&mut command, "a worker process")?,
            requests: Cursor::default(),
            replies: Cursor::default(),
            queued: 0,
        })
    }
}
