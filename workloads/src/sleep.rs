use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Io, Result, Workload};

/// Waits, and does nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    /// How long a task waits, in microseconds.
    pub wait_us: u64,
}

impl Workload for Sleep {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        io.sleep(Duration::from_micros(self.wait_us)).await;
        Ok(index)
    }
}
