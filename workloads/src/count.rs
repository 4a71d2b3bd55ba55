use std::hint::black_box;

use serde::{Deserialize, Serialize};

use crate::{Io, Result, Workload};

/// Counts to `n` and allocates nothing: the grain with which granularity is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Counts to `n`, one step at a time: `black_box` keeps the compiler from knowing the sum beforehand.
///
/// Never inlined, so that it is the same machine code under every model: built into each of them, with its counter at
/// another place of another frame, the same loop takes up to two and a half times as long under some as under others.
#[inline(never)]
pub(crate) fn count(n: u64) -> u64 {
    let mut counted = 0;
    while counted < n {
        counted = black_box(counted + 1);
    }
    counted
}
