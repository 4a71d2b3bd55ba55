use std::ops::Range;
use std::sync::Arc;

use concbench_model::{
    Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings, Sizing,
    Threads, Waiting, attempt_blocking, limits,
};
use concbench_workloads::Workload;

/// Threads that last as long as a batch and borrow what they need: each runs a share that was fixed beforehand.
#[derive(Debug)]
pub(crate) struct ThreadScoped {
    settings: Settings,
    placement: Placement,
}

impl Model for ThreadScoped {
    const INFO: ModelInfo = ModelInfo {
        id: "thread-scoped",
        family: Family::Pools,
        summary: "`std::thread::scope`: a new thread for each worker in every batch, with a fixed share of the tasks",
        right_when: "tasks are known beforehand and alike, batches are long, and no library is wanted",
        elsewhere: "OpenMP schedule(static); Python threading.Thread, one for each slice of a list",
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
        limits::allow_threads(settings.workers)?;
        Ok(Self { settings: settings.clone(), placement: Placement::of(settings)? })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let mut refused = None;
        let mut fold = Fold::default();
        std::thread::scope(|scope| {
            let mut running = Vec::with_capacity(self.settings.workers);
            for share in shares(tasks, self.settings.workers) {
                let (workload, placement) = (workload.as_ref(), &self.placement);
                let body = move || {
                    placement.place();
                    share.map(|index| (index, attempt_blocking(workload, index))).collect::<Fold>()
                };
                match self.settings.thread_builder().spawn_scoped(scope, body) {
                    Ok(thread) => running.push(thread),
                    Err(source) => {
                        refused = Some(ModelError::System { what: "start a thread", source });
                        break;
                    }
                }
            }
            for thread in running {
                match thread.join() {
                    Ok(share) => fold = std::mem::take(&mut fold).merge(share),
                    Err(_) => {
                        let how = "panicked outside of its tasks".to_owned();
                        refused = Some(ModelError::Died { who: "a thread", how });
                    }
                }
            }
        });
        refused.map_or_else(|| fold.finish(), Err)
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}

/// The shares of so many workers, of which none is empty and none two tasks longer than another.
fn shares(tasks: Range<u64>, workers: usize) -> impl Iterator<Item = Range<u64>> {
    let count = tasks.end - tasks.start;
    let workers = (workers as u64).min(count);
    let (each, longer) = (count.checked_div(workers).unwrap_or(0), count.checked_rem(workers).unwrap_or(0));
    let start = move |worker: u64| tasks.start + worker * each + worker.min(longer);
    (0..workers).map(move |worker| start(worker)..start(worker + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_are_the_tasks_in_their_order_and_alike(start in 0u64..1000, count in 0u64..10_000, workers in 1usize..100) {
            let shares: Vec<_> = shares(start..start + count, workers).collect();
            let all: Vec<u64> = shares.iter().cloned().flatten().collect();
            prop_assert_eq!(all, (start..start + count).collect::<Vec<_>>());
            let lengths: Vec<u64> = shares.iter().map(|share| share.end - share.start).collect();
            prop_assert_eq!(lengths.len() as u64, count.min(workers as u64));
            prop_assert!(lengths.iter().max().unwrap_or(&1) - lengths.iter().min().unwrap_or(&1) <= 1);
        }
    }
}
