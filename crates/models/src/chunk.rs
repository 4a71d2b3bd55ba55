//! How many tasks are handed out at once, where several are.

/// The next chunk of a batch of which this many tasks are left: large ones first, single ones at the end, so that no worker
/// sits on a chunk while another has nothing to do (guided self-scheduling, Polychronopoulos and Kuck 1987). A quarter of a
/// worker's share: a first chunk that is slow is not yet the time of the batch.
pub(crate) fn chunk(left: u64, workers: u64) -> u64 {
    (left / (4 * workers)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The chunks of a batch, one after the other.
    fn chunks(mut left: u64, workers: u64) -> Vec<u64> {
        let mut chunks = Vec::new();
        while left > 0 {
            chunks.push(chunk(left, workers));
            left -= chunk(left, workers);
        }
        chunks
    }

    #[test]
    fn two_hundred_tasks_of_two_workers_are_far_fewer_chunks() {
        let chunks = chunks(200, 2);
        assert_eq!((chunks[0], chunks.last(), chunks.len()), (25, Some(&1), 36));
    }

    proptest! {
        #[test]
        fn chunks_never_grow_and_the_last_task_of_each_worker_comes_alone(
            tasks in 1u64..100_000, workers in 1u64..100,
        ) {
            let chunks = chunks(tasks, workers);
            prop_assert!(chunks.is_sorted_by(|a, b| a >= b));
            prop_assert!(chunks.iter().rev().take(workers as usize).all(|&size| size == 1));
            prop_assert_eq!(chunks.iter().sum::<u64>(), tasks);
        }
    }
}
