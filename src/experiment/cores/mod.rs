//! Cores: what becomes of computing on fewer of them, and under a quota of CPU time that libraries may not see.

mod analyse;
mod observe;
mod plan;
mod section;
#[cfg(test)]
mod tests;

use std::time::Duration;

use concbench_stats::FEWEST_FOR_P99;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Histogram, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// One CPU against many, and a share of them.
#[derive(Debug)]
pub(crate) struct Cores;

/// What a runner is held to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Limit {
    /// So many CPUs, by the affinity of the whole runner.
    Cpus(u64),
    /// So much CPU time in each period, in cores, by a control group.
    Quota(f64),
}

impl Limit {
    /// How many cores it leaves.
    fn cores(self) -> f64 {
        match self {
            Self::Cpus(cpus) => cpus as f64,
            Self::Quota(cores) => cores,
        }
    }

    /// The fewest workers that can use all that it leaves.
    fn fitting(self) -> u64 {
        self.cores().ceil().max(1.0) as u64
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpus(cpus) => write!(formatter, "cpus-{cpus}"),
            Self::Quota(cores) => write!(formatter, "quota-{cores}"),
        }
    }
}

/// What decides how many workers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sizing {
    /// The library, as it does by itself under the limit.
    Own,
    /// The limit: as many as can use all that it leaves.
    Fitting,
    /// The machine: a worker for each core of it, whatever the limit.
    Machine,
}

impl std::fmt::Display for Sizing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Own => "own",
            Self::Fitting => "fitting",
            Self::Machine => "machine",
        })
    }
}

/// Computing tasks under one limit, with workers that something decides the number of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The limit, in words: `cpus-1`, `quota-0.5`.
    pub(crate) limit: String,
    /// How many cores it leaves.
    pub(crate) cores: f64,
    /// Whether it is a quota; else it is the affinity.
    pub(crate) quota: bool,
    /// Who is asked for a number of workers.
    pub(crate) sizer: String,
    /// The model that has as many.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// What decides on the number.
    pub(crate) sizing: Sizing,
}

impl Cell {
    fn limit(&self) -> Limit {
        if self.quota { Limit::Quota(self.cores) } else { Limit::Cpus(self.cores as u64) }
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("{}/{}/{}/{}", Cores::ID, self.limit, self.sizer, self.sizing)
    }

    fn group(&self) -> &str {
        &self.limit
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
    /// Make a control group, enter it, and remove it again.
    Group,
    /// Ask a library how many workers it has by itself under this limit.
    Size {
        /// The limit.
        limit: Limit,
        /// Who is asked.
        sizer: String,
    },
    /// Compute under this limit for about so long, in batches one after the other.
    Run {
        /// The limit.
        limit: Limit,
        /// How long, in nanoseconds.
        time_ns: u64,
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
    /// A control group could be made.
    Group {},
    /// How many workers a library has by itself.
    Size {
        /// So many.
        workers: u64,
    },
    /// What was computed.
    Run(Computed),
}

/// What was computed under a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Computed {
    /// How many workers there were.
    pub(crate) workers: u64,
    /// How many tasks were done: all batches whole.
    pub(crate) tasks: u64,
    /// How long all batches took, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// How long each task took once it was begun, in nanoseconds, as HdrHistogram writes it (V2, deflated, base64).
    pub(crate) durations: Histogram,
    /// The CPU time of the runner and all processes below it meanwhile, in nanoseconds; `null` where `cpu_reason` says why
    /// not.
    pub(crate) cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
    /// How long the quota takes to grant that CPU time, in nanoseconds; `null` without one, and where that is not known.
    #[serde(default)]
    pub(crate) granted_ns: Option<u64>,
    /// How the quota held it up; `null` without one.
    pub(crate) throttled: Option<Throttling>,
}

/// How a quota held a control group up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Throttling {
    /// For how long, in nanoseconds, added over the processors.
    pub(crate) throttled_ns: u64,
    /// In how many periods.
    pub(crate) periods: u64,
    /// Of how many.
    pub(crate) of_periods: u64,
}

