use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;
use std::task::Poll;

use ::tokio::runtime::Runtime;
use ::tokio::task::unconstrained;
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelInfo, Result, Settings, Sizing, Waiting, attempt,
};
use concbench_workloads::Workload;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::tokio::{TokioIo, current_thread, given_by_another_thread, parks};

/// All tasks of a batch inside one future, on tokio's event loop for the thread that calls.
///
/// No task is spawned: the one future polls those whose turn it is, so that a task costs a slot in a set and not an
/// allocation with a handle of its own.
#[derive(Debug)]
pub(crate) struct JoinAll {
    runtime: Runtime,
}

impl Model for JoinAll {
    const INFO: ModelInfo = ModelInfo {
        id: "join-all",
        family: Family::Coroutines,
        summary: "all tasks inside one future on one thread",
        right_when: "one function has many things to wait for, and hardly computes",
        elsewhere: "Python asyncio.gather; JavaScript Promise.all",
        sizing: Sizing::One,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: false,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nofile"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Tokio;

    fn start(_settings: &Settings) -> Result<Self> {
        Ok(Self { runtime: current_thread()? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let task = |index| async move { (index, attempt(workload.as_ref(), &TokioIo, index).await) };
        // Unconstrained: tokio would have the one future yield after 128 timers and sockets, and be polled from the start of
        // its set again, so that a hundred thousand of them took seconds to come round.
        self.runtime.block_on(unconstrained(async {
            let mut fold = Fold::default();
            let mut running: FuturesUnordered<_> = tasks.map(task).collect();
            while let Some((index, result)) = running.next().await {
                fold.push(index, result);
            }
            fold.finish()
        }))
    }

    fn parks(&self) -> Option<u64> {
        Some(parks(&self.runtime))
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let task = |index| async move { (index, attempt(workload.as_ref(), &TokioIo, index).await) };
        given_by_another_thread(arrivals, |mut due| {
            self.runtime.block_on(unconstrained(async {
                let mut fold = Fold::default();
                let mut running = FuturesUnordered::new();
                let mut more = true;
                while more || !running.is_empty() {
                    let came = poll_fn(|context| {
                        if more && let Poll::Ready(index) = due.poll_recv(context) {
                            return Poll::Ready(Came::Task(index));
                        }
                        match running.poll_next_unpin(context) {
                            Poll::Ready(Some((index, result))) => Poll::Ready(Came::Result(index, result)),
                            // None is under way, and what comes next wakes this one.
                            Poll::Ready(None) | Poll::Pending => Poll::Pending,
                        }
                    });
                    match came.await {
                        Came::Task(Some(index)) => running.push(task(index)),
                        Came::Task(None) => more = false,
                        Came::Result(index, result) => fold.push(index, result),
                    }
                }
                fold.finish()
            }))
        })
    }

    fn stop(self) -> Result<()> {
        drop(self.runtime);
        Ok(())
    }
}

/// What has come while tasks come and end.
enum Came {
    /// A task that is due; or that there are no more.
    Task(Option<u64>),
    /// What a task has come to.
    Result(u64, Result<u64>),
}
