//! Latency: how long tasks take that come at a rate, whatever has become of those before them, and which rate is sustained.

mod analyse;
mod capacity;
mod findings;
mod knee;
mod observe;
mod plan;
mod schedule;
mod section;

use std::time::Duration;

use concbench_stats::FEWEST_FOR_P99;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Histogram, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use capacity::Capacity;
use findings::ModelLatency;
use schedule::Spacing;

/// How often each load is put on each model, unless the run has fewer blocks.
const MOST_ROUNDS: u32 = 3;
/// The fewest tasks that a 90th percentile is taken from.
const FEWEST_FOR_P90: u64 = 20;

/// Latency under an open load, and the rate that is sustained.
#[derive(Debug)]
pub(crate) struct Latency;

/// A load on a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The workload's name.
    pub(crate) workload: String,
    /// The model's id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// How many workers it has.
    pub(crate) workers: u64,
    /// The load: `closed` for batches one after the other; else how many tasks are due, as a share of what the model
    /// sustains or each second, with `poisson` before it where they come as chance has it.
    pub(crate) load: String,
    /// The share of what the model sustains, 0 to 1; `null` for other loads.
    pub(crate) share: Option<f64>,
    /// The rate that is the same for every model; `null` for other loads.
    pub(crate) rate_per_s: Option<f64>,
}

impl Cell {
    /// What the ids of all loads on this model begin with.
    fn prefix(&self) -> String {
        format!("{}/{}", Latency::ID, self.ranked())
    }

    /// The cell of the definition whose model it is.
    fn ranked(&self) -> String {
        format!("{}/{}@{}", self.workload, self.model, self.workers)
    }

    /// The name of what its model sustains.
    fn capacity(&self) -> String {
        format!("{}/capacity", self.prefix())
    }

    fn spacing(&self) -> Spacing {
        if self.load.starts_with("poisson") { Spacing::Poisson } else { Spacing::Constant }
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("{}/{}", self.prefix(), self.load)
    }

    fn workload(&self) -> Option<&str> {
        Some(&self.workload)
    }

    fn group(&self) -> &str {
        ""
    }

    fn blocks(&self, of_run: u32) -> u32 {
        of_run.min(MOST_ROUNDS)
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Find the rate that is sustained.
    Capacity,
    /// Batch after batch, until so much time has passed: a closed load.
    Closed {
        /// How much.
        at_least_ns: u64,
    },
    /// One task after the other, each when it is due.
    Open {
        /// How many.
        tasks: u64,
        /// How many each second.
        rate_per_s: f64,
        /// How far apart.
        spacing: Spacing,
        /// What decides that where it is chance.
        seed: u64,
    },
}

/// What became of a load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many tasks were due each second; `null` where they came as they ended.
    pub(crate) rate_per_s: Option<f64>,
    /// How many were due, and done.
    pub(crate) tasks: u64,
    /// From when the first was due until the last was done, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// How many were done each second, from when a tenth of them was due until nine tenths were done.
    pub(crate) done_per_s: f64,
    /// How many the dispatcher gave away more than a millisecond after they were due, or asked for if that was later.
    pub(crate) late: u64,
    /// By how much it was late with one in a hundred, in nanoseconds; `null` where it had nothing to give.
    pub(crate) late_p99_ns: Option<u64>,
    /// How many were begun more than a millisecond after the model had them.
    pub(crate) queued: u64,
    /// The CPU time of the runner and all processes below it, in nanoseconds; `null` where `cpu_reason` says why not.
    pub(crate) cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
    /// The share of the time in which the HTTP target computed, 0 to 1; `null` for a target of the user's, or where the
    /// kernel does not say.
    pub(crate) target_busy: Option<f64>,
    /// How many cores the model kept busy before the load, when it had nothing to do; `null` for most observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idle_cpu: Option<f64>,
    /// The search for the rate that is sustained, of whose fastest rate the rest is; `null` for a load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capacity: Option<Capacity>,
    /// The latencies in nanoseconds, as HdrHistogram writes them (V2, deflated, base64): from when a task was due, and
    /// from when it was begun where none was due at a time of its own.
    pub(crate) latency: Histogram,
}

impl Observation {
    /// Whether the dispatcher was so late that this was another load than it says.
    fn is_late(&self) -> bool {
        self.late as f64 > observe::MOST_LATE * self.tasks as f64
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let counts = self.latency.counts();
        let share = |of: u64| self.rate_per_s.map(|_| of as f64 / self.tasks.max(1) as f64);
        vec![
            Response::maybe("p50_ns", counts.quantile_of(1, 0.5)),
            Response::maybe("p90_ns", counts.quantile_of(FEWEST_FOR_P90, 0.9)),
            Response::maybe("p99_ns", counts.quantile_of(FEWEST_FOR_P99, 0.99)),
            Response::maybe("rate_per_s", self.rate_per_s),
            Response::one("done_per_s", self.done_per_s),
            Response::maybe("task_cpu_ns", self.cpu_ns.map(|cpu| cpu as f64 / self.tasks.max(1) as f64)),
            Response::maybe("queued_share", share(self.queued)),
            Response::maybe("late_share", share(self.late)),
            Response::maybe("target_busy", self.target_busy),
        ]
    }
}

impl Experiment for Latency {
    const ID: &'static str = "latency";
    const QUESTION: &'static str = "how long do tasks take when they come at a rate?";
    const HEADLINES: &'static [&'static str] = &["p50_ns", "p99_ns", "task_cpu_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<ModelLatency>;

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

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<ModelLatency> {
        analyse::analyse(measured)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
