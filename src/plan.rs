//! The order in which cells are measured: randomised complete blocks, from one seed.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::spec::Spec;

/// The most blocks that a run may have.
pub const MOST_BLOCKS: u32 = 1000;

/// One observation to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The position of the cell in [`Spec::cells`].
    pub cell: usize,
    /// How much padding the runner's environment gets, in bytes.
    pub padding: usize,
}

/// Every cell of one workload once, in random order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number, from 0.
    pub number: u32,
    /// The position of the workload in [`Spec::workloads`].
    pub workload: usize,
    /// The observations, in the order in which they are made.
    pub slots: Vec<Slot>,
}

/// The most padding that a runner's environment gets, in bytes: a page, since that is what shifts a stack's alignment.
const MOST_PADDING: usize = 4096;

/// All blocks of a run, in the order in which they are measured. The workloads alternate, so that a drift of the machine
/// over the run meets all of them.
pub fn blocks(spec: &Spec, blocks: u32, seed: u64) -> Vec<Block> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut plan = Vec::new();
    for number in 0..blocks {
        let mut workloads: Vec<usize> = (0..spec.workloads.len()).collect();
        workloads.shuffle(&mut random);
        for workload in workloads {
            let mut cells: Vec<usize> =
                (0..spec.cells.len()).filter(|&cell| spec.cells[cell].workload == workload).collect();
            cells.shuffle(&mut random);
            let slots = cells.into_iter().map(|cell| Slot { cell, padding: padding(&mut random) });
            plan.push(Block { number, workload, slots: slots.collect() });
        }
    }
    plan
}

/// How much padding a runner's environment gets, in bytes.
pub(crate) fn padding(random: &mut impl Rng) -> usize {
    random.random_range(0..MOST_PADDING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BuiltIn, Catalogue};
    use crate::spec::default_definitions;

    #[test]
    fn every_block_is_complete_and_the_seed_decides_the_order() {
        let spec = Spec::build(default_definitions(), &BuiltIn::infos(), true, 2).unwrap();
        let plan = blocks(&spec, 3, 7);
        for number in 0..3 {
            let mut cells: Vec<usize> = plan
                .iter()
                .filter(|block| block.number == number)
                .flat_map(|block| &block.slots)
                .map(|s| s.cell)
                .collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..spec.cells.len()).collect::<Vec<_>>());
        }
        assert_eq!(plan, blocks(&spec, 3, 7));
        assert_ne!(plan, blocks(&spec, 3, 8));
    }
}
