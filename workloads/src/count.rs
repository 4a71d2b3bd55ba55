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
        Ok(io.compute(move || count(index, n)).await)
    }
}

/// Counts to `n` and folds every number on the way into `start`, so that the compiler cannot know the last beforehand, nor
/// count once for tasks that start elsewhere.
///
/// Two instructions a step that depend on each other and stay in registers. A counter behind `black_box` lies in memory,
/// and whether a processor forwards it from store to load at once or in twice the time is chance. Never inlined, so that
/// it is the same machine code under every model.
#[inline(never)]
pub(crate) fn count(start: u64, n: u64) -> u64 {
    (1..=n).fold(start, |folded: u64, number| folded.rotate_left(5) ^ number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_what_its_start_and_its_numbers_say() {
        // Numbers below 32 do not meet: 1, 2, 3 lie beside each other, five bits each.
        assert_eq!(count(0, 3), (1 << 10) | (2 << 5) | 3);
        assert_eq!(count(7, 3), (7 << 15) | (1 << 10) | (2 << 5) | 3);
        // Rotations and exclusive ors keep sums apart: the start is turned as often as there are numbers, nothing else.
        for n in [0, 1, 12, 64, 1000, 2_000_000] {
            let turned = |start: u64| start.rotate_left((5 * n % 64) as u32);
            for start in [1, 2, 47, u64::MAX] {
                assert_eq!(count(start, n), count(0, n) ^ turned(start), "{n} from {start}");
            }
        }
    }

    #[test]
    fn no_two_tasks_count_the_same() {
        for n in [1, 64, 500_000] {
            let results: std::collections::HashSet<u64> = (0..48).map(|index| count(index, n)).collect();
            assert_eq!(results.len(), 48, "{n}");
        }
    }
}
