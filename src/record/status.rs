use concbench_model::Absence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was measured.
    Ok,
    /// It did something else than its work, or reported an error.
    Failed,
    /// It passed its deadline and was ended.
    TimedOut,
    /// Its runner died.
    Crashed,
    /// This machine, or these limits, cannot carry it; nothing was started.
    Unsupported,
    /// It was left out, or the run ended before it.
    Skipped,
}

impl Status {
    /// Whether a cell that ended so makes the run fail: something did not do what it should.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Crashed)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Crashed => "crashed",
            Self::Unsupported => "unsupported",
            Self::Skipped => "skipped",
        })
    }
}

/// Why there is no observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// How it ended: anything but [`Status::Ok`].
    pub status: Status,
    /// Why, in one line.
    pub reason: String,
    /// The last lines that the runner wrote to standard error.
    pub stderr_tail: Option<String>,
}

impl Failure {
    /// A failure without a word of a runner's.
    pub fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), stderr_tail: None }
    }

    /// One of a model without a construct of its own: left out where another stands for it, and unsupported else.
    pub fn absent(absence: Absence) -> Self {
        let status = match absence {
            Absence::As(_) => Status::Skipped,
            Absence::Unable(_) => Status::Unsupported,
        };
        Self::new(status, absence.to_string())
    }
}
