//! How much a run may hold: what is planned and what is read keep to the same bounds.

/// The most blocks that a run may have.
pub const MOST_BLOCKS: u32 = 1000;
/// The most cells that an experiment may have: as many as a matrix.
pub use crate::spec::MOST_CELLS;
/// The most notes of a run.
pub const MOST_NOTES: usize = 10_000;
/// The most experiments of a run.
pub(super) const MOST_EXPERIMENTS: usize = 100;
