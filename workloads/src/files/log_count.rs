use std::collections::HashSet;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use concbench_stats::SplitMix64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Files, below};
use crate::{Io, Result, TaskError, Workload};

/// Reads an access log, a file for each task, and counts its requests and the addresses that they came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCount {
    /// How many lines a log has.
    pub lines: u64,
    /// Where the logs lie; concbench makes them, and fills this in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

impl Workload for LogCount {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        let path = self.made(index)?;
        let log = io.read(&path).await;
        let log = log.map_err(|error| TaskError::new(format!("log-count: cannot read a log: {error}")))?;
        let found = io.compute(move || Counts::of(&log)).await;
        match (found, self.expected(index)) {
            (found, expected) if found == expected => Ok(found.requests << 32 ^ found.addresses ^ index),
            (found, expected) => Err(TaskError::new(format!(
                "log-count: {} requests from {} addresses were counted, and {} from {} were written",
                found.requests, found.addresses, expected.requests, expected.addresses
            ))),
        }
    }
}

/// What stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    requests: u64,
    addresses: u64,
}

impl Counts {
    /// Never inlined, so that it is the same machine code under every model.
    #[inline(never)]
    fn of(log: &[u8]) -> Self {
        let mut addresses = HashSet::new();
        let mut requests = 0;
        for line in log.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            requests += 1;
            addresses.extend(line.split(|&byte| byte == b' ').next());
        }
        Self { requests, addresses: addresses.len() as u64 }
    }
}

impl LogCount {
    /// What the generator has written into the log of this task: it decides first from how many addresses requests come,
    /// and then has each of them send one at least.
    fn expected(&self, index: u64) -> Counts {
        let most = (self.lines / 4).max(1);
        let addresses = (1 + below(&mut SplitMix64::new(index), most)).min(self.lines);
        Counts { requests: self.lines, addresses }
    }
}

impl Files for LogCount {
    fn stem(&self) -> String {
        format!("log-count-{}", self.lines)
    }

    fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn content(&self, index: u64) -> io::Result<Vec<u8>> {
        const PATHS: [&str; 6] = ["/", "/about", "/cart", "/search?q=threads", "/static/site.css", "/login"];
        let Counts { requests, addresses } = self.expected(index);
        let (mut random, mut log) = (SplitMix64::new(!index), String::new());
        for line in 0..requests {
            let from = if line < addresses { line } else { below(&mut random, addresses) };
            let path = PATHS[below(&mut random, PATHS.len() as u64) as usize];
            let (second, status, bytes) =
                (line % 60, [200, 304, 404][below(&mut random, 3) as usize], below(&mut random, 50_000));
            let address = format!("10.{}.{}.{}", from >> 16 & 255, from >> 8 & 255, from & 255);
            writeln!(
                log,
                "{address} - - [01/Jan/2026:00:00:{second:02} +0000] \"GET {path} HTTP/1.1\" {status} {bytes}"
            )
            .map_err(io::Error::other)?;
        }
        Ok(log.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_what_was_written() {
        for lines in [0, 1, 5, 2_000] {
            let logs = LogCount { lines, folder: None };
            for index in [0, 1, 77] {
                assert_eq!(
                    Counts::of(&logs.content(index).unwrap()),
                    logs.expected(index),
                    "{lines}, {index}"
                );
            }
        }
        let logs = LogCount { lines: 2_000, folder: None };
        let counts: HashSet<u64> = (0..20).map(|index| logs.expected(index).addresses).collect();
        assert!(counts.len() > 10, "logs differ: {counts:?}");
    }

    #[test]
    fn a_log_with_a_line_too_few_is_noticed() {
        let logs = LogCount { lines: 50, folder: None };
        let log = logs.content(3).unwrap();
        let cut = log.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        assert_ne!(Counts::of(&log[cut..]), logs.expected(3));
    }
}
