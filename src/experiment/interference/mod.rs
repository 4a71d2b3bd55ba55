//! Interference: how long a task may compute before it hurts its neighbours, by where the computing is put.

mod analyse;
mod observe;
mod plan;
mod section;
#[cfg(test)]
mod tests;

use std::time::Duration;

use concbench_stats::{FEWEST_FOR_P99, FEWEST_FOR_P999};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::record::{Factors, Histogram, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// The responses by which a length of computing is left out.
const HANDED_LATE: &str = "handed_late_p99_ns";
const OVERRUN: &str = "overrun";

/// Short tasks beside computing ones.
#[derive(Debug)]
pub(crate) struct Interference;

/// Where short tasks run, where computing is put, and how long each computing task takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// What short tasks run on.
    pub(crate) runtime: String,
    /// Where computing is put; `none` where there is none.
    pub(crate) placement: String,
    /// How long each computing task takes, in words: `100us`; `none` where there is none.
    pub(crate) computing: String,
    /// The same in nanoseconds; 0 where there is none.
    pub(crate) computing_ns: u64,
    /// How many workers the runtime has.
    pub(crate) workers: u64,
}

impl Factors for Cell {
    fn id(&self) -> String {
        let Self { runtime, placement, computing, .. } = self;
        match self.computing_ns {
            0 => format!("{}/{runtime}/none", Interference::ID),
            _ => format!("{}/{runtime}/{placement}/{computing}", Interference::ID),
        }
    }

    fn blocks(&self, of_run: u32) -> u32 {
        plan::rounds(of_run)
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Find out how long it takes to count by one.
    Step,
    /// Put a load on a site.
    Load {
        /// The runtime of the site.
        runtime: String,
        /// Its place for computing; that of any site of the runtime where there is none to do.
        placement: String,
        /// How many workers it has.
        workers: u64,
        /// How many short tasks are due.
        short_tasks: u64,
        /// How far apart, in nanoseconds.
        interval_ns: u64,
        /// How far each counts.
        short_steps: u64,
        /// How long each computing task takes, in nanoseconds; 0 for none of them.
        computing_ns: u64,
        /// How far it counts in one stretch, and how many it has.
        stretch: (u64, u64),
        /// How many cores computing keeps busy on average, unless that takes too many tasks.
        busy_cores: f64,
        /// Decides when computing tasks are due: another time in each round, and the same for all cells of a round.
        seed: u64,
    },
}

/// What one fresh runner saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Observation {
    /// How long it takes to count by one.
    Step {
        /// In nanoseconds: the best of several tries.
        step_ns: f64,
    },
    /// What became of a load.
    Load(Served),
}

/// What became of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Served {
    /// How many short tasks were done: each of them, once.
    pub(crate) short_tasks: u64,
    /// How long each took from when it was due, in nanoseconds, as HdrHistogram writes it (V2, deflated, base64).
    pub(crate) latency: Histogram,
    /// How much later than it was due each was handed over, likewise: what is no doing of the site's.
    pub(crate) handed_late: Histogram,
    /// How many computing tasks were done: all that were due, once.
    pub(crate) computed: u64,
    /// From when the first short task was due until every task was done, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// The same if none of them had waited; `null` in a record in which that was not noted.
    #[serde(default)]
    pub(crate) due_ns: Option<u64>,
    /// The CPU time of the process meanwhile, in nanoseconds.
    pub(crate) cpu_ns: u64,
}

impl Served {
    /// The 99th percentile of the short tasks, in nanoseconds; `None` with too few of them.
    fn p99_ns(&self) -> Option<f64> {
        self.latency.counts().quantile_of(FEWEST_FOR_P99, 0.99)
    }

