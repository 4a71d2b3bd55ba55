//! What follows from tasks in flight.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Family;

/// What follows from all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Findings {
    /// Which models win, for each kind of task and each number of them that was measured.
    pub(crate) squares: Vec<Square>,
    /// From how many tasks on one family is ahead of another, for each kind of task, figure and pair of families.
    pub(crate) crossings: Vec<Crossing>,
}

/// Which models win with so many tasks of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Square {
    /// What a task does.
    pub(crate) work: String,
    /// How long a task waits, in nanoseconds.
    pub(crate) wait_ns: u64,
    /// How long it computes, in nanoseconds.
    pub(crate) compute_ns: u64,
    /// How many are in flight.
    pub(crate) tasks: u64,
    /// The ids of the models that no other is ahead of in time; the shortest batch first.
    pub(crate) winners: Vec<String>,
    /// The nearest that one of them is ahead of; `null` where there is none.
    pub(crate) next: Option<Next>,
}

/// The nearest behind the winners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Next {
    /// The model's id.
    pub(crate) model: String,
    /// Its time over that of the first winner.
    #[serde(flatten)]
    pub(crate) behind: Ratio,
}

/// A ratio of two cells: the median over the blocks of the ratios in each, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Ratio {
    /// The median.
    pub(crate) ratio: f64,
    /// The lower end of the interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// The confidence that the interval has.
    pub(crate) confidence: f64,
}

/// What two families are compared by: less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Figure {
    /// The time of a warm batch.
    Time,
    /// The CPU time of a task.
    Cpu,
    /// The most memory that is resident at once.
    Memory,
}

/// From how many tasks on one family is ahead of another.
///
/// At each number of tasks the best model of each family stands for it. One that cannot carry so many is behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Crossing {
    /// What a task does.
    pub(crate) work: String,
    /// How long a task waits, in nanoseconds.
    pub(crate) wait_ns: u64,
    /// How long it computes, in nanoseconds.
    pub(crate) compute_ns: u64,
    /// By what they are compared.
    pub(crate) figure: Figure,
    /// The two families.
    pub(crate) families: (Family, Family),
    /// Which of them is ahead with the most tasks; `null` where neither is for certain.
    pub(crate) ahead: Option<Family>,
    /// The most tasks with which it surely is not ahead yet; `null` where with none it surely is not.
    pub(crate) after: Option<u64>,
    /// The fewest tasks from which on it is ahead with any number that was measured; `null` where neither is.
    pub(crate) by: Option<u64>,
    /// The fewest and the most tasks that were compared.
    pub(crate) compared: (u64, u64),
    /// The figure of the one behind over that of the one ahead, with the most tasks that both carry; of the second over
    /// the first where neither is ahead; `null` where they share none.
    pub(crate) ratio: Option<Ratio>,
    /// From how many tasks on the one behind carries none; `null` where it carries all.
    pub(crate) refused_from: Option<u64>,
}
