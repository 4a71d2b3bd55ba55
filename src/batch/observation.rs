use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::pace::steady_ns;
use crate::record::{Response, Responses};

/// The most times of warm batches that one runner sees: criterion asks for a few hundred, and everything else for far fewer.
const MOST_SERVED: usize = 10_000;

/// What one fresh runner saw of a model that ran batches: the phases from start to stop, in nanoseconds on the monotonic
/// clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BatchObservation {
    /// Starting the model.
    pub(crate) startup_ns: u64,
    /// The first batch.
    pub(crate) cold_ns: u64,
    /// The batches after it, each by itself or, where they are many, each figure the mean of `warm_each` batches that
    /// follow each other. The first third of their time is there to warm up in, and counts in no estimate of a steady
    /// state as long as five figures are left.
    #[serde(deserialize_with = "as_many_as_are_kept")]
    pub(crate) warm_ns: Vec<u64>,
    /// Of how many batches each of `warm_ns` is the mean; 1 if it is not said.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(crate) warm_each: u64,
    /// The CPU time that the warm batches took together, in user mode and in the kernel: that of the runner and of all
    /// processes below it from before the first to after the last.
    pub(crate) warm_cpu_ns: Option<u64>,
    /// Why that is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warm_cpu_reason: Option<String>,
    /// How long the HTTP target that the tasks ask has computed meanwhile; `None` where they ask none of concbench's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_cpu_ns: Option<u64>,
    /// Reading clocks of CPU time around the warm batches, judging what tasks share after each batch, and reading how much
    /// memory is held, before the stop.
    pub(crate) probe_ns: u64,
    /// Stopping the model.
    pub(crate) shutdown_ns: u64,
    /// From before the start to after the stop, by one pair of clock readings.
    pub(crate) wall_ns: u64,
    /// The most memory that was resident at once, in bytes: the runner's peak, and the proportional share of each worker
    /// process at the end of the last batch.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// Why that is not known, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peak_rss_reason: Option<String>,
    /// How many tasks one batch completed; the same in every batch.
    pub(crate) tasks: u64,
    /// What the tasks of a batch returned, folded, in hexadecimal; equal to that of the sequential reference.
    pub(crate) digest: String,
}

/// A runner sums up what is more, so what holds more was written by nobody.
fn as_many_as_are_kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    struct Bounded;

    impl<'de> Visitor<'de> for Bounded {
        type Value = Vec<u64>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "at most {MOST_SERVED} times in nanoseconds")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut times: A) -> Result<Vec<u64>, A::Error> {
            let mut kept = Vec::new();
            while let Some(time) = times.next_element()? {
                if kept.len() == MOST_SERVED {
                    return Err(A::Error::invalid_length(kept.len() + 1, &self));
                }
                kept.push(time);
            }
            Ok(kept)
        }
    }

    deserializer.deserialize_seq(Bounded)
}

fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_one(number: &u64) -> bool {
    *number == 1
}

impl BatchObservation {
    /// A batch in steady state: the median of the warm ones that count, in nanoseconds. `None` without any.
    pub(crate) fn steady_ns(&self) -> Option<f64> {
        steady_ns(&self.warm_ns)
    }

    /// The CPU time of a warm batch, in nanoseconds: their mean. `None` without any, or where it is not known.
    pub(crate) fn cpu_ns(&self) -> Option<f64> {
        cpu_per_batch(self.warm_cpu_ns, self.batches() - 1)
    }

    /// The time of a one-off job: start, first batch, stop. It stops at the largest number rather than wrap around.
    pub(crate) fn one_off_ns(&self) -> u64 {
        self.startup_ns.saturating_add(self.cold_ns).saturating_add(self.shutdown_ns)
    }
}

/// The mean over the warm batches of the CPU time that they took together.
pub(super) fn cpu_per_batch(warm_cpu_ns: Option<u64>, warm: u64) -> Option<f64> {
    warm_cpu_ns.filter(|_| warm > 0).map(|time| time as f64 / warm as f64)
}

impl Responses for BatchObservation {
    fn responses(&self) -> Vec<Response> {
        vec![
            Response::maybe("steady_ns", self.steady_ns()),
            Response::one("one_off_ns", self.one_off_ns() as f64),
            Response::one("startup_ns", self.startup_ns as f64),
            Response::one("cold_ns", self.cold_ns as f64),
            Response::several("warm_ns", self.warm_ns.iter().map(|&time| time as f64)),
            Response::maybe("cpu_ns", self.cpu_ns()),
            Response::one("shutdown_ns", self.shutdown_ns as f64),
            Response::one("wall_ns", self.wall_ns as f64),
            Response::maybe("peak_rss_bytes", self.peak_rss_bytes.map(|bytes| bytes as f64)),
        ]
    }

    fn batches(&self) -> u64 {
        (self.warm_ns.len() as u64).saturating_mul(self.warm_each).saturating_add(1)
    }
}
