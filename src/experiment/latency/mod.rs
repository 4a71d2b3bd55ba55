//! Latency: how long tasks take that are due at a fixed rate, whatever has become of those before them.

mod analyse;
mod findings;
mod observe;
mod plan;
mod section;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Histogram, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use findings::{Knee, LoadSummary, ModelLatency, OneIn, OpenLoad};

/// How often each load is put on each model, unless the run has fewer blocks.
const MOST_ROUNDS: u32 = 3;
/// The fewest tasks that a 90th and a 99th percentile are taken from.
const FEWEST_FOR_P90: u64 = 20;
const FEWEST_FOR_P99: u64 = 100;

/// Latency under an open load, and the rate at which it gives way.
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
    /// The load: `closed` for batches one after the other, else how many tasks are due of those that the model can do.
    pub(crate) load: String,
    /// The latter as a number, 0 to 1 and beyond; `null` for a closed load.
    pub(crate) share: Option<f64>,
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

/// When tasks are due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Arrivals {
    /// Batch after batch, until so much time has passed: a closed load.
    Closed {
        /// How much.
        at_least_ns: u64,
    },
    /// All at once.
    Burst {
        /// How many.
        tasks: u64,
    },
    /// One after the other.
    Open {
        /// How many.
        tasks: u64,
        /// How many each second.
        rate_per_s: f64,
        /// How long the batch has to be handed over before the first is due.
        lead_ns: u64,
    },
}

/// What became of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many tasks were due each second; `null` where they came all at once, or as they ended.
    pub(crate) rate_per_s: Option<f64>,
    /// How many were due, and done.
    pub(crate) tasks: u64,
    /// From when the first was due until the last was done, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// How many were due before anything of the model was free to wait for them.
    pub(crate) queued: u64,
    /// How many were waited for, and begun more than 2 ms late all the same.
    pub(crate) late: u64,
    /// The share of the time in which the HTTP target computed, 0 to 1; `null` for a target of the user's, or where the
    /// kernel does not say.
    pub(crate) target_busy: Option<f64>,
    /// The latencies in nanoseconds, as HdrHistogram writes them (V2, deflated, base64): from when a task was due, and
    /// from when it was begun where none was due at a time of its own.
    pub(crate) latency: Histogram,
}

impl Observation {
    /// How many tasks were done each second.
    fn done_per_s(&self) -> f64 {
        1e9 * self.tasks as f64 / self.elapsed_ns.max(1) as f64
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let counts = self.latency.counts();
        let quantile = |share, fewest| (counts.len() >= fewest).then(|| counts.quantile_ns(share) as f64);
        let share = |of: u64| self.rate_per_s.map(|_| of as f64 / self.tasks.max(1) as f64);
        vec![
            Response::maybe("p50_ns", quantile(0.5, 1)),
            Response::maybe("p90_ns", quantile(0.9, FEWEST_FOR_P90)),
            Response::maybe("p99_ns", quantile(0.99, FEWEST_FOR_P99)),
            Response::maybe("rate_per_s", self.rate_per_s),
            Response::one("done_per_s", self.done_per_s()),
            Response::maybe("queued_share", share(self.queued)),
            Response::maybe("late_share", share(self.late)),
            Response::maybe("target_busy", self.target_busy),
        ]
    }
}

impl Experiment for Latency {
    const ID: &'static str = "latency";
    const QUESTION: &'static str = "how long do tasks take that are due at a fixed rate?";
    const HEADLINES: &'static [&'static str] = &["p50_ns", "p90_ns", "p99_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Arrivals;
    type Observation = Observation;
    type Findings = Vec<ModelLatency>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Arrivals>> {
        plan::next(scope, seen)
    }

    fn observe(arrivals: Arrivals, desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(arrivals, desk)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<ModelLatency> {
        analyse::analyse(measured)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}

/// How many tasks a second a model finished when many were due at once, if it was tried: what the shares of its loads
/// are shares of. The best counts, since nothing makes a model faster than it is.
fn capacity_per_s(calibrations: &BTreeMap<String, Observation>, cell: &Cell) -> Option<f64> {
    let bursts = (0..plan::BURSTS).filter_map(|number| calibrations.get(&plan::burst(cell, number)));
    bursts.map(Observation::done_per_s).max_by(f64::total_cmp)
}
