use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::count::count;
use crate::{Io, Result, Workload};

/// Computes, waits, computes again: a request that asks something else half-way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mixed {
    /// How far each of the two stretches counts.
    pub n: u64,
    /// How long the task waits between them, in microseconds.
    pub wait_us: u64,
}

impl Workload for Mixed {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let n = self.n;
        let before = io.compute(move || count(n)).await;
        io.sleep(Duration::from_micros(self.wait_us)).await;
        let after = io.compute(move || count(n)).await;
        Ok(index ^ before.wrapping_add(after))
    }
}