    /// How long it took over how long it takes if no task waits.
    fn overrun(&self) -> Option<f64> {
        Some(self.elapsed_ns as f64 / self.due_ns?.max(1) as f64)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        match self {
            Self::Step { step_ns } => vec![Response::one("step_ns", *step_ns)],
            Self::Load(served) => {
                let (latency, late) = (served.latency.counts(), served.handed_late.counts());
                vec![
                    Response::maybe("p50_ns", latency.quantile_of(1, 0.5)),
                    Response::maybe("p99_ns", served.p99_ns()),
                    Response::maybe("p999_ns", latency.quantile_of(FEWEST_FOR_P999, 0.999)),
                    Response::maybe(HANDED_LATE, late.quantile_of(FEWEST_FOR_P99, 0.99)),
                    Response::maybe(OVERRUN, served.overrun()),
                    Response::one(
                        "computed_per_s",
                        1e9 * served.computed as f64 / served.elapsed_ns.max(1) as f64,
                    ),
                    Response::one("busy_cores", served.cpu_ns as f64 / served.elapsed_ns.max(1) as f64),
                ]
            }
        }
    }
}

/// How long a task may compute in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Placed {
    /// What short tasks run on.
    pub(crate) runtime: String,
    /// Where computing is put.
    pub(crate) placement: String,
    /// Where the 99th percentile of the short tasks has doubled; `null` where `refusal` says why not.
    pub(crate) allowed: Option<Allowed>,
    /// Why it is not known, if it is not.
    pub(crate) refusal: Option<String>,
    /// What each length of computing does, ascending.
    pub(crate) points: Vec<Point>,
    /// The lengths that were measured and say nothing of this place, ascending.
    #[serde(default)]
    pub(crate) left_out: Vec<LeftOut>,
}

/// A length of computing that was measured and says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LeftOut {
    /// How long a computing task takes, in nanoseconds.
    pub(crate) computing_ns: u64,
    /// Why.
    pub(crate) reason: String,
}

/// How long a task may compute before the 99th percentile of its neighbours has doubled: the median over the rounds, by
/// interpolation between two lengths on logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Allowed {
    /// The median.
    pub(crate) median: Length,
    /// The lower end of its interval.
    pub(crate) low: Length,
    /// The upper end.
    pub(crate) high: Length,
    /// The confidence that the interval has.
    pub(crate) confidence: f64,
    /// The shortest and the longest length that were measured, in nanoseconds.
    pub(crate) measured_ns: (u64, u64),
}

/// A length of computing, as far as it lies within what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Length {
    /// In nanoseconds; `null` where `beyond` says on which side of all that were measured it lies.
    pub(crate) ns: Option<f64>,
    /// On which side it lies, if it does.
    pub(crate) beyond: Option<Beyond>,
}

/// On which side of what was measured something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Beyond {
    /// Below the shortest length.
    Below,
    /// Above the longest.
    Above,
}

/// What one length of computing does in one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Point {
    /// How long a computing task takes, in nanoseconds.
    pub(crate) computing_ns: u64,
    /// The 99th percentile over that without computing: the median over the rounds.
    pub(crate) ratio: f64,
    /// The lower end of its interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
}

impl Experiment for Interference {
    const ID: &'static str = "interference";
    const QUESTION: &'static str = "how long may a task compute before it hurts its neighbours?";
    const HEADLINES: &'static [&'static str] = &["p50_ns", "p99_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<Placed>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn select(_: &Scope, cells: Vec<Cell>, keeps: &dyn Fn(&str) -> bool) -> Vec<Cell> {
        // What is kept is held against the same runtime without computing.
        let kept: Vec<bool> = cells.iter().map(|cell| keeps(&cell.id())).collect();
        let needed = |cell: &Cell| {
            let of_runtime = |(other, kept): (&Cell, &bool)| *kept && other.runtime == cell.runtime;
            cell.computing_ns == 0 && cells.iter().zip(&kept).any(of_runtime)
        };
        let chosen = cells.iter().zip(&kept).filter(|(cell, kept)| **kept || needed(cell));
        chosen.map(|(cell, _)| cell.clone()).collect()
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        plan::next(scope, seen)
    }

    fn observe(order: Order, _: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(order)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Placed> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
