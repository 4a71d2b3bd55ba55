use std::io;
use std::net::SocketAddr;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::Files;
use crate::{Count, Factorial, Grayscale, Http, Io, LogCount, Mixed, Noop, Result, Sleep, Workload};

/// What a task mostly does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Next to nothing: the price of the task itself is measured.
    Creation,
    /// It computes.
    Cpu,
    /// It waits.
    Io,
    /// It does both.
    Mixed,
}

/// The built-in kinds of task, with their parameters, as a definition names them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kernel", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is named after the type that it holds, which is documented")]
pub enum Kernel {
    Noop(Noop),
    Factorial(Factorial),
    Count(Count),
    Sleep(Sleep),
    Http(Http),
    Mixed(Mixed),
    LogCount(LogCount),
    Grayscale(Grayscale),
}

/// Any kernel, asked which one it is for every task: where that may cost something. Measured batches run the kernels
/// themselves.
impl Workload for Kernel {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        match self {
            Self::Noop(kernel) => kernel.task(io, index).await,
            Self::Factorial(kernel) => kernel.task(io, index).await,
            Self::Count(kernel) => kernel.task(io, index).await,
            Self::Sleep(kernel) => kernel.task(io, index).await,
            Self::Http(kernel) => kernel.task(io, index).await,
            Self::Mixed(kernel) => kernel.task(io, index).await,
            Self::LogCount(kernel) => kernel.task(io, index).await,
            Self::Grayscale(kernel) => kernel.task(io, index).await,
        }
    }
}

impl Kernel {
    /// What its tasks mostly do.
    pub fn class(&self) -> Class {
        match self {
            Self::Noop(_) => Class::Creation,
            Self::Factorial(_) | Self::Count(_) | Self::LogCount(_) | Self::Grayscale(_) => Class::Cpu,
            Self::Sleep(_) | Self::Http(_) => Class::Io,
            Self::Mixed(_) => Class::Mixed,
        }
    }

    /// How long a task waits at least, in nanoseconds: each, or in the mean; 0 for a task that does not wait.
    pub fn wait_ns(&self) -> u64 {
        let wait_us = match self {
            Self::Noop(_) | Self::Factorial(_) | Self::Count(_) => 0,
            Self::LogCount(_) | Self::Grayscale(_) => 0,
            Self::Sleep(sleep) => sleep.wait_us,
            Self::Mixed(mixed) => mixed.wait_us,
            Self::Http(http) => http.delay_us.saturating_mul(http.requests),
        };
        wait_us.saturating_mul(1000)
    }

    /// Whether each of its tasks waits for as long as every other.
    pub fn waits_alike(&self) -> bool {
        !matches!(self, Self::Http(Http { delay_tail: Some(_), .. }))
    }

    /// How long a task waits by its model's timer, in nanoseconds; 0 for one that waits for something else, or not at all.
    pub fn timer_ns(&self) -> u64 {
        match self {
            Self::Http(_) => 0,
            other => other.wait_ns(),
        }
    }

    /// About how long a task computes on a core of these years, in nanoseconds: for plans, before anything was timed.
    pub fn about_compute_ns(&self) -> u64 {
        // 1.5 steps of a count in a nanosecond; a product of n factors takes as many steps as factors and digits.
        let counting = |n: u64| n / 3 * 2;
        match self {
            Self::Noop(_) | Self::Sleep(_) => 0,
            Self::Count(count) => counting(count.n),
            Self::Mixed(mixed) => counting(mixed.n).saturating_mul(2),
            Self::Factorial(factorial) => factorial.n.saturating_mul(factorial.n) / 12,
            Self::Http(http) => http.requests.saturating_mul(100_000),
            Self::LogCount(log) => log.lines.saturating_mul(100),
            Self::Grayscale(picture) => u64::from(picture.side).pow(2).saturating_mul(60),
        }
    }

    /// Whether it needs the HTTP target that concbench starts.
    pub fn needs_target(&self) -> bool {
        matches!(self, Self::Http(Http { target: None, .. }))
    }

    /// The same kernel, asking `address` if it needs a target.
    #[must_use]
    pub fn with_target(self, address: SocketAddr) -> Self {
        match self {
            Self::Http(http) if http.target.is_none() => Self::Http(Http { target: Some(address), ..http }),
            other => other,
        }
    }

    /// About how many bytes the file of a task has; 0 for one that reads none.
    pub fn about_file_bytes(&self) -> u64 {
        match self {
            Self::LogCount(log) => log.lines.saturating_mul(80),
            Self::Grayscale(pictures) => u64::from(pictures.side).pow(2).saturating_mul(3),
            _ => 0,
        }
    }

    /// Whether its tasks read files that are made beforehand.
    pub fn needs_files(&self) -> bool {
        match self {
            Self::LogCount(log) => log.folder.is_none(),
            Self::Grayscale(pictures) => pictures.folder.is_none(),
            _ => false,
        }
    }

    /// The same kernel with the files of so many tasks, made in this folder where it needs any and they are not there yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn with_files(self, folder: &Path, tasks: u64) -> io::Result<Self> {
        let place = Some(folder.to_owned());
        Ok(match self {
            Self::LogCount(log) if log.folder.is_none() => {
                log.make(folder, tasks)?;
                Self::LogCount(LogCount { folder: place, ..log })
            }
            Self::Grayscale(pictures) if pictures.folder.is_none() => {
                pictures.make(folder, tasks)?;
                Self::Grayscale(Grayscale { folder: place, ..pictures })
            }
            other => other,
        })
    }
}
