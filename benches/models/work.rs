//! The two kinds of task that everybody runs here.

use std::time::Duration;

use concbench_workloads::{Io, Result, Workload};
use serde::{Deserialize, Serialize};

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// It returns its index.
    Noop,
    /// It sleeps for this many milliseconds.
    Sleep(u64),
}

impl Work {
    pub(crate) fn task_spec(self) -> String {
        serde_json::to_string(&self).expect("no map with keys other than strings")
    }

    pub(crate) fn from_task_spec(task_spec: &str) -> Self {
        serde_json::from_str(task_spec).expect("written by `task_spec`")
    }
}

impl Workload for Work {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        if let Self::Sleep(milliseconds) = self {
            io.sleep(Duration::from_millis(*milliseconds)).await;
        }
        Ok(index)
    }
}
