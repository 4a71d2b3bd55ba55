use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings,
    Sizing, Waiting, attempt_blocking, limits,
};
use concbench_workloads::Workload;
use crossbeam_channel::{Sender, bounded, unbounded};

use super::chunk::chunk;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs from one shared queue: the executor of the textbooks.
#[derive(Debug)]
pub(crate) struct ThreadPool {
    threads: Threads,
}

impl Model for ThreadPool {
    const INFO: ModelInfo = ModelInfo {
        id: "thread-pool",
        family: Family::Pools,
        summary: "a fixed number of threads on one shared queue",
        right_when: "tasks compute for tens of microseconds or more, or block and are bounded in number",
        elsewhere: "Python ThreadPoolExecutor, multiprocessing.pool.ThreadPool; Java newFixedThreadPool",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "vm.max_map_count", "kernel.threads-max"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_model::Threads;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { threads: Threads::start(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.queue_each(workload, tasks.end - tasks.start, tasks)
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        self.queue_each(workload, arrivals.tasks(), arrivals)
    }

    fn stop(self) -> Result<()> {
        self.threads.stop()
    }
}

impl ThreadPool {
    /// Queues a job for each of `tasks`, of which there are so many, as they come.
    fn queue_each<W: Workload>(
        &self,
        workload: &Arc<W>,
        count: u64,
        tasks: impl Iterator<Item = u64>,
    ) -> Result<Digest> {
        let (results, returned) = bounded(count as usize);
        for index in tasks {
            let (workload, results) = (Arc::clone(workload), results.clone());
            self.threads.queue(move || {
                // The channel holds the results of all; it is closed only if they were given up already.
                let _ = results.send((index, attempt_blocking(workload.as_ref(), index)));
            })?;
        }
        drop(results);
        Fold::over(returned.iter())
    }
}

/// The same threads, whose jobs are chunks of a batch.
#[derive(Debug)]
pub(crate) struct ThreadPoolChunked {
    threads: Threads,
}

impl Model for ThreadPoolChunked {
    const INFO: ModelInfo = ModelInfo {
        id: "thread-pool-chunked",
        summary: "a fixed number of threads on one shared queue of chunks of tasks",
        right_when: "tasks are known beforehand and so small that queueing single ones costs more than they do",
        elsewhere: "Python multiprocessing.pool.ThreadPool.map; OpenMP schedule(guided)",
        dispatch: Dispatch::Chunked,
        default: false,
        ..ThreadPool::INFO
    };

    type Shared = concbench_model::Threads;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { threads: Threads::start(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, mut tasks: Range<u64>) -> Result<Digest> {
        let (folds, returned) = unbounded();
        while !tasks.is_empty() {
            let size = chunk(tasks.end - tasks.start, self.threads.threads.len() as u64);
            let chunk = tasks.start..tasks.start + size;
            tasks.start = chunk.end;
            let (workload, folds) = (Arc::clone(workload), folds.clone());
            self.threads.queue(move || {
                let results = chunk.map(|index| (index, attempt_blocking(workload.as_ref(), index)));
                // Nobody listens any more only if the batch was given up already.
                let _ = folds.send(results.collect::<Fold>());
            })?;
        }
        drop(folds);
        returned.iter().fold(Fold::default(), Fold::merge).finish()
    }

    fn stop(self) -> Result<()> {
        self.threads.stop()
    }
}

/// Threads that run what is queued.
#[derive(Debug)]
struct Threads {
    jobs: Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let (queue, jobs) = unbounded::<Job>();
        let placement = Placement::of(settings)?;
        let mut threads = Vec::with_capacity(settings.workers);
        for _ in 0..settings.workers {
            let jobs = jobs.clone();
            let placement = placement.clone();
            let thread = settings.thread_builder().spawn(move || {
                placement.place();
                jobs.iter().for_each(|job| job());
            });
            threads.push(thread.map_err(ModelError::system("start a worker thread"))?);
        }
        Ok(Self { jobs: queue, threads })
    }

    fn queue(&self, job: impl FnOnce() + Send + 'static) -> Result<()> {
        let lost = |_| ModelError::Died { who: "the thread pool", how: "lost all its threads".to_owned() };
        self.jobs.send(Box::new(job)).map_err(lost)
    }

    fn stop(self) -> Result<()> {
        drop(self.jobs);
        for thread in self.threads {
            thread
                .join()
                .map_err(|_| ModelError::Died { who: "a worker thread", how: "panicked".to_owned() })?;
        }
        Ok(())
    }
}
