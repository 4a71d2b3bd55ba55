//! How much a run may hold: what is planned, what is written and what is read keep to the same bounds.

/// The most blocks that a run may have.
pub const MOST_BLOCKS: u32 = 1000;
/// The most cells that an experiment may have: as many as a matrix.
pub use crate::spec::MOST_CELLS;
/// The most observations of a run: those of as many cells as there may be, in as many blocks as a run has by default.
pub const MOST_OBSERVATIONS: usize = 200_000;
/// The most notes of a run.
pub const MOST_NOTES: usize = 10_000;
/// The most experiments of a run.
pub(super) const MOST_EXPERIMENTS: usize = 100;
/// The most calibrations of an experiment: a few for each cell.
pub(super) const MOST_CALIBRATIONS: usize = 4 * MOST_CELLS;
/// The most numbers, texts, lists and objects of a record. Each takes more memory than it takes bytes, and a hostile record
/// must not fill the memory before it is refused.
pub(super) const MOST_VALUES: u64 = 100 * MOST_OBSERVATIONS as u64;
/// The largest record that is written and read, in bytes.
pub(super) const LARGEST_RECORD: u64 = 512 << 20;
/// The largest journal that is read, in bytes.
pub(super) const LARGEST_JOURNAL: u64 = 512 << 20;
/// The longest line of a journal that is read, in bytes, but for the first, which has the definitions.
pub(super) const LONGEST_ENTRY: usize = 4 << 20;

/// The notes that a record holds: all of them, or as many as it may and how many there were beyond.
pub(crate) fn within_bounds(mut notes: Vec<String>) -> Vec<String> {
    if notes.len() > MOST_NOTES {
        let more = notes.len() - (MOST_NOTES - 1);
        notes.truncate(MOST_NOTES - 1);
        notes.push(format!("{more} more remarks were left out"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_beyond_their_bound_are_counted() {
        let notes = |count| within_bounds(vec!["x".to_owned(); count]);
        assert_eq!(notes(MOST_NOTES), vec!["x"; MOST_NOTES]);
        let bounded = notes(MOST_NOTES + 5);
        assert_eq!(
            (bounded.len(), bounded.last().unwrap().as_str()),
            (MOST_NOTES, "6 more remarks were left out")
        );
    }
}
