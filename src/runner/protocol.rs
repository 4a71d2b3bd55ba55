//! What the supervisor and a runner say to each other: one JSON object a line, each with the version.

use std::io::{BufRead, BufReader, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reference::Reference;
use super::target::Address;
use crate::model::Digest;
use crate::models::TaskSpec;
use crate::record::{Status, Track};

/// The version of the protocol. Both ends are the same executable; the version catches a wrapper that is not.
const VERSION: u32 = 2;
/// The stack of every thread in the equalised track, in bytes: the default of Rust's own threads.
const EQUAL_STACK: usize = 2 << 20;
/// The longest line that is read, in bytes.
pub(crate) const LONGEST_LINE: usize = 1 << 20;

/// The tasks that a runner is to run, and under what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    /// Which tasks.
    pub(crate) task_spec: TaskSpec,
    /// The id of the model.
    pub(crate) model: String,
    /// How many workers it has.
    pub(crate) workers: u64,
    /// How many tasks make a batch.
    pub(crate) tasks: u64,
    /// The digest that every batch must have, where it is checked.
    pub(crate) expected: Option<Digest>,
    /// The target that the tasks ask, where it is ours.
    pub(crate) target: Option<Address>,
}

/// What the track of a run sets for every model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct TrackSettings {
    /// The stack of every thread, in bytes; `None` for the library's default.
    pub(crate) stack_bytes: Option<usize>,
    /// Whether each worker is bound to a core.
    pub(crate) pin: bool,
    /// Whether libraries are set as their authors recommend.
    pub(crate) tuned: bool,
}

impl From<Track> for TrackSettings {
    fn from(track: Track) -> Self {
        match track {
            Track::Defaults => Self::default(),
            Track::Equalised => Self { stack_bytes: Some(EQUAL_STACK), pin: true, tuned: false },
            Track::Tuned => Self { tuned: true, ..Self::default() },
        }
    }
}

/// What the supervisor asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Run the tasks of a workload one after the other and without waiting: what they return, and what they wait for.
    Reference { task_spec: Box<TaskSpec>, tasks: u64 },
    /// Carry out an order of an experiment.
    Observe { experiment: String, order: Value, track: TrackSettings, assignment: Option<Box<Assignment>> },
    /// Go on with it.
    Next { order: Value },
}

impl Order {
    /// Whether the tasks that it is about ask a target of ours.
    pub(super) fn asks_target(&self) -> bool {
        matches!(self, Self::Observe { assignment: Some(assignment), .. } if assignment.target.is_some())
    }
}

/// What a runner answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// What the tasks of a workload do.
    Reference { reference: Reference },
    /// What was observed.
    Observed { observation: Value },
    /// The order cannot be carried out.
    Failed { status: Status, reason: String },
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