impl Throttling {
    /// The share of the periods in which it was held up, 0 to 1; `None` without a period.
    fn share(self) -> Option<f64> {
        (self.of_periods > 0).then(|| self.periods as f64 / self.of_periods as f64)
    }
}

impl Computed {
    /// How many tasks were done a second. A quota is granted anew in each period, and many workers use it up at once: what
    /// ends before its last period does has had more than its share, and counts for as long as that takes to be granted.
    fn done_per_s(&self) -> f64 {
        let granted_ns = self.granted_ns.unwrap_or(0);
        1e9 * self.tasks as f64 / self.elapsed_ns.max(granted_ns).max(1) as f64
    }

    /// The CPU time of a task, in nanoseconds.
    fn task_cpu_ns(&self) -> Option<f64> {
        Some(self.cpu_ns? as f64 / self.tasks.max(1) as f64)
    }

    /// For how long it was held up, added over the processors, as a share of the time.
    fn throttled_time(&self) -> Option<f64> {
        Some(self.throttled?.throttled_ns as f64 / self.elapsed_ns.max(1) as f64)
    }

    /// The 99th percentile of how long a task took once it was begun, in nanoseconds; `None` with too few.
    fn p99_ns(&self) -> Option<f64> {
        self.durations.counts().quantile_of(FEWEST_FOR_P99, 0.99)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        match self {
            Self::Step { step_ns } => vec![Response::one("step_ns", *step_ns)],
            Self::Group {} => Vec::new(),
            Self::Size { workers } => vec![Response::one("workers", *workers as f64)],
            Self::Run(ran) => {
                let throttled = ran.throttled;
                vec![
                    Response::one("done_per_s", ran.done_per_s()),
                    Response::maybe("p99_ns", ran.p99_ns()),
                    Response::maybe("task_cpu_ns", ran.task_cpu_ns()),
                    Response::maybe("throttled_ns", throttled.map(|held| held.throttled_ns as f64)),
                    Response::maybe("throttled_share", throttled.and_then(Throttling::share)),
                    Response::one("workers", ran.workers as f64),
                ]
            }
        }
    }
}

/// What a choice of workers comes to under one limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Choice {
    /// The limit, in words.
    pub(crate) limit: String,
    /// How many cores it leaves.
    pub(crate) cores: f64,
    /// Whether it is a quota.
    pub(crate) quota: bool,
    /// Who was asked.
    pub(crate) sizer: String,
    /// What decided on the number of workers.
    pub(crate) sizing: Sizing,
    /// How many there were.
    pub(crate) workers: u64,
    /// How many fit the limit: the fewest that can use all that it leaves.
    pub(crate) fitting: u64,
    /// How many tasks were done a second: the median over the rounds.
    pub(crate) done_per_s: f64,
    /// That over as many workers as fit the limit; `null` for those themselves, and where they were not measured.
    pub(crate) rate: Option<Ratio>,
    /// The 99th percentile of how long tasks took, likewise.
    pub(crate) p99: Option<Ratio>,
    /// The share of the periods in which the quota held it up: the median; `null` without one.
    pub(crate) throttled_share: Option<f64>,
    /// For how long it was held up, added over the processors, as a share of the time: the median; likewise.
    pub(crate) throttled_time: Option<f64>,
    /// The CPU time of a task, in nanoseconds: the median; `null` where it is not known.
    pub(crate) task_cpu_ns: Option<f64>,
}

/// A ratio of two cells: the median over the rounds of the ratios in each, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Ratio {
    /// The median.
    pub(crate) ratio: f64,
    /// The lower end of the interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// The confidence that the interval has.
    pub(crate) confidence: f64,
}

impl Experiment for Cores {
    const ID: &'static str = "cores";
    const QUESTION: &'static str = "one CPU against many; what does a quota do?";
    const HEADLINES: &'static [&'static str] = &["done_per_s", "p99_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<Choice>;

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
        observe::observe(&order, desk)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Choice> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
