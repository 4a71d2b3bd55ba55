use std::io;

/// Why a task failed: one lower-case line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TaskError(Box<str>);

/// What a task returns.
pub type Result<T> = std::result::Result<T, TaskError>;

impl TaskError {
    /// An error with this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into().into())
    }
}

impl From<io::Error> for TaskError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string().into())
    }
}
