//! Workloads and cells beside each other, as analyses and reports read them.

use concbench_workloads::{Class, Kernel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::analyse::{ClassRanking, MARGIN, TaskCost};
use super::observation::cpu_per_batch;
use super::{BatchCell, BatchObservation, Comparison, ModelTimer, WorkloadVerdict};
use crate::model::{Dispatch, Family};
use crate::record::{BlockNoise, CellRecord, Estimate, Observed, Status};

/// Workloads, each under many models: what was observed, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// How many cores the run could use.
    pub cores: u64,
    /// How many blocks were planned.
    pub blocks: u32,
    /// The margin, as a fraction: what is smaller does not count as a difference.
    pub margin: f64,
    /// What was measured, in the order of the definitions.
    pub workloads: Vec<WorkloadRecord>,
    /// Under what, in the order of the definitions.
    pub cells: Vec<SheetCell>,
    /// How late tasks wake under each model; empty where nobody looked.
    pub timers: Vec<ModelTimer>,
    /// What else the machine did, block by block.
    pub noise: Vec<BlockNoise>,
    /// Ratios of two cells of one workload.
    pub comparisons: Vec<Comparison>,
    /// One answer for each workload.
    pub verdicts: Vec<WorkloadVerdict>,
    /// How the models stand in each class of work.
    pub rankings: Vec<ClassRanking>,
    /// What a task costs that does nothing, and what a batch.
    pub task_costs: Vec<TaskCost>,
}

impl Default for Sheet {
    fn default() -> Self {
        Self {
            cores: 0,
            blocks: 0,
            margin: MARGIN,
            workloads: Vec::new(),
            cells: Vec::new(),
            timers: Vec::new(),
            noise: Vec::new(),
            comparisons: Vec::new(),
            verdicts: Vec::new(),
            rankings: Vec::new(),
            task_costs: Vec::new(),
        }
    }
}

impl Sheet {
    /// Whether a block of a workload broke the limits of the environment gate, and was kept.
    pub(crate) fn is_breached(&self, workload: &str, block: u32) -> bool {
        self.noise.iter().any(|of| of.group == workload && of.block == block && of.breach.is_some())
    }
}

/// One cell of a sheet: workload x model x workers.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetCell {
    /// `factorial/rayon@2`; the A/A twin of a cell adds `+twin`.
    pub id: String,
    /// The workload's name.
    pub workload: String,
    /// The model's id.
    pub model: String,
    /// The family that the model belongs to.
    pub family: Family,
    /// How the model hands out its tasks.
    pub dispatch: Dispatch,
    /// How many workers the model had.
    pub workers: u64,
    /// Where that number comes from: `cores`, `tasks`, or a number.
    pub workers_rule: String,
    /// How many of its tasks can wait at once.
    pub concurrency: u64,
    /// Whether it is the A/A twin of the cell with the same id, without `+twin`.
    pub twin: bool,
    /// Whether it stands in the ranking, or only in the scaling chart.
    pub ranked: bool,
    /// How many tasks make a batch.
    pub tasks: u64,
    /// How it ended.
    pub status: Status,
    /// Why, for everything but `ok`.
    pub reason: Option<String>,
    /// The last lines that its runner wrote to standard error, for everything but `ok`.
    pub stderr_tail: Option<String>,
    /// The least time that this work can take with these workers on these cores, in nanoseconds a batch.
    pub ideal_ns: Option<u64>,
    /// Criterion's median, in nanoseconds a batch; `null` where criterion did not measure the cell.
    pub criterion_median_ns: Option<f64>,
    /// What each fresh runner saw, in the order of the blocks.
    pub observations: Vec<Observation>,
    /// What follows from the observations; `null` for everything but `ok`.
    pub summary: Option<CellSummary>,
}

/// What one fresh runner saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The block it belongs to, from 0.
    pub block: u32,
    /// Its position in the block, from 0.
    pub position: u32,
    /// Starting the model.
    pub startup_ns: u64,
    /// The first batch.
    pub cold_ns: u64,
    /// The batches after it, each by itself or, where they are many, each figure the mean of `warm_each` batches.
    pub warm_ns: Vec<u64>,
    /// Of how many batches each of them is the mean; 0 is 1.
    pub warm_each: u64,
    /// The CPU time that the warm batches took together, of the runner and of all processes below it.
    pub warm_cpu_ns: Option<u64>,
    /// How long the HTTP target that the tasks ask has computed meanwhile; `None` where they ask none of concbench's.
    pub target_cpu_ns: Option<u64>,
    /// Reading clocks of CPU time around the warm batches, judging what tasks share after each batch, and reading how much
    /// memory is held, before the stop.
    pub probe_ns: u64,
    /// Stopping the model.
    pub shutdown_ns: u64,
    /// From before the start to after the stop, by one pair of clock readings.
    pub wall_ns: u64,
    /// CPU time in user mode over its whole life, of the runner and of every process that it waited for.
    pub user_ns: Option<u64>,
    /// CPU time in the kernel, likewise.
    pub system_ns: Option<u64>,
    /// Context switches because something waited.
    pub voluntary_switches: Option<u64>,
    /// Context switches because the kernel took the core away.
    pub involuntary_switches: Option<u64>,
    /// The most memory that was resident at once, in bytes: the runner's peak, and the proportional share of each worker
    /// process at the end of the last batch.
    pub peak_rss_bytes: Option<u64>,
    /// Why there is no CPU time of the warm batches, if there is none.
    pub warm_cpu_reason: Option<String>,
    /// Why there is no CPU time of the runner's life, if there is none.
    pub usage_reason: Option<String>,
    /// Why there is no peak, if there is none.
    pub peak_rss_reason: Option<String>,
    /// How many tasks one batch completed; the same in every batch.
    pub tasks: u64,
    /// What the tasks of a batch returned, folded; equal to that of the sequential reference.
    pub digest: String,
}

