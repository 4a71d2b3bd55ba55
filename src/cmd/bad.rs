//! Arguments that are not what they should be.

/// An argument that clap cannot judge.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadArgument(pub(super) String);
