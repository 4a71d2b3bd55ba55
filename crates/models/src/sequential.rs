use std::ops::Range;
use std::sync::Arc;

use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelInfo, Result, Settings, Sizing, Threads, Waiting,
    attempt_blocking,
};
use concbench_workloads::Workload;

/// One task after the other on the thread that calls: what every other model has to beat.
#[derive(Debug)]
pub(crate) struct Sequential;

impl Model for Sequential {
    const INFO: ModelInfo = ModelInfo {
        id: "sequential",
        family: Family::Baseline,
        summary: "one task after the other on one thread",
        right_when: "the tasks are so small that handing them out costs more than doing them",
        elsewhere: "a plain for loop",
        sizing: Sizing::One,
        waiting: Waiting::Workers,
        dispatch: Dispatch::Single,
        all_cores: false,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &[],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = Threads;

    fn start(_settings: &Settings) -> Result<Self> {
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let mut digest = Digest::default();
        for index in tasks {
            digest.add(index, attempt_blocking(workload.as_ref(), index)?);
        }
        Ok(digest)
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        Fold::over(arrivals.map(|index| (index, attempt_blocking(workload.as_ref(), index))))
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}
