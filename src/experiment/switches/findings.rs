//! What a switch costs: two tasks of a model that pass a number to and fro.

use serde::{Deserialize, Serialize};

use super::{Estimate, Status};

/// What was played, under every model that can, apart from the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Switches {
    /// Each pair of tasks, pinned and free.
    pub pairs: Vec<SwitchPair>,
}

/// Where the two tasks of a pair may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// Both, and every thread of their scheduler, on one core.
    Pinned,
    /// On every core that the run may use.
    Free,
}

impl std::fmt::Display for Placement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Pinned => "pinned",
            Self::Free => "free",
        })
    }
}

/// Two tasks of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchPair {
    /// `switch/smol@pinned`.
    pub id: String,
    /// The model's id; the two generators, which have no scheduler, are no model.
    pub model: String,
    /// What the number is passed through.
    pub channel: String,
    /// Where the two may run.
    pub placement: Placement,
    /// How it ended.
    pub status: Status,
    /// Why it is not ok, if it is not.
    pub reason: Option<String>,
    /// The last lines of the runner's standard error, if it is not ok and there are some.
    pub stderr_tail: Option<String>,
    /// What was played, once in each block, by a fresh runner.
    pub observations: Vec<SwitchObservation>,
    /// What one switch took, in nanoseconds: half a round.
    pub per_switch: Option<Estimate>,
}

/// One game.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchObservation {
    /// The block, from 0.
    pub block: u32,
    /// How many were played before it in its block.
    pub position: u32,
    /// How many rounds: there and back.
    pub rounds: u64,
    /// How long they took, in nanoseconds.
    pub elapsed_ns: u64,
    /// What came back, each number with its round; the same for the same number of rounds.
    pub digest: String,
}

impl SwitchObservation {
    /// What one switch took, in nanoseconds; `None` if nothing was played.
    pub fn switch_ns(&self) -> Option<f64> {
        (self.rounds > 0 && self.elapsed_ns > 0).then(|| self.elapsed_ns as f64 / (2.0 * self.rounds as f64))
    }
}
