use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
    #[error("{path} is in use by process {holder}; wait until it has ended, or end it")]
    Held {
        /// The folder.
        path: PathBuf,
        /// The number of the process that has it.
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

/// The whole of a file, unless it is larger than that: what a file says of its length need not be so.
pub(super) fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("more than {most} bytes"))),
        false => Ok(bytes),
    }
}
