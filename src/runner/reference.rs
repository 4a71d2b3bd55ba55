//! What the tasks of a workload return and wait for, whatever the model.

use serde::{Deserialize, Serialize};

use crate::model::{Digest, Waits};

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
