use std::io;
use std::path::PathBuf;

/// Why a run cannot be saved or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Something cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Where.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Another run writes there.
    #[error("{path} is in use by {holder}; wait until it has ended, or end it")]
    Held {
        /// The folder.
        path: PathBuf,
        /// Who has it, by the number of its process where that is known.
        holder: String,
    },
    /// The file is no record.
    #[error("{path}: {what}")]
    Bad {
        /// Where.
        path: PathBuf,
        /// What is wrong, and what is allowed.
        what: String,
    },
}
