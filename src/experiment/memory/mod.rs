//! Memory: what a task costs that only waits, from many that wait at once.

mod analyse;
mod observe;
mod plan;
mod section;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::machine::memory_room;
use crate::model::Family;
use crate::record::{Factors, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// About how long an observation takes.
const OBSERVATION: Duration = Duration::from_millis(350);

/// What a waiting task costs.
#[derive(Debug)]
pub(crate) struct Memory;

/// What the sizes follow from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Setup {
    /// How much memory could be taken when the run began, in bytes; `null` where `room_reason` says why not.
    pub(crate) room_bytes: Option<u64>,
    /// The limit that says so.
    pub(crate) room_limit: Option<String>,
    /// Why it is not known, if it is not.
    pub(crate) room_reason: Option<String>,
}

/// So many tasks of a model, all of them waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The model's id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// How many workers it has, if it is sized by them; else 1.
    pub(crate) workers: u64,
    /// How many tasks wait.
    pub(crate) tasks: u64,
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("memory/{}@{}", self.model, self.tasks)
    }

    fn group(&self) -> &str {
        &self.model
    }

    fn blocks(&self, _: u32) -> u32 {
        1
    }
}

/// What a runner is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Have another runner start the tasks, and read what it and its processes hold once all of them wait.
    Look,
    /// Start the tasks, which wait for ever.
    Wait,
}

/// What tasks hold that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// How long it took from the order until all of them waited, in nanoseconds.
    pub(crate) gathered_ns: u64,
    /// How many processes there were: the runner of the tasks and all below it; `null` where `reason` says why not.
    pub(crate) processes: Option<u64>,
    /// What they held together, in bytes: the proportional set size (PSS); likewise.
    pub(crate) resident_bytes: Option<u64>,
    /// Their page tables, in bytes; likewise.
    pub(crate) page_table_bytes: Option<u64>,
    /// Why the kernel does not say, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Observation {
    /// Resident memory and page tables together, in bytes.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.resident_bytes?.checked_add(self.page_table_bytes?)
    }
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let figure = |value: Option<u64>| value.map(|value| value as f64);
        vec![
            Response::maybe("held_bytes", figure(self.bytes())),
            Response::maybe("resident_bytes", figure(self.resident_bytes)),
            Response::maybe("page_table_bytes", figure(self.page_table_bytes)),
            Response::maybe("processes", figure(self.processes)),
            Response::one("gathered_ns", self.gathered_ns as f64),
        ]
    }
}

/// What a waiting task of one model costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ModelMemory {
    /// The model's id.
    pub(crate) model: String,
    /// What each further task costs.
    pub(crate) per_task: Option<PerTask>,
    /// Why that is not known, if it is not.
    pub(crate) refusal: Option<String>,
}

/// The slope of memory over tasks, by the median of the slopes of all pairs of points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PerTask {
    /// What a waiting task costs, in bytes.
    pub(crate) bytes: f64,
    /// The lower end of its interval.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
    /// The confidence of the interval: with few points it is the range of the slopes, and has less than 0.95.
    pub(crate) confidence: f64,
    /// What is held before the first task, in bytes.
    pub(crate) base_bytes: f64,
    /// How many points the line goes through.
    pub(crate) points: u64,
}

impl Experiment for Memory {
    const ID: &'static str = "memory";
    const QUESTION: &'static str = "what does a waiting task cost in memory?";
    const HEADLINES: &'static [&'static str] = &["held_bytes"];

    type Setup = Setup;
    type Cell = Cell;
    type Order = Order;
    type Observation = Observation;
    type Findings = Vec<ModelMemory>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(_: &Scope, cells: &[Cell]) -> Duration {
        OBSERVATION * cells.len() as u32
    }

    fn setup(_: &Scope, _: &[Cell]) -> Setup {
        match memory_room() {
            Ok(room) => Setup {
                room_bytes: Some(room.bytes),
                room_limit: Some(room.limit.to_owned()),
                room_reason: None,
            },
            Err(reason) => Setup { room_bytes: None, room_limit: None, room_reason: Some(reason) },
        }
    }

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        plan::next(scope, seen)
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        match order {
            Order::Look => observe::look(desk),
            Order::Wait => observe::wait(desk),
        }
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<ModelMemory> {
        analyse::analyse(&measured.cells)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
