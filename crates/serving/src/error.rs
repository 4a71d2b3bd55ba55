use std::io;

/// Why a server does not serve, or a fleet does not load it.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// No server has this name.
    #[error("no server is called `{0}`")]
    UnknownServer(String),
    /// This server cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// A call of the system has failed.
    #[error("cannot {what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// What it answered.
        source: io::Error,
    },
    /// A connection ended, or was never there, other than it should.
    #[error("connection {connection} of the fleet {what}")]
    Connection {
        /// Which, from 0.
        connection: usize,
        /// What became of it.
        what: String,
    },
    /// No answer came for too long.
    #[error("no answer for {seconds} s on any of {connections} connections: the server stalls")]
    Stalled {
        /// For how long.
        seconds: f64,
        /// How many waited.
        connections: usize,
    },
    /// A server or a fleet ended, or said something else than it should.
    #[error("{who} {how}")]
    Process {
        /// Which.
        who: String,
        /// How it ended.
        how: String,
    },
}

impl ServingError {
    /// Makes an error of what the system answered.
    pub(crate) fn system<E: Into<io::Error>>(what: &'static str) -> impl Fn(E) -> Self + Copy {
        move |source| Self::System { what, source: source.into() }
    }
}

/// What fails with a [`ServingError`].
pub type Result<T> = std::result::Result<T, ServingError>;
