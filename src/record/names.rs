//! The names of the files that a run keeps for itself in its folder.

/// The journal.
pub const JOURNAL: &str = "journal.jsonl";
/// The lock.
pub(super) const LOCK: &str = "lock";
