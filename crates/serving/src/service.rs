//! What a server is asked to be, and what a fleet is asked to do: plain data that their processes are told.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What client and server say to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Bytes, answered by the same in upper case.
    Echo,
    /// The same as the body of an HTTP/1.1 request and of its answer.
    Http,
}

/// How long a connection lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// As long as the load: exchange after exchange.
    Long,
    /// One exchange.
    Short,
}

/// What a server does wrong when it is told to, so that what notices it can be tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lie {
    /// One byte in lower case, after some hundred answers.
    Wrong,
    /// No answer more, after some hundred.
    Stall,
    /// It ends, after some hundred.
    Die,
}

/// What a server is asked to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Which server: one of [`SERVERS`](crate::SERVERS).
    pub server: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// How many threads or processes it has, where its construct is sized by them.
    pub workers: usize,
    /// The cores that it may use; all of its parent's where this is empty.
    pub cores: Vec<usize>,
    /// What it does wrong, if it was told to.
    pub lie: Option<Lie>,
}

/// What a fleet is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Where the server listens.
    pub address: SocketAddr,
    /// What the server speaks.
    pub protocol: Protocol,
    /// How long a connection lives.
    pub life: Life,
    /// How many are open at a time.
    pub connections: usize,
    /// How long a message is, in bytes.
    pub bytes: usize,
    /// How many threads send and receive.
    pub threads: usize,
    /// The cores that they may use; all of their parent's where this is empty.
    pub cores: Vec<usize>,
    /// How many connections may be under way to the server at a time: fewer than fit into its queue.
    pub connecting: usize,
    /// For how long no answer may come before the server counts as stalled.
    pub patience: Duration,
}

/// How a fleet loads a server, once its connections are open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// How long the load lasts before anything counts.
    pub warm: Duration,
    /// How long it lasts after that.
    pub time: Duration,
    /// How many messages are due each second, all connections together; each follows the answer to the one before
    /// where this is `None`.
    pub rate_per_s: Option<f64>,
}

/// What a fleet saw while its load counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// How many messages were sent and answered.
    pub exchanges: u64,
    /// How long that took, in nanoseconds.
    pub elapsed_ns: u64,
    /// How many bytes of answers were held against what was sent: all of them.
    pub compared_bytes: u64,
    /// How many messages were sent more than a millisecond after they were due although their connection was free.
    pub late: u64,
    /// The CPU time of the fleet, in nanoseconds.
    pub cpu_ns: u64,
    /// How long each exchange took, in nanoseconds: from when its message was due, or sent where it was not due at a time
    /// of its own; with the opening of its connection, where that is short.
    pub latencies_ns: Vec<u64>,
}
