//! Timelines: which worker ran which task, for one batch of each model. They are for the eye: noting what tasks do costs
//! time, so that nothing of this is compared.

mod observe;
mod plan;
mod section;
mod timeline;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::model::Family;
use crate::record::{Factors, Response, Responses};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};

/// Which worker ran which task.
#[derive(Debug)]
pub(crate) struct Timelines;

/// A batch of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The workload's name.
    pub(crate) workload: String,
    /// The model's id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// How many workers it has.
    pub(crate) workers: u64,
}

impl Cell {
    /// The cell of the definition whose batch it is.
    fn ranked(&self) -> String {
        format!("{}/{}@{}", self.workload, self.model, self.workers)
    }
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("{}/{}", Timelines::ID, self.ranked())
    }

    fn workload(&self) -> Option<&str> {
        Some(&self.workload)
    }

    fn group(&self) -> &str {
        ""
    }

    fn blocks(&self, _: u32) -> u32 {
        1
    }
}

/// A batch that is not the first, as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Timeline {
    /// From the submission of the batch until its last result was back, in nanoseconds.
    pub(crate) batch_ns: u64,
    /// The workers by name, as far as they ran a task, in the order of their first: `worker 0`, `process 1`.
    pub(crate) lanes: Vec<String>,
    /// The tasks, by their start.
    pub(crate) spans: Vec<Span>,
    /// Why tasks or stretches of them are missing, if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) truncated: Option<String>,
}

/// One task on one worker. A coroutine that moves, or waits while others run, has one span for each stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Span {
    /// The task's index.
    pub(crate) task: u64,
    /// The worker, as an index into the lanes.
    pub(crate) lane: u32,
    /// When it started, in nanoseconds since the submission of the batch.
    pub(crate) start_ns: u64,
    /// When it ended.
    pub(crate) end_ns: u64,
    /// Whether it waits, and keeps its worker from other tasks meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) waiting: bool,
}

impl Responses for Timeline {
    fn responses(&self) -> Vec<Response> {
        vec![Response::one("batch_ns", self.batch_ns as f64)]
    }
}

impl Experiment for Timelines {
    const ID: &'static str = "timelines";
    const QUESTION: &'static str = "which worker ran which task?";
    const DEFAULT: bool = true;
    const HEADLINES: &'static [&'static str] = &[];

    type Setup = ();
    type Cell = Cell;
    type Order = ();
    type Observation = Timeline;
    type Findings = ();

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<()>> {
        plan::next(scope, seen)
    }

    fn observe((): (), desk: &mut Desk<'_>) -> Result<Timeline, CellError> {
        observe::observe(desk)
    }

    fn analyse(_: &MeasuredOf<Self>, _: &Context<'_>) {}

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
