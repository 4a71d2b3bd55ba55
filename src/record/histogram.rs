//! Latencies in buckets, in the form that tools around HdrHistogram read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram as Buckets;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

/// The shortest time that is told apart, in nanoseconds.
const FINEST: u64 = 1_000;
/// The longest that is: ten minutes.
const LONGEST: u64 = 600_000_000_000;
/// How many digits of a time are kept: within one percent.
const DIGITS: u8 = 2;
/// The longest text that is read, in bytes: a hostile one must not fill the memory.
const LONGEST_TEXT: usize = 64 << 10;

/// Latencies, in nanoseconds, within one percent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Histogram(Buckets<u64>);

impl Histogram {
    /// One without any latency.
    pub fn new() -> Self {
        Self(Buckets::new_with_bounds(FINEST, LONGEST, DIGITS).expect("the bounds are those that it allows"))
    }

    /// Adds what another one holds.
    pub fn add(&mut self, other: &Self) {
        other.0.iter_recorded().for_each(|bucket| {
            self.0.saturating_record_n(bucket.value_iterated_to(), bucket.count_since_last_iteration());
        });
    }

    /// How many latencies it holds.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The latency that a share of all (0 to 1) does not exceed, in nanoseconds.
    pub fn quantile_ns(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// The longest, in nanoseconds.
    pub fn max_ns(&self) -> u64 {
        self.0.max()
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Histogram({} latencies up to {} ns)", self.len(), self.max_ns())
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<u64> for Histogram {
    fn from_iter<T: IntoIterator<Item = u64>>(latencies: T) -> Self {
        let mut histogram = Self::new();
        latencies.into_iter().for_each(|ns| histogram.0.saturating_record(ns));
        histogram
    }
}

impl From<Histogram> for String {
    fn from(histogram: Histogram) -> Self {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&histogram.0, &mut bytes)
            .expect("memory takes what is written to it");
        STANDARD.encode(bytes)
    }
}

/// Why a text is no histogram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no histogram (HdrHistogram V2, deflated, base64): {0}")]
pub struct HistogramError(String);

impl TryFrom<String> for Histogram {
    type Error = HistogramError;

    fn try_from(text: String) -> Result<Self, HistogramError> {
        if text.len() > LONGEST_TEXT {
            let what = format!("{} bytes, at most {LONGEST_TEXT} are read", text.len());
            return Err(HistogramError(what));
        }
        let bytes = STANDARD.decode(text).map_err(|error| HistogramError(error.to_string()))?;
        let read: Buckets<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| HistogramError(error.to_string()))?;
        let mut histogram = Self::new();
        histogram.add(&Self(read));
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_within_a_percent_and_survive_the_record() {
        let histogram: Histogram = (1..=1000u64).map(|step| step * 20_000).collect();
        let text = serde_json::to_string(&histogram).unwrap();
        let again: Histogram = serde_json::from_str(&text).unwrap();
        assert!(text.len() < 4_000, "{} bytes", text.len());
        for (share, expected) in [(0.5, 10e6), (0.9, 18e6), (0.99, 19.8e6), (1.0, 20e6)] {
            let ratio = again.quantile_ns(share) as f64 / expected;
            assert!((0.99..=1.01).contains(&ratio), "{share}: {ratio}");
            assert_eq!(again.quantile_ns(share), histogram.quantile_ns(share));
        }
        assert_eq!(again.len(), 1000);
    }

    #[test]
    fn histograms_add_up() {
        let mut sum: Histogram = [1_000_000].into_iter().collect();
        sum.add(&[3_000_000, 5_000_000].into_iter().collect());
        assert_eq!(sum.len(), 3);
        assert!(sum.max_ns() >= 5_000_000);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[A-Za-z0-9+/]{0,200}={0,2}") {
            let _ = Histogram::try_from(text);
        }
    }
}
