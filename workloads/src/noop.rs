use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Io, Result, Workload};

/// Returns its index: what is left is the price of creating, dispatching and joining a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noop {}

impl Workload for Noop {
    async fn task<I: Io>(&self, _io: &I, index: u64) -> Result<u64> {
        Ok(index)
    }
}
