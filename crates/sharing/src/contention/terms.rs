use concbench_model::process::FileHandle;

use concbench_workloads::Layout;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many permits a semaphore has.
pub const PERMITS: usize = 5;
/// One visit in so many writes, where there are readers and writers.
pub(super) const READS_PER_WRITE: u64 = 16;
/// How many events there are at most, one after the other.
pub(super) const EVENTS: usize = 64;

/// What tasks contend for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// A number that is read and written apart.
    Nothing,
    /// A number that is added to as a whole.
    Atomic,
    /// The first, under a lock that its holder may hold while it waits.
    Lock,
    /// The first, under a lock of the thread's.
    ThreadLock,
    /// The first, under a lock that each holder takes twice.
    Reentrant,
    /// One of [`PERMITS`] permits.
    Semaphore,
    /// Two numbers that have to agree: most read them, some write them.
    ReadWrite,
    /// An event that one task has happen and all others wait for, again and again.
    Event,
    /// The first, in turns: each waits until it is the next.
    Condition,
    /// A number in a file, which says how many tickets are left, read and written apart.
    File,
    /// The same under a lock on the file.
    FileLock,
    /// A number that another process keeps.
    Manager,
    /// Two locks, which two tasks take in opposite order.
    Deadlock,
}

impl Protection {
    /// Its word in ids, tables and sentences.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Atomic => "atomic",
            Self::Lock => "lock",
            Self::ThreadLock => "thread-lock",
            Self::Reentrant => "reentrant",
            Self::Semaphore => "semaphore",
            Self::ReadWrite => "read-write",
            Self::Event => "event",
            Self::Condition => "condition",
            Self::File => "file",
            Self::FileLock => "file-lock",
            Self::Manager => "manager",
            Self::Deadlock => "deadlock",
        }
    }

    /// Whether nothing is protected, so that updates may be lost.
    pub fn is_none(self) -> bool {
        matches!(self, Self::Nothing | Self::File)
    }
}

/// On what terms tasks contend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What they contend for.
    pub object: Protection,
    /// How many tasks there are.
    pub contenders: u64,
    /// How long each computes inside, in nanoseconds.
    pub compute_ns: u64,
    /// How long each waits inside, in nanoseconds.
    pub wait_ns: u64,
    /// How long each goes on, in nanoseconds.
    pub window_ns: u64,
    /// Whether all of them can be under way at once, and begin together.
    pub together: bool,
    /// How many visits lie between two looks at the clock.
    pub visits_per_look: u64,
    /// How many tickets the file holds at first.
    pub stock: u64,
    /// The file.
    pub file: Option<FileHandle>,
    /// Where the manager is found.
    pub manager: Option<String>,
}

impl Terms {
    /// The objects that the tasks share.
    pub fn layout(&self) -> Layout {
        let one = |of: Protection| usize::from(self.object == of);
        let waits_for_others = match self.object {
            Protection::Event | Protection::Condition | Protection::Deadlock => self.contenders,
            _ => 0,
        };
        Layout {
            words: WORDS,
            locks: one(Protection::Lock) + 2 * one(Protection::Deadlock),
            thread_locks: one(Protection::ThreadLock),
            reentrant: one(Protection::Reentrant),
            semaphores: one(Protection::Semaphore),
            permits: PERMITS,
            read_write: one(Protection::ReadWrite),
            events: EVENTS * one(Protection::Event),
            conditions: one(Protection::Condition),
            blocking: matches!(self.object, Protection::FileLock | Protection::Manager),
            at_once: waits_for_others,
        }
    }
}

/// The words that the tasks share: the number, the one that has to agree with it, how many are inside, the most that were,
/// what was seen that must not be, whose turn it is, whether all is over, and when the last event was to happen.
pub(super) const NUMBER: usize = 0;
pub(super) const TWIN: usize = 1;
pub(super) const INSIDE: usize = 2;
pub(super) const MOST_INSIDE: usize = 3;
pub(super) const WRONG: usize = 4;
pub(super) const OVER: usize = 5;
pub(super) const HAPPENED_AT: usize = 6;
pub(super) const COME: usize = 7;
const WORDS: usize = 8;