impl Observation {
    /// Why a field is not known, if it is not.
    pub(crate) fn missing(&self, field: &str) -> Option<&str> {
        match field {
            "peak_rss_bytes" => self.peak_rss_reason.as_deref(),
            "warm_cpu_ns" => self.warm_cpu_reason.as_deref(),
            _ => self.usage_reason.as_deref(),
        }
    }

    /// The CPU time of a warm batch, in nanoseconds: their mean. `None` without any, or where it is not known.
    pub fn cpu_ns(&self) -> Option<f64> {
        cpu_per_batch(self.warm_cpu_ns, self.batches() - 1)
    }

    /// The time of a one-off job: start, first batch, stop. It stops at the largest number rather than wrap around.
    pub fn one_off_ns(&self) -> u64 {
        self.startup_ns.saturating_add(self.cold_ns).saturating_add(self.shutdown_ns)
    }

    /// How many batches it ran, the cold one among them.
    pub fn batches(&self) -> u64 {
        (self.warm_ns.len() as u64).saturating_mul(self.warm_each.max(1)).saturating_add(1)
    }

    /// All phases together: what the wall time is held against.
    pub fn phases_ns(&self) -> u64 {
        self.one_off_ns().saturating_add(self.all_warm_ns()).saturating_add(self.probe_ns)
    }

    /// In which share of the time of the warm batches the target computed that the tasks ask.
    pub(crate) fn target_busy(&self) -> Option<f64> {
        let all = self.all_warm_ns();
        self.target_cpu_ns.filter(|_| all > 0).map(|computed| (computed as f64 / all as f64).min(1.0))
    }

    fn all_warm_ns(&self) -> u64 {
        let warm = self.warm_ns.iter().fold(0, |sum: u64, &time| sum.saturating_add(time));
        warm.saturating_mul(self.warm_each.max(1))
    }
}

/// What follows from the observations of one cell. Times in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellSummary {
    /// A batch in steady state: the median of each observation's warm batches that count, over the observations.
    pub steady: Estimate,
    /// A one-off job: start, first batch, stop.
    pub one_off: Estimate,
    /// Starting the model.
    pub startup: Estimate,
    /// CPU time of a warm batch, of all processes together; `null` where no observation has it.
    pub cpu: Option<Estimate>,
    /// Peak resident memory, in bytes; likewise.
    pub peak_rss: Option<Estimate>,
    /// Steady time over the ideal one; 1 is perfect. `null` where no ideal is known.
    pub distance: Option<f64>,
}

/// A workload as it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadRecord {
    /// Its name, unique in the run.
    pub name: String,
    /// What its tasks mostly do.
    pub class: Class,
    /// What the case teaches: a line of its definition.
    pub teaches: String,
    /// Why it has this size: a line of its definition.
    pub why_this_size: String,
    /// How many tasks make a batch.
    pub tasks: u64,
    /// The kernel and its parameters; `null` for a workload that lives in a user's crate.
    pub kernel: Option<Kernel>,
    /// How long each task waits at least, in nanoseconds; 0 for a task that does not wait. For a user's workload what its
    /// tasks were seen to wait for.
    pub wait_ns: u64,
    /// How much of that is by the timer of its model.
    pub timer_ns: u64,
    /// A fingerprint of all that defines the work; runs whose fingerprints differ are not compared.
    pub hash: String,
}

impl SheetCell {
    /// The cell of an experiment that runs batches, as a sheet has it; nothing follows from it yet.
    pub(crate) fn of(cell: &CellRecord<BatchCell, BatchObservation>) -> Self {
        let factors = cell.factors.clone();
        Self {
            id: cell.id.clone(),
            workload: factors.workload,
            model: factors.model,
            family: factors.family,
            dispatch: factors.dispatch,
            workers: factors.workers,
            workers_rule: factors.workers_rule,
            concurrency: factors.concurrency,
            twin: factors.twin,
            ranked: factors.ranked,
            tasks: factors.tasks,
            status: cell.status,
            reason: cell.reason.clone(),
            stderr_tail: cell.stderr_tail.clone(),
            ideal_ns: None,
            criterion_median_ns: None,
            observations: cell.observations.iter().map(Observation::of).collect(),
            summary: None,
        }
    }
}

impl Observation {
    pub(crate) fn of(observed: &Observed<BatchObservation>) -> Self {
        let Observed { block, position, responses, usage, reason } = observed;
        let responses = responses.clone();
        Self {
            block: *block,
            position: *position,
            startup_ns: responses.startup_ns,
            cold_ns: responses.cold_ns,
            warm_ns: responses.warm_ns,
            warm_each: responses.warm_each,
            warm_cpu_ns: responses.warm_cpu_ns,
            warm_cpu_reason: responses.warm_cpu_reason,
            target_cpu_ns: responses.target_cpu_ns,
            probe_ns: responses.probe_ns,
            shutdown_ns: responses.shutdown_ns,
            wall_ns: responses.wall_ns,
            user_ns: usage.map(|usage| usage.user_ns),
            system_ns: usage.map(|usage| usage.system_ns),
            voluntary_switches: usage.map(|usage| usage.voluntary_switches),
            involuntary_switches: usage.map(|usage| usage.involuntary_switches),
            peak_rss_bytes: responses.peak_rss_bytes,
            usage_reason: reason.clone(),
            peak_rss_reason: responses.peak_rss_reason,
            tasks: responses.tasks,
            digest: responses.digest,
        }
    }
}
