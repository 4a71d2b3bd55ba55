//! Serving: what each construct of a server can do, by how many clients it has.

mod analyse;
mod cores;
mod findings;
mod observe;
mod plan;
mod section;

use std::collections::BTreeMap;
use std::time::Duration;

use concbench_serving::{Lie, Life, Protocol};
use concbench_stats::FEWEST_FOR_P99;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Histogram, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use findings::Group;

/// How often each cell is observed, unless the run has fewer blocks: with six, the interval of a ratio has 95 %.
const MOST_ROUNDS: u32 = 6;
/// The same for cells of so many connections, which take seconds each.
const MANY: u64 = 10_000;
const ROUNDS_OF_MANY: u32 = 3;

/// What each construct of a server can do.
#[derive(Debug)]
pub(crate) struct Serving;

/// What may forbid a cell beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Setup {
    /// The limits of the system by name, with the hard limit of descriptors, to which servers and clients raise theirs;
    /// `null` where there is none or it is not known.
    pub(crate) limits: BTreeMap<String, Option<u64>>,
}

/// A server under a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// What client and server say to each other: `echo` or `http`.
    pub(crate) protocol: String,
    /// The server, named after its construct.
    pub(crate) model: String,
    /// The kind of that construct.
    pub(crate) family: Family,
    /// How many threads or processes it has.
    pub(crate) workers: u64,
    /// How many connections are open at a time.
    pub(crate) connections: u64,
    /// How long a message is, in bytes.
    pub(crate) bytes: u64,
    /// How long a connection lives: `long`, or `short` for one exchange.
    pub(crate) life: String,
}

impl Cell {
    /// What the id of all servers under this load begins with.
    fn load(&self) -> String {
        format!("{}-{}-{}B-{}", self.protocol, self.life, self.bytes, self.connections)
    }

    fn protocol(&self) -> Protocol {
        if self.protocol == "http" { Protocol::Http } else { Protocol::Echo }
    }

    fn life(&self) -> Life {
        if self.life == "short" { Life::Short } else { Life::Long }
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("serving/{}/{}", self.load(), self.model)
    }

    fn group(&self) -> &str {
        ""
    }

    fn blocks(&self, of_run: u32) -> u32 {
        of_run.min(if self.connections >= MANY { ROUNDS_OF_MANY } else { MOST_ROUNDS })
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    server: String,
    protocol: Protocol,
    life: Life,
    workers: u64,
    connections: u64,
    bytes: u64,
    /// How many processors the run may use, and how many of them share a core.
    cores: u64,
    per_core: u64,
    /// How many connections may be under way at a time.
    connecting: u64,
    warm_ns: u64,
    time_ns: u64,
    /// A second load on the same connections: how many messages are due each second, and how long it lasts.
    paced: Option<Pace>,
    /// What the server is to do wrong: for tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lie: Option<Lie>,
}

/// A load at a fixed rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pace {
    rate_per_s: f64,
    time_ns: u64,
}

/// What became of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How many messages were answered, each byte of each answer being right.
    pub(crate) exchanges: u64,
    /// In how long, in nanoseconds.
    pub(crate) elapsed_ns: u64,
    /// How long it took to open the connections, in nanoseconds.
    pub(crate) connected_ns: u64,
    /// The CPU time of the server meanwhile, all of its processes together, in nanoseconds; `null` where `cpu_reason` says
    /// why not.
    pub(crate) server_cpu_ns: Option<u64>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_reason: Option<String>,
    /// The CPU time of the clients meanwhile, in nanoseconds.
    pub(crate) fleet_cpu_ns: u64,
    /// How many threads the clients have.
    pub(crate) fleet_threads: u64,
    /// What the server held before the first connection and after the load, with all of them open, in bytes; `null` where
    /// `held_reason` says why not.
    pub(crate) held_bytes: Option<(u64, u64)>,
    /// Why it is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held_reason: Option<String>,
    /// How long each exchange took, with the opening of its connection where that is short; as HdrHistogram writes it (V2,
    /// deflated, base64), in nanoseconds.
    pub(crate) latency: Histogram,
    /// The second load, at a rate that is the same for all servers; `null` where there was none.
    pub(crate) paced: Option<Paced>,
}

/// What became of a load at a fixed rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Paced {
    /// How many messages were due each second.
    pub(crate) rate_per_s: f64,
    /// How many were answered.
    pub(crate) exchanges: u64,
    /// How many were sent more than a millisecond after they were due although their connection was free.
    pub(crate) late: u64,
    /// The CPU time of the server meanwhile, in nanoseconds; `null` where it is not known.
    pub(crate) server_cpu_ns: Option<u64>,
    /// How long each took from when it was due, as above.
    pub(crate) latency: Histogram,
}

impl Observation {
    fn exchanges_per_s(&self) -> f64 {
        1e9 * self.exchanges as f64 / self.elapsed_ns.max(1) as f64
    }

    /// The share of the time in which the clients computed, 0 to 1, all of their threads together.
    fn fleet_busy(&self) -> f64 {
        self.fleet_cpu_ns as f64 / (self.elapsed_ns.max(1) as f64 * self.fleet_threads.max(1) as f64)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let each = |cpu: Option<u64>, exchanges: u64| {
            cpu.filter(|_| exchanges > 0).map(|cpu| cpu as f64 / exchanges as f64)
        };
        let (paced, latency) = (self.paced.as_ref(), self.latency.counts());
        let paced_latency = paced.map(|paced| paced.latency.counts());
        let paced_quantile = |fewest, share| paced_latency.as_ref()?.quantile_of(fewest, share);
        vec![
            Response::one("exchanges_per_s", self.exchanges_per_s()),
            Response::maybe("p50_ns", latency.quantile_of(1, 0.5)),
            Response::maybe("p99_ns", latency.quantile_of(FEWEST_FOR_P99, 0.99)),
            Response::maybe("exchange_cpu_ns", each(self.server_cpu_ns, self.exchanges)),
            Response::one("connected_ns", self.connected_ns as f64),
            Response::one("fleet_busy", self.fleet_busy()),
            Response::maybe(
                "server_bytes",
                self.held_bytes.map(|(before, after)| after.saturating_sub(before) as f64),
            ),
            Response::maybe("paced_p50_ns", paced_quantile(1, 0.5)),
            Response::maybe("paced_p99_ns", paced_quantile(FEWEST_FOR_P99, 0.99)),
            Response::maybe(
                "paced_cpu_ns",
                paced.and_then(|paced| each(paced.server_cpu_ns, paced.exchanges)),
            ),
        ]
    }
}

impl Experiment for Serving {
    const ID: &'static str = "serving";
    const QUESTION: &'static str = "which model serves connections best?";
    const HEADLINES: &'static [&'static str] = &["exchanges_per_s", "p99_ns", "exchange_cpu_ns"];

    type Setup = Setup;
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<Group>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(scope: &Scope, _: &[Cell]) -> Setup {
        plan::setup(scope)
    }

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        plan::next(scope, seen)
    }

    fn observe(order: Order, _: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(&order)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<Group> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
