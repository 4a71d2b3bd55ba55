//! What follows from the servers under each load.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The servers under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Group {
    /// What client and server say to each other.
    pub(crate) protocol: String,
    /// How long a connection lives.
    pub(crate) life: String,
    /// How long a message is, in bytes.
    pub(crate) bytes: u64,
    /// How many connections there are.
    pub(crate) connections: u64,
    /// How many exchanges a second the clients have managed with a server that has nothing but the kernel's events; `null`
    /// where that was not measured.
    pub(crate) ceiling_per_s: Option<f64>,
    /// The servers that were measured, by descending exchanges a second.
    pub(crate) servers: Vec<Served>,
}

/// A server under one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Served {
    /// The server, named after its construct.
    pub(crate) model: String,
    /// The median of its exchanges a second.
    pub(crate) exchanges_per_s: f64,
    /// Its exchanges over those of the first, block by block: the Hodges-Lehmann estimate.
    pub(crate) ratio: f64,
    /// The lower end of the interval of that.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// The confidence of the interval: with few blocks it is the range, and has less than 0.95.
    pub(crate) confidence: f64,
    /// Whether it may be as good as the first: the interval reaches what does not count as a difference.
    pub(crate) tied: bool,
    /// The median latency of all blocks together, in nanoseconds.
    pub(crate) p50_ns: f64,
    /// The 99th percentile; `null` for fewer than 299 exchanges.
    pub(crate) p99_ns: Option<f64>,
    /// The 99.9th; `null` for fewer than 2,995.
    pub(crate) p999_ns: Option<f64>,
    /// The CPU time of the server for an exchange, in nanoseconds; `null` where it is not known.
    pub(crate) exchange_cpu_ns: Option<f64>,
    /// What the server holds for a connection, in bytes; `null` for few connections or short ones.
    pub(crate) connection_bytes: Option<f64>,
    /// How many connections were accepted each second: those of the exchanges where they are short, else those that were
    /// opened before the load.
    pub(crate) accepted_per_s: f64,
    /// The same latencies at a rate that is the same for all; `null` where that was not measured.
    pub(crate) paced: Option<PacedLatency>,
    /// What limits it at full speed other than the server, if anything does.
    pub(crate) limited: Option<String>,
}

/// Latencies at a rate that is the same for all servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PacedLatency {
    /// The rate.
    pub(crate) rate_per_s: f64,
    /// The median latency from when a message was due, in nanoseconds.
    pub(crate) p50_ns: f64,
    /// The 99th percentile; `null` for fewer than 299 exchanges.
    pub(crate) p99_ns: Option<f64>,
    /// The 99.9th; `null` for fewer than 2,995.
    pub(crate) p999_ns: Option<f64>,
    /// The CPU time of the server for an exchange, in nanoseconds; `null` where it is not known.
    pub(crate) exchange_cpu_ns: Option<f64>,
    /// The share of messages that the clients sent late, 0 to 1.
    pub(crate) late: f64,
    /// What is to be known of these latencies, if the clients did not keep the rate.
    #[serde(default)]
    pub(crate) remark: Option<String>,
}
