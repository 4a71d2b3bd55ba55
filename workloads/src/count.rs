use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Io, Result, Workload};

/// Counts to `n` without touching memory: the grain with which granularity is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// How far a task counts.
    pub n: u64,
}

impl Workload for Count {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let n = self.n;
        Ok(index ^ io.compute(move || count(n)).await)
    }
}

/// Counts to `n` and folds every number on the way into one, so that the compiler cannot know the last beforehand.
///
/// Two instructions a step that depend on each other and stay in registers. A counter behind `black_box` lies in memory,
/// and whether a processor forwards it from store to load at once or in twice the time is chance. Never inlined, so that
/// it is the same machine code under every model.
#[inline(never)]
pub(crate) fn count(n: u64) -> u64 {
    (1..=n).fold(0, |folded: u64, number| folded.rotate_left(5) ^ number)
}
