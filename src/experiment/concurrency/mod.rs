//! Concurrency: how many tasks have to be in flight until one kind of model is ahead of another.

mod analyse;
mod findings;
mod map;
mod observe;
mod plan;
mod section;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::BatchObservation;
use crate::model::Family;
use crate::record::{Factors, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use findings::Findings;

/// Tasks that compute, wait and compute, from one to a hundred thousand of them in flight.
#[derive(Debug)]
pub(crate) struct Concurrency;

/// So many tasks of one kind under a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// What a task does, in words: `20ms` waits, `20ms+200us` computes as well.
    pub(crate) work: String,
    /// How long a task waits, in nanoseconds.
    pub(crate) wait_ns: u64,
    /// How long it computes when it is all there is: half before it waits and half after, in nanoseconds.
    pub(crate) compute_ns: u64,
    /// How many are in flight at once, where the model can.
    pub(crate) tasks: u64,
    /// The model's id.
    pub(crate) model: String,
    /// The family that the model belongs to.
    pub(crate) family: Family,
    /// How many workers the model has.
    pub(crate) workers: u64,
    /// Where that number comes from: `cores`, `tasks`, or a number.
    pub(crate) workers_rule: String,
}

impl Cell {
    /// A model with its number of workers, as ids have it.
    fn sized_model(&self) -> String {
        format!("{}@{}", self.model, self.workers_rule)
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        // One worker for each core may be 2 here and 64 there: the rule makes it the same cell.
        format!("{}/{}/{}/{}", Concurrency::ID, self.work, self.tasks, self.sized_model())
    }

    fn group(&self) -> &str {
        &self.work
    }

    fn blocks(&self, of_run: u32) -> u32 {
        plan::rounds(of_run)
    }
}

/// What a runner is asked to do: start the model, run one cold batch and so many warm ones, stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    warm: u32,
    /// The least time that a batch can take on this machine, in nanoseconds.
    ideal_ns: u64,
    /// Whether tasks note that they began late.
    noted: bool,
}

/// What one fresh runner saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// The batches.
    #[serde(flatten)]
    pub(crate) batch: BatchObservation,
    /// The least time that a batch can take on this machine, in nanoseconds: that of one task, or the computing of all
    /// shared out over all cores.
    pub(crate) ideal_ns: u64,
    /// How many tasks of all batches together began only when another of their batch had ended; `null` where none noted
    /// it.
    pub(crate) started_late: Option<u64>,
}

impl Observation {
    /// The CPU time of a task, in nanoseconds: that of a warm batch over its tasks.
    fn task_cpu_ns(&self) -> Option<f64> {
        Some(self.batch.cpu_ns()? / self.batch.tasks.max(1) as f64)
    }

    /// The most memory that was resident at once, in bytes.
    fn memory_bytes(&self) -> Option<f64> {
        self.batch.peak_rss_bytes.map(|bytes| bytes as f64)
    }

    /// A warm batch over the least time that it can take.
    fn over_ideal(&self) -> Option<f64> {
        Some(self.batch.steady_ns()? / self.ideal_ns.max(1) as f64)
    }

    /// The share of tasks that began only when another of their batch had ended, 0 to 1.
    fn late_share(&self) -> Option<f64> {
        let tasks = self.batch.tasks.saturating_mul(self.batch.batches());
        self.started_late.map(|late| late as f64 / tasks.max(1) as f64)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let own = [
            Response::maybe("over_ideal", self.over_ideal()),
            Response::maybe("task_cpu_ns", self.task_cpu_ns()),
            Response::maybe("started_late_share", self.late_share()),
        ];
        self.batch.responses().into_iter().chain(own).collect()
    }

    fn batches(&self) -> u64 {
        self.batch.batches()
    }
}

impl Experiment for Concurrency {
    const ID: &'static str = "concurrency";
    const QUESTION: &'static str = "from how many tasks in flight do coroutines win?";
    const HEADLINES: &'static [&'static str] = &["steady_ns", "task_cpu_ns", "peak_rss_bytes"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Findings;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        plan::next(scope, seen)
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(order, desk)
    }

    fn analyse(measured: &MeasuredOf<Self>, context: &Context<'_>) -> Findings {
        analyse::analyse(&measured.cells, context.run.margin)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
