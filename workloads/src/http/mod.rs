//! A client that asks a server `requests` times over one connection and checks every answer.

mod delay;
mod exchange;

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Io, Result, TaskError, Workload};
pub use delay::LONGEST as LONGEST_DELAY_IN_MEANS;
use exchange::Exchange;

/// Connects to the target, sends `requests` requests one after the other, and checks each body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// How many requests a task sends on its connection.
    pub requests: u64,
    /// How long the target waits before it answers, in microseconds: always, or in the mean.
    #[serde(default)]
    pub delay_us: u64,
    /// The shape of the Pareto distribution of the delays, above 1: most answers come soon and a few very late, the more
    /// so the nearer to 1 it is. Without one all wait equally long. The delay of a request follows from its number, so
    /// that it is the same under every model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_tail: Option<f64>,
    /// The length of each body, in bytes.
    #[serde(default)]
    pub body_bytes: usize,
    /// The server to ask. Without one, concbench starts its own target and fills its address in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub target: Option<SocketAddr>,
    /// The path to ask for on a server that is not concbench's: the status and the length of the answer are checked
    /// then, its content is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Workload for Http {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let target = self.target.ok_or_else(|| TaskError::new("http: no target to ask"))?;
        let stream = io
            .connect(target)
            .await
            .map_err(|error| TaskError::new(format!("http: cannot connect to {target}: {error}")))?;
        let mut exchange = Exchange::new(stream);
        let mut digest = index;
        for request in 0..self.requests {
            let seed = seed(index, request);
            exchange.send(&self.head(target, seed)).await?;
            let received = exchange.receive().await?;
            digest = digest.wrapping_mul(31).wrapping_add(match self.path {
                None => check_body(received, seed, self.body_bytes)?,
                Some(_) => request,
            });
        }
        Ok(digest)
    }
}

impl Http {
    /// How long the answers to task `index` take together, in microseconds.
    pub fn wait_of_us(&self, index: u64) -> u64 {
        let delays = (0..self.requests).map(|request| self.delay_of_us(seed(index, request)));
        delays.fold(0, u64::saturating_add)
    }

    fn delay_of_us(&self, seed: u64) -> u64 {
        match self.delay_tail {
            None => self.delay_us,
            Some(shape) => delay::pareto_us(self.delay_us, shape, seed),
        }
    }

    fn head(&self, target: SocketAddr, seed: u64) -> String {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => {
                format!("/?seed={seed}&delay_us={}&bytes={}", self.delay_of_us(seed), self.body_bytes)
            }
        };
        format!("GET {path} HTTP/1.1\r\nhost: {target}\r\n\r\n")
    }
}

/// The seed of one request: no two requests of a batch share it, so a body that belongs to another request is caught.
fn seed(index: u64, request: u64) -> u64 {
    index.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ request
}

/// Spreads every bit of a seed over all of them (the finaliser of SplitMix64, Steele et al. 2014): seeds that differ only
/// in a low bit must not give the same body.
fn mix(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The body that the target answers with: bytes that follow from the seed (an xorshift generator, Marsaglia 2003).
pub fn body(seed: u64, length: usize) -> Vec<u8> {
    let mut state = mix(seed) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn check_body(received: &[u8], seed: u64, length: usize) -> Result<u64> {
    if received.len() != length {
        let message = format!("http: the body has {} bytes instead of {length}", received.len());
        return Err(TaskError::new(message));
    }
    if received != body(seed, length) {
        return Err(TaskError::new("http: the body is not the one that was asked for"));
    }
    Ok(received.iter().fold(seed, |hash, &byte| hash.rotate_left(5) ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_waits_for_as_long_as_its_requests_ask_for() {
        let target = SocketAddr::from(([127, 0, 0, 1], 80));
        let http = |delay_tail| Http {
            requests: 5,
            delay_us: 2_000,
            delay_tail,
            body_bytes: 0,
            target: Some(target),
            path: None,
        };
        let asked = |http: &Http, index| -> Vec<u64> {
            let delay = |request| {
                let head = http.head(target, seed(index, request));
                let delay = head.split("delay_us=").nth(1).and_then(|rest| rest.split('&').next());
                delay.expect("it asks for one").parse().expect("a number")
            };
            (0..5).map(delay).collect()
        };
        assert_eq!(asked(&http(None), 3), [2_000; 5]);
        let tailed = http(Some(1.5));
        let delays = asked(&tailed, 3);
        assert!(delays.windows(2).all(|pair| pair[0] != pair[1]), "{delays:?}");
        assert_eq!(tailed.wait_of_us(3), delays.iter().sum::<u64>());
        assert_ne!(asked(&tailed, 4), delays);
    }

    #[test]
    fn no_two_requests_share_a_body() {
        let bodies: std::collections::HashSet<_> =
            (0..50).flat_map(|index| (0..4).map(move |request| body(seed(index, request), 32))).collect();
        assert_eq!(bodies.len(), 200);
    }
}
