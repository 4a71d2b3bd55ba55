//! Sharing: what protecting shared state costs, and what is lost without.

mod observe;
mod plan;
mod section;

use std::time::Duration;

use concbench_sharing::contention::{Protection, Terms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// What shared state costs.
#[derive(Debug)]
pub(crate) struct Sharing;

/// So many tasks of a model that contend for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// What they contend for.
    pub(crate) object: Protection,
    /// The model's id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// How many workers it has, if it is sized by them; else 1.
    pub(crate) workers: u64,
    /// How many tasks contend.
    pub(crate) contenders: u64,
    /// How long each computes inside, in nanoseconds.
    pub(crate) compute_ns: u64,
    /// How long each waits inside, in nanoseconds.
    pub(crate) wait_ns: u64,
}

impl Factors for Cell {
    fn id(&self) -> String {
        let Self { object, model, contenders, compute_ns, wait_ns, .. } = self;
        let inside = match (compute_ns, wait_ns) {
            (0, 0) => String::new(),
            (compute, 0) => format!("+{}us", compute / 1000),
            (_, wait) => format!("+wait-{}us", wait / 1000),
        };
        format!("sharing/{}/{model}@{contenders}{inside}", object.word())
    }

    fn group(&self) -> &str {
        self.object.word()
    }

    fn blocks(&self, of_run: u32) -> u32 {
        if self.object == Protection::Deadlock { 1 } else { of_run }
    }

    fn meant_to_end(&self) -> Status {
        if self.object == Protection::Deadlock { Status::TimedOut } else { Status::Ok }
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Have the tasks contend on these terms, and say what they saw.
    Contend(Terms),
    /// Have another runner start tasks that wait for each other, and say that they do.
    Watch {
        /// On these terms.
        terms: Terms,
        /// How long they may hang, in nanoseconds.
        patience_ns: u64,
    },
    /// Start tasks that wait for each other.
    Hang,
}

/// What contending tasks saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// From the first begin to the last end, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// How often a task was inside.
    pub(crate) visits: u64,
    /// How often the task was that was inside least.
    pub(crate) least_visits: u64,
    /// How often the task was that was inside most.
    pub(crate) most_visits: u64,
    /// Whether all tasks were under way at once.
    pub(crate) together: bool,
    /// CPU time of the batch, in nanoseconds, that of starting its tasks included; `null` where `cpu_reason` says why.
    pub(crate) cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
    /// How many waits were measured.
    pub(crate) waits: u64,
    /// What an acquisition took, in nanoseconds: elapsed time over visits, or for an event how long after it a task woke.
    pub(crate) acquire_ns: f64,
    /// The median of the waits until a task was inside, in nanoseconds; `null` where none was measured.
    pub(crate) wait_median_ns: Option<u64>,
    /// Their 99th percentile, in nanoseconds; `null` for fewer than 299 of them.
    pub(crate) wait_p99_ns: Option<u64>,
    /// How many updates were lost.
    pub(crate) lost: u64,
}

impl Observation {
    /// How much of the visits of the luckiest task the unluckiest has; `None` for one task, or tasks that did not contend.
    fn fairness(&self) -> Option<f64> {
        (self.together && self.most_visits > 0).then(|| self.least_visits as f64 / self.most_visits as f64)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let visits = self.visits as f64;
        let visited = self.visits > 0;
        let cpu = self.cpu_ns.filter(|_| visited).map(|cpu| cpu as f64 / visits);
        let figure = |value: Option<u64>| value.map(|value| value as f64);
        vec![
            Response::maybe("acquire_ns", visited.then_some(self.acquire_ns)),
            Response::maybe("cpu_acquire_ns", cpu),
            Response::maybe("lost_per_million", visited.then(|| self.lost as f64 / visits * 1e6)),
            Response::maybe("fairness", self.fairness()),
            Response::maybe("wait_median_ns", figure(self.wait_median_ns)),
            Response::maybe("wait_p99_ns", figure(self.wait_p99_ns)),
            Response::one("visits", visits),
        ]
    }
}

impl Experiment for Sharing {
    const ID: &'static str = "sharing";
    const QUESTION: &'static str = "what does protecting shared state cost, and what is lost without?";
    const HEADLINES: &'static [&'static str] = &["acquire_ns", "cpu_acquire_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = ();

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        seen.blocks(scope, |cell| Some(plan::ask(scope, cell)))
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        match order {
            Order::Contend(terms) => observe::contend(terms, desk),
            Order::Watch { terms, patience_ns } => {
                observe::watch(terms, Duration::from_nanos(patience_ns), desk)
            }
            Order::Hang => observe::hang(desk),
        }
    }

    fn analyse(_: &MeasuredOf<Self>, _: &Context<'_>) {}

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}

#[cfg(test)]
mod tests;
