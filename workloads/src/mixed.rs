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
        let before = io.compute(move || count(index, n)).await;
        io.sleep(Duration::from_micros(self.wait_us)).await;
        Ok(io.compute(move || count(before, n)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_stretch_counts_on_from_the_first_and_the_first_from_the_task() {
        let task = |index| count(count(index, 64), 64);
        // 128 numbers turn the start 10 times around: what a task counts from is there at its end.
        assert_eq!(task(5) ^ task(0), 5);
    }
}
