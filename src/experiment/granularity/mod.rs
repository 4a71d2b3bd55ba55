//! Granularity: how small tasks may become before a model spends its time on itself.

mod analyse;
mod findings;
mod map;
mod metg;
mod plan;
mod section;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::observe::observe;
use crate::batch::{BatchObservation, Warm, noise_floors};
use crate::model::Family;
use crate::record::Factors;
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use crate::spec::TWIN_MARK;
use findings::Findings;

/// Tasks of many sizes that only count, under every model.
#[derive(Debug)]
pub(crate) struct Granularity;

/// Tasks of one size under a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// How long a task takes when it is all there is, in words: `250ns`, `16us`, `4ms`.
    pub(crate) size: String,
    /// The same in nanoseconds.
    pub(crate) task_ns: u64,
    /// The model's id.
    pub(crate) model: String,
    /// The family that the model belongs to.
    pub(crate) family: Family,
    /// How many workers the model has.
    pub(crate) workers: u64,
    /// Whether it is the A/A twin of the cell with the same id, without `+twin`.
    pub(crate) twin: bool,
}

impl Factors for Cell {
    fn id(&self) -> String {
        let twin = if self.twin { TWIN_MARK } else { "" };
        format!("granularity/{}/{}@{}{twin}", self.size, self.model, self.workers)
    }

    fn group(&self) -> &str {
        &self.size
    }

    fn counterpart(&self) -> Option<String> {
        (!self.twin).then(|| format!("granularity/{}/{}", self.size, self.model))
    }
}

/// What a runner is asked to do: start the model, run one cold batch and so many warm ones, stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    warm: u32,
}

impl Experiment for Granularity {
    const ID: &'static str = "granularity";
    const QUESTION: &'static str = "how small may tasks become?";
    const HEADLINES: &'static [&'static str] = &["steady_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = Order;
    type Observation = BatchObservation;
    type Findings = Findings;

    fn cells(scope: &Scope) -> Vec<Cell> {
        plan::cells(scope)
    }

    fn select(_: &Scope, cells: Vec<Cell>, keeps: &dyn Fn(&str) -> bool) -> Vec<Cell> {
        // A twin goes with its cell, and without its baseline no size is known.
        let kept = |cell: &Cell| keeps(cell.id().trim_end_matches(TWIN_MARK));
        let sizes: HashSet<u64> = cells.iter().filter(|cell| kept(cell)).map(|cell| cell.task_ns).collect();
        let needed = |cell: &Cell| cell.family == Family::Baseline && sizes.contains(&cell.task_ns);
        cells.into_iter().filter(|cell| kept(cell) || needed(cell)).collect()
    }

    fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
        plan::estimate(scope, cells)
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        plan::next(scope, seen)
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<BatchObservation, CellError> {
        observe(Warm::single(order.warm), desk)
    }

    fn analyse(measured: &MeasuredOf<Self>, context: &Context<'_>) -> Findings {
        analyse::analyse(measured, context)
    }

    fn noise_floors(findings: &Findings) -> Vec<(String, f64)> {
        noise_floors(&findings.verdicts)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record, view)?])
    }
}
