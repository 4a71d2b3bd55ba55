use std::convert::identity;
use std::ops::Range;
use std::sync::Arc;

use ::async_std::task::spawn_blocking;
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelInfo, Result, Settings, Sizing, Threads, Waiting,
    attempt_blocking,
};
use concbench_workloads::Workload;

use super::smol_blocking::limit_threads;

/// An event loop on the thread that calls, which hands every task to async-std's threads for blocking work.
#[derive(Debug)]
pub(crate) struct AsyncStdBlocking;

impl Model for AsyncStdBlocking {
    const INFO: ModelInfo = ModelInfo {
        id: "async-std-blocking",
        family: Family::Hybrids,
        summary: "async-std's `spawn_blocking`: an event loop hands each task to threads that come and go with the load",
        right_when: "a program that is on async-std already has to call something that blocks",
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
        discontinued: Some("smol"),
    };

    type Shared = Threads;

    fn start(settings: &Settings) -> Result<Self> {
        limit_threads(settings)?;
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let hand_over = |index| {
            let workload = Arc::clone(workload);
            spawn_blocking(move || attempt_blocking(workload.as_ref(), index))
        };
        ::smol::future::block_on(Fold::join(tasks.clone(), tasks.map(hand_over).collect(), identity))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let spawn = |index| {
            let workload = Arc::clone(workload);
            spawn_blocking(move || attempt_blocking(workload.as_ref(), index))
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
