//! Blocks in seeded random order, so that a drift of the machine meets all cells alike.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// The most padding that a runner's environment gets, in bytes: a page, since that is what shifts a stack's alignment.
const MOST_PADDING: usize = 4096;

/// The order of one experiment's trials, from the seed of the run.
#[derive(Debug)]
pub(crate) struct Shuffle(ChaCha12Rng);

/// A place in a block: which of the items that were shuffled, and how much padding the runner gets, in bytes.
pub(crate) type Place = (usize, usize);

impl Shuffle {
    /// That of an experiment: no two experiments of a run have the same.
    pub(crate) fn new(seed: u64, experiment: &str) -> Self {
        // The multiplier and the start of FNV-1a.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let salt = experiment.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
        Self(ChaCha12Rng::seed_from_u64(seed ^ salt))
    }

    /// Randomised complete blocks: every item of a group once in each of its blocks, in random order. The groups alternate
    /// in random order, too. Each comes with its number and its group.
    pub(crate) fn blocks(&mut self, blocks: u32, groups: &[usize]) -> Vec<(u32, usize, Vec<Place>)> {
        let mut plan = Vec::new();
        for number in 0..blocks {
            let mut order: Vec<usize> = (0..groups.len()).collect();
            order.shuffle(&mut self.0);
            for group in order {
                let mut items: Vec<usize> = (0..groups[group]).collect();
                items.shuffle(&mut self.0);
                plan.push((number, group, items.into_iter().map(|item| (item, self.padding())).collect()));
            }
        }
        plan
    }

    /// How much padding a runner's environment gets, in bytes.
    pub(crate) fn padding(&mut self) -> usize {
        self.0.random_range(0..MOST_PADDING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_is_complete_and_the_seed_and_the_experiment_decide_the_order() {
        let plan = |seed, experiment| Shuffle::new(seed, experiment).blocks(3, &[5, 40]);
        let found = plan(7, "a");
        for number in 0..3 {
            for (group, items) in [(0, 5), (1, 40)] {
                let block = found.iter().find(|block| (block.0, block.1) == (number, group)).unwrap();
                let mut order: Vec<usize> = block.2.iter().map(|place| place.0).collect();
                order.sort_unstable();
                assert_eq!(order, (0..items).collect::<Vec<_>>());
            }
        }
        assert_eq!(found, plan(7, "a"));
        assert_ne!(found, plan(8, "a"));
        assert_ne!(found, plan(7, "b"));
    }

    #[test]
    fn a_recorded_seed_decides_the_same_order_in_every_version() {
        let (_, _, places) = Shuffle::new(7, "matrix").blocks(1, &[8]).remove(0);
        let (order, padding): (Vec<usize>, Vec<usize>) = places.into_iter().unzip();
        assert_eq!(order, [6, 4, 2, 0, 3, 5, 1, 7]);
        assert_eq!(padding, [3611, 3571, 112, 997, 3152, 497, 751, 3315]);
    }
}
