use std::io;

/// Why a model could not start, run a batch, or stop.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A task reported an error.
    #[error("task {index} failed: {reason}")]
    Task {
        /// Which task.
        index: u64,
        /// What it said.
        reason: String,
    },
    /// A task panicked.
    #[error("task {index} panicked: {message}")]
    Panicked {
        /// Which task.
        index: u64,
        /// What it said.
        message: String,
    },
    /// The objects that the tasks shared are not as they should be.
    #[error("what the tasks shared is wrong: {0}")]
    Shared(String),
    /// A task waited for something else than the `Io` that it was given.
    #[error("task {index} waits for something other than its `Io`, which a blocking model cannot drive")]
    Foreign {
        /// Which task.
        index: u64,
    },
    /// A process that the model started ended before its work did.
    #[error("{who} {how}")]
    Died {
        /// Which process, by its role.
        who: &'static str,
        /// How it ended.
        how: String,
    },
    /// This machine, or its limits, cannot carry the model at this size.
    #[error("{0}")]
    Unsupported(String),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What it answered.
        source: io::Error,
    },
    /// A process of the model's broke the protocol.
    #[error("protocol with {who}: {what}")]
    Protocol {
        /// Which process, by its role.
        who: &'static str,
        /// What was wrong.
        what: String,
    },
}

impl ModelError {
    /// For `map_err`: what was tried, with the operating system's answer.
    pub fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
