//! How many tasks are handed to a worker ahead of those that it runs.

/// How many tasks should wait at one worker: many while many are left to hand out, single ones at the end, so that no
/// worker sits on a queue while another has nothing to do (guided self-scheduling, Polychronopoulos and Kuck 1987).
pub(super) fn depth(left: u64, workers: u64, deepest: u64) -> u64 {
    (left / (2 * workers)).clamp(1, deepest)
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
    }
}
