//! What the tasks of a workload return and wait for, whatever the model.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::desk::CellError;
use crate::model::{Digest, Waits};
use crate::models::Recipe;
use crate::registry::Registry;
use crate::time::nanoseconds;

/// What the tasks of a batch return and wait for: each run in turn, with no time spent asleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reference {
    /// What they return.
    pub(crate) digest: Digest,
    /// What they wait for, all tasks together.
    pub(crate) waits: Waits,
    /// How long they took without the waiting, all together, in nanoseconds.
    pub(crate) elapsed_ns: u64,
}

/// Makes the reference of a workload.
pub(super) fn make(registry: &Registry, recipe: &Recipe, tasks: u64) -> Result<Reference, CellError> {
    let prepared = registry.tasks(recipe)?;
    let started = Instant::now();
    let (digest, waits) = prepared.reference(tasks)?;
    Ok(Reference { digest, waits, elapsed_ns: nanoseconds(started.elapsed()) })
}
