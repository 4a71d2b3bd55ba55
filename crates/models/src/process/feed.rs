//! How many tasks are handed to a worker ahead of those that it runs.

use crate::chunk::chunk;

/// How many tasks a worker may have whose tasks come by themselves: the one that it runs and the next, so that it need not
/// wait for a message between two. Towards the end only the one that it runs: no worker may have a task waiting while
/// another has nothing to do.
pub(super) fn single(left: u64, workers: u64) -> u64 {
    (left / workers).clamp(1, 2)
}

/// How many tasks a worker may have whose tasks come several at once: a chunk of what is left.
pub(super) fn depth(left: u64, workers: u64, deepest: u64) -> u64 {
    chunk(left, workers).min(deepest)
}

/// How many tasks to add to the queue of a worker that has `queued` of them and runs `slots` at once.
///
/// Topped up by halves, unless a slot is free: a message for every single task is what a deep queue is there to avoid.
pub(super) fn top_up(queued: u64, slots: u64, depth: u64) -> u64 {
    if queued >= slots && queued > depth / 2 { 0 } else { depth.saturating_sub(queued) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_worker_with_a_free_slot_gets_a_task_and_none_gets_more_than_its_depth(
            left in 0u64..100_000, workers in 1u64..100, slots in 1u64..100, queued in 0u64..300,
        ) {
            let depth = depth(left, workers, 256).max(slots);
            let more = top_up(queued, slots, depth);
            prop_assert!(queued >= slots || more > 0);
            prop_assert!(more == 0 || queued + more <= depth);
        }

        #[test]
        fn single_tasks_are_at_most_two_a_worker_and_leave_one_for_every_other(
            left in 0u64..10_000, workers in 1u64..100, queued in 0u64..3,
        ) {
            let more = top_up(queued, 1, single(left, workers));
            prop_assert!(more == 0 || queued + more <= 2);
            prop_assert!(more == 0 || queued == 0 || left >= 2 * workers);
        }
    }
}
