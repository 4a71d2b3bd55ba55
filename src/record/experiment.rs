//! What an experiment leaves behind: cells, their observations and what follows from them, in one shape for all.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Estimate, Failure, Status};

/// One experiment of a run.
///
/// The four parameters are what differs from experiment to experiment: what it began with, its factors, its responses,
/// and its findings. [`RawExperiment`] has them as JSON, for whatever treats all experiments alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentRecord<S, C, O, F> {
    /// What the plan follows from beside the factors; `null` where there is nothing.
    pub setup: S,
    /// What was measured before the blocks, and what the plan follows from: by name. None of it is ranked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calibrations: BTreeMap<String, O>,
    /// Every cell that was planned, in the order of the plan.
    pub cells: Vec<CellRecord<C, O>>,
    /// What follows from the observations.
    pub findings: F,
}

/// An experiment whose own part is not interpreted.
pub type RawExperiment = ExperimentRecord<Value, Value, Value, Value>;

/// A cell whose own part is not interpreted.
pub type RawCell = CellRecord<Value, Value>;

/// One combination of levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellRecord<C, O> {
    /// Its id, unique in the run: `factorial/rayon@2`, `switches/smol@pinned`.
    pub id: String,
    /// The levels of its factors, by name.
    pub factors: C,
    /// How it ended.
    pub status: Status,
    /// Why, for everything but `ok`; or why it has fewer observations than planned.
    pub reason: Option<String>,
    /// The last lines that its runner wrote to standard error, for everything but `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr_tail: Option<String>,
    /// What each fresh runner saw, in the order of the blocks.
    pub observations: Vec<Observed<O>>,
    /// The median of each response over the observations, by its name; empty for everything but `ok`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub summary: BTreeMap<String, Estimate>,
}

/// Why a cell has not been measured yet.
const PENDING: &str = "the run ended before it was measured";

impl<C, O> CellRecord<C, O> {
    /// A cell of which nothing is known yet.
    pub(crate) fn planned(id: String, factors: C) -> Self {
        Self {
            id,
            factors,
            status: Status::Skipped,
            reason: Some(PENDING.to_owned()),
            stderr_tail: None,
            observations: Vec::new(),
            summary: BTreeMap::new(),
        }
    }

    /// Whether it can still be measured: nothing has failed.
    pub fn is_open(&self) -> bool {
        match self.status {
            Status::Ok => true,
            Status::Skipped => self.reason.as_deref() == Some(PENDING),
            _ => false,
        }
    }

    /// Whether it was observed in this block.
    pub fn has_block(&self, block: u32) -> bool {
        self.observations.iter().any(|made| made.block == block)
    }

    /// The same cell with factors and responses of other types.
    pub(crate) fn clone_as<D, P, X>(
        &self,
        factors: D,
        responses: impl Fn(&O) -> Result<P, X>,
    ) -> Result<CellRecord<D, P>, X> {
        let observed = |one: &Observed<O>| {
            Ok(Observed {
                block: one.block,
                position: one.position,
                responses: responses(&one.responses)?,
                usage: one.usage,
                reason: one.reason.clone(),
            })
        };
        Ok(CellRecord {
            id: self.id.clone(),
            factors,
            status: self.status,
            reason: self.reason.clone(),
            stderr_tail: self.stderr_tail.clone(),
            observations: self.observations.iter().map(observed).collect::<Result<_, _>>()?,
            summary: self.summary.clone(),
        })
    }

    /// Adds an observation. Blocks can end in another order after a run was resumed.
    pub(crate) fn observe(&mut self, observed: Observed<O>) {
        let at = self.observations.partition_point(|made| made.block < observed.block);
        self.observations.insert(at, observed);
        (self.status, self.reason) = (Status::Ok, None);
    }

    /// Ends the cell: it is not measured again.
    pub(crate) fn fail(&mut self, failure: Failure) {
        (self.status, self.reason, self.stderr_tail) =
            (failure.status, Some(failure.reason), failure.stderr_tail);
    }

    /// Throws away what was observed in this block.
    pub(crate) fn forget(&mut self, block: u32) {
        self.observations.retain(|made| made.block != block);
        if self.observations.is_empty() && self.status == Status::Ok {
            (self.status, self.reason) = (Status::Skipped, Some(PENDING.to_owned()));
        }
    }
}

/// One observation: what one fresh runner saw of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed<O> {
    /// The block it belongs to, from 0.
    pub block: u32,
    /// Its position in the block, from 0.
    pub position: u32,
    /// What was measured, by name.
    pub responses: O,
    /// What the runner, and every process that it waited for, used from start to end; `null` where `reason` says why.
    pub usage: Option<Usage>,
    /// Why there is no usage, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a runner used from its start to its end, its processes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// CPU time in user mode, in nanoseconds.
    pub user_ns: u64,
    /// CPU time in the kernel, in nanoseconds.
    pub system_ns: u64,
    /// Context switches because something waited.
    pub voluntary_switches: u64,
    /// Context switches because the kernel took the core away.
    pub involuntary_switches: u64,
}
