use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use ::rayon::current_thread_index;
use ::rayon::iter::{IntoParallelIterator, ParallelIterator};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings,
    Sizing, Threads, Waiting, attempt_blocking, limits,
};
use concbench_workloads::Workload;
use crossbeam_channel::{Receiver, unbounded};

/// A rayon pool of its own, not the global one, whose threads cannot be counted or stopped.
#[derive(Debug)]
pub(super) struct Pool {
    threads: Arc<::rayon::ThreadPool>,
    /// One message from each worker as it ends.
    ended: Receiver<()>,
}

impl Pool {
    pub(super) fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let placement = Placement::of(settings)?;
        let mut builder = ::rayon::ThreadPoolBuilder::new().num_threads(settings.workers);
        if let Some(bytes) = settings.stack_bytes {
            builder = builder.stack_size(bytes);
        }
        let (ending, ended) = unbounded();
        let threads = builder
            .start_handler(move |_| placement.place())
            .exit_handler(move |_| {
                // Nobody listens any more if the model was dropped without a stop.
                let _ = ending.send(());
            })
            .build()
            .map_err(|error| ModelError::system("start the rayon pool")(io::Error::other(error)))?;
        Ok(Self { threads: Arc::new(threads), ended })
    }

    pub(super) fn threads(&self) -> &Arc<::rayon::ThreadPool> {
        &self.threads
    }

    /// Dropping a rayon pool only asks its threads to end: stopping includes that they have.
    pub(super) fn stop(self) {
        let workers = self.threads.current_num_threads();
        drop(self.threads);
        self.ended.iter().take(workers).for_each(drop);
    }
}

/// A rayon pool; each task is a job of its own in one scope, and each worker folds what its jobs return.
///
/// Not a parallel iterator: that hands out ranges of tasks, and this hands out single ones.
#[derive(Debug)]
pub(crate) struct Rayon {
    pool: Pool,
}

impl Model for Rayon {
    const INFO: ModelInfo = ModelInfo {
        id: "rayon",
        family: Family::Pools,
        summary: "a fixed number of threads that steal work from each other",
        right_when: "tasks compute, the more so if they are many and small",
        elsewhere: "Java ForkJoinPool; Python has none",
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

    type Shared = Threads;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { pool: Pool::start(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let threads = self.pool.threads();
        let folds: Vec<Own> = (0..threads.current_num_threads()).map(|_| Own::default()).collect();
        threads.scope(|scope| {
            for index in tasks {
                let (folds, workload) = (&folds, workload.as_ref());
                scope.spawn(move |_| {
                    let result = attempt_blocking(workload, index);
                    let worker = current_thread_index().expect("a job of the pool runs on a thread of it");
                    folds[worker].0.lock().unwrap_or_else(PoisonError::into_inner).push(index, result);
                });
            }
        });
        let folds = folds.into_iter().map(|own| own.0.into_inner().unwrap_or_else(PoisonError::into_inner));
        folds.fold(Fold::default(), Fold::merge).finish()
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let fold = Mutex::new(Fold::default());
        // In place: the thread that waits for arrivals is none of the pool.
        self.pool.threads().in_place_scope(|scope| {
            for index in arrivals {
                let (fold, workload) = (&fold, workload.as_ref());
                scope.spawn(move |_| {
                    let result = attempt_blocking(workload, index);
                    fold.lock().unwrap_or_else(PoisonError::into_inner).push(index, result);
                });
            }
        });
        fold.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
    }

    fn stop(self) -> Result<()> {
        self.pool.stop();
        Ok(())
    }
}

/// What the tasks of one worker have come to: only that worker takes the lock, and no other writes to its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Own(Mutex<Fold>);

/// A rayon pool that splits the range of tasks by itself.
#[derive(Debug)]
pub(crate) struct RayonIter {
    pool: Pool,
}

impl Model for RayonIter {
    const INFO: ModelInfo = ModelInfo {
        id: "rayon-iter",
        family: Family::Pools,
        summary: "a parallel iterator: the work-stealing threads split the range of tasks, and fold as they go",
        right_when: "the tasks are known beforehand and so small that handing out single ones costs more than they do",
        elsewhere: "Java parallel streams; Python Pool.map with large chunks",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Chunked,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "vm.max_map_count", "kernel.threads-max"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = Threads;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { pool: Pool::start(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let step = |mut fold: Fold, index| {
            fold.push(index, attempt_blocking(workload.as_ref(), index));
            fold
        };
        self.pool
            .threads()
            .install(|| tasks.into_par_iter().fold(Fold::default, step).reduce(Fold::default, Fold::merge))
            .finish()
    }

    fn stop(self) -> Result<()> {
        self.pool.stop();
        Ok(())
    }
}
