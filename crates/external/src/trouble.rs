//! Why there is no answer.

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This machine has not what it needs.
    Unsupported,
    /// It did something else than it should, or reported an error.
    Failed,
    /// It passed its deadline and was ended.
    TimedOut,
    /// Its process died.
    Crashed,
}

/// Why an external runner has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Trouble {
    /// What kind of trouble it is.
    pub kind: Kind,
    /// Why, in one lower-case line.
    pub reason: String,
    /// The last lines that it wrote to standard error.
    pub stderr_tail: Option<String>,
    /// Whether the runner said so itself.
    pub said: bool,
}

impl Trouble {
    /// One without a word of the runner's.
    pub fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), stderr_tail: None, said: false }
    }

    /// Something that this machine has not.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, reason)
    }

    /// Something that should have been otherwise.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(Kind::Failed, reason)
    }
}
