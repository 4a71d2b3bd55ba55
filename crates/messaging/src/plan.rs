//! What is to be measured of a channel.

use std::time::Duration;

use concbench_model::ModelError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tally::Wrong;

/// What a channel connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// Processes.
    Processes,
    /// Threads of one process.
    Threads,
    /// Tasks of one runtime, tokio's.
    Tasks,
}

/// How many producers and consumers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// One and one.
    #[serde(rename = "1-to-1")]
    OneToOne,
    /// Several producers, one consumer.
    #[serde(rename = "n-to-1")]
    ManyToOne,
    /// One producer, several consumers.
    #[serde(rename = "1-to-n")]
    OneToMany,
    /// Several of both.
    #[serde(rename = "n-to-n")]
    ManyToMany,
}

/// How many are several.
pub const MANY: usize = 4;

impl Shape {
    /// How many producers there are.
    pub fn producers(self) -> usize {
        if matches!(self, Self::OneToOne | Self::OneToMany) { 1 } else { MANY }
    }

    /// How many consumers there are.
    pub fn consumers(self) -> usize {
        if matches!(self, Self::OneToOne | Self::ManyToOne) { 1 } else { MANY }
    }
}

/// How much a channel holds before who sends has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Capacity {
    /// As many messages as fill 64 KiB, what a pipe of Linux holds, and at least one; for a socket what the kernel gives it.
    #[serde(rename = "64-kib")]
    Bytes,
    /// None: who sends waits for who receives.
    #[serde(rename = "0")]
    Zero,
    /// One message.
    #[serde(rename = "1")]
    One,
    /// A thousand messages.
    #[serde(rename = "1000")]
    Thousand,
    /// Any number.
    #[serde(rename = "unbounded")]
    Unbounded,
}

/// How many bytes [`Capacity::Bytes`] stands for.
pub(crate) const CAPACITY_BYTES: usize = 64 << 10;

/// Where the ends of a channel may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cores {
    /// All on one core.
    One,
    /// On two: producers bound to the first, consumers to the second. What lies between them, and tasks, may use both.
    Two,
}

/// What is to be measured of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How long a message is, in bytes: a multiple of 8.
    pub bytes: usize,
    /// How many ends it has.
    pub shape: Shape,
    /// How much it holds.
    pub capacity: Capacity,
    /// Where its ends run.
    pub cores: Cores,
    /// For about how long messages are sent.
    pub time: Duration,
}

impl Plan {
    /// How long a message is, in words.
    pub(crate) fn words(&self) -> usize {
        (self.bytes / size_of::<u64>()).max(1)
    }

    /// How many messages a channel within a process holds; `None` for any number.
    pub(crate) fn capacity(&self) -> Option<usize> {
        match self.capacity {
            Capacity::Bytes => Some((CAPACITY_BYTES / self.bytes.max(1)).max(1)),
            Capacity::Zero => Some(0),
            Capacity::One => Some(1),
            Capacity::Thousand => Some(1_000),
            Capacity::Unbounded => None,
        }
    }
}

/// Why a channel has no figure.
#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    /// Something could not be started, or ended before its time.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The channel did not hand over what it was given.
    #[error("{0}")]
    Wrong(#[from] Wrong),
}

/// What functions of this crate return.
pub(crate) type Result<T> = std::result::Result<T, MessagingError>;
