//! What the supervisor and a runner say to each other: one JSON object a line, each with the version.

use std::io::{BufRead, BufReader, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::load::{Arrivals, Served};
use crate::model::Digest;
use crate::record::{Slept, Status};
use crate::spec::Recipe;

/// The version of the protocol. Both ends are the same executable; the version catches a wrapper that is not.
const VERSION: u32 = 1;
/// The longest line that is read, in bytes.
pub(crate) const LONGEST_LINE: usize = 1 << 20;

/// The cell that a runner is to measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) recipe: Recipe,
    pub(crate) model: String,
    pub(crate) workers: u64,
    pub(crate) tasks: u64,
    /// The digest that every batch must have.
    pub(crate) expected: Digest,
    pub(crate) stack_bytes: Option<usize>,
    pub(crate) pin: bool,
}

/// What the supervisor asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// The digest of the workload's tasks, run one after the other and without waiting.
    Reference { recipe: Recipe, tasks: u64 },
    /// Start the model, run one cold batch and `warm` warm ones, stop.
    Observe { assignment: Assignment, warm: u32 },
    /// Start the model, run a cold batch and one whose tasks leave their notes where the recipe says, stop.
    Trace { assignment: Assignment },
    /// Start the model and run a batch whose tasks wait for ever. There is no answer unless that fails: the supervisor
    /// looks at what waits, and ends it.
    Crowd { assignment: Assignment },
    /// Have two tasks of a model switch to and fro for about this long, on one core if they are pinned.
    Rally { pair: String, workers: u64, stack_bytes: Option<usize>, pinned: bool, time_ns: u64 },
    /// Start the model and run the cold batch; [`Order::Batches`] come next.
    Start { assignment: Assignment },
    /// Run this many warm batches.
    Batches { count: u64 },
    /// Stop the model.
    Stop,
    /// Find out how late tasks of this model wake; the cell says how many workers it has.
    Time { assignment: Assignment },
    /// Put a load on this model, and find out how long tasks take.
    Load { assignment: Assignment, arrivals: Arrivals },
}

/// What a runner answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    Reference {
        digest: Digest,
    },
    Observed {
        phases: Phases,
    },
    /// The batch that counts, on the clock of the notes.
    Traced {
        from_ns: u64,
        to_ns: u64,
    },
    Started {
        cold_ns: u64,
    },
    Batches {
        total_ns: u64,
    },
    Stopped,
    Timed {
        slept: Vec<Slept>,
    },
    Loaded {
        served: Served,
    },
    Rallied {
        rounds: u64,
        elapsed_ns: u64,
        digest: Digest,
    },
    /// The cell cannot be measured.
    Failed {
        status: Status,
        reason: String,
    },
}

/// The times of one observation, in nanoseconds on the monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Phases {
    pub(crate) startup_ns: u64,
    pub(crate) cold_ns: u64,
    pub(crate) warm_ns: Vec<u64>,
    /// Reading how much memory is held, between the last batch and the stop.
    pub(crate) probe_ns: u64,
    pub(crate) shutdown_ns: u64,
    pub(crate) wall_ns: u64,
    /// The peak of what was resident, or why it is not known.
    pub(crate) peak_rss_bytes: Result<u64, String>,
    pub(crate) digest: Digest,
}

/// Why a line is not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("a line that is no message: {0}")]
    Json(#[from] serde_json::Error),
    #[error("version {0} of the protocol, {VERSION} is spoken here")]
    Version(u32),
    #[error("a line of more than {LONGEST_LINE} bytes")]
    TooLong,
}

#[derive(Serialize, Deserialize)]
struct Line<T> {
    v: u32,
    message: T,
}

pub(crate) fn encode<T: Serialize>(message: T) -> Vec<u8> {
    let line = Line { v: VERSION, message };
    let mut bytes = serde_json::to_vec(&line).expect("messages have no map with keys other than strings");
    bytes.push(b'\n');
    bytes
}

pub(crate) fn decode<T: DeserializeOwned>(line: &[u8]) -> Result<T, ProtocolError> {
    let line: Line<T> = serde_json::from_slice(line)?;
    if line.v == VERSION { Ok(line.message) } else { Err(ProtocolError::Version(line.v)) }
}

/// The runner's end: blocking lines over its standard input, which is a socket.
#[derive(Debug)]
pub(crate) struct Channel<S: Read> {
    stream: BufReader<S>,
}

impl<S: Read + Write> Channel<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// The next order; `None` once the supervisor has closed its end.
    pub(crate) fn receive(&mut self) -> Result<Option<Order>, ProtocolError> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(LONGEST_LINE as u64).read_until(b'\n', &mut line)?;
        match line.last() {
            _ if read == 0 => Ok(None),
            Some(b'\n') => decode(&line).map(Some),
            _ => Err(ProtocolError::TooLong),
        }
    }

    pub(crate) fn send(&mut self, answer: Answer) -> Result<(), ProtocolError> {
        Ok(self.stream.get_mut().write_all(&encode(answer))?)
    }
}
