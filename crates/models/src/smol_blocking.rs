use std::convert::identity;
use std::ops::Range;
use std::sync::Arc;

use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing,
    Threads, Waiting, attempt_blocking, limits,
};
use concbench_workloads::Workload;

use super::global::GlobalThreads;

/// The crate `blocking` starts at most this many threads.
static THREADS: GlobalThreads = GlobalThreads::counted_by("BLOCKING_MAX_THREADS");
/// The greatest number that it accepts: it takes its default of 500 instead of a greater one.
const MOST_THREADS: usize = 10_000;

/// An event loop on the thread that calls, which hands every task to the threads of the crate `blocking`.
#[derive(Debug)]
pub(crate) struct SmolBlocking;

impl Model for SmolBlocking {
    const INFO: ModelInfo = ModelInfo {
        id: "smol-blocking",
        family: Family::Hybrids,
        summary: "smol's `unblock`: an event loop hands each task to threads that come and go with the load",
        right_when: "a program on smol has to call something that blocks",
        elsewhere: "Python asyncio.to_thread",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: true,
        limits: &["nproc", "vm.max_map_count", "kernel.threads-max"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = Threads;

    fn start(settings: &Settings) -> Result<Self> {
        limit_threads(settings)?;
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let hand_over = |index| {
            let workload = Arc::clone(workload);
            ::smol::unblock(move || attempt_blocking(workload.as_ref(), index))
        };
        ::smol::future::block_on(Fold::join(tasks.clone(), tasks.map(hand_over).collect(), identity))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let spawn = |index| {
            let workload = Arc::clone(workload);
            ::smol::unblock(move || attempt_blocking(workload.as_ref(), index))
        };
        let tasks = arrivals.tasks();
        let running: Vec<_> = arrivals.map(spawn).collect();
        ::smol::future::block_on(Fold::join(0..tasks, running, identity))
    }

    fn stop(self) -> Result<()> {
        // The threads are global: each ends by itself after half a second without work.
        Ok(())
    }
}

/// Sets how many threads the crate `blocking` starts at most: it reads the number once, with its first task.
pub(super) fn limit_threads(settings: &Settings) -> Result<()> {
    if settings.workers > MOST_THREADS {
        return Err(ModelError::Unsupported(format!(
            "{} workers: the crate `blocking` starts {MOST_THREADS} threads at most; ask for fewer",
            settings.workers
        )));
    }
    limits::allow_threads(settings.workers)?;
    THREADS.set(settings)
}
