//! Latencies in buckets, in the form that tools around HdrHistogram read.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram as Buckets;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shortest time that is told apart, in nanoseconds.
const FINEST: u64 = 1_000;
/// The longest that is: ten minutes.
const LONGEST: u64 = 600_000_000_000;
/// How many digits of a time are kept: within one percent.
const DIGITS: u8 = 2;
/// The longest text that is read, and the most that it may inflate to, in bytes: a hostile one must not fill the memory.
/// A count for every bucket takes less than half of that.
const LONGEST_TEXT: usize = 64 << 10;
/// What stands before the counts, in bytes: a cookie, their length, an offset, the digits, the bounds, a ratio.
pub(crate) const HEADER: usize = 40;
/// What stands before what was deflated, in bytes: a cookie and its length.
const WRAPPER: usize = 8;
/// The most latencies that one of them counts: far more than a load has tasks.
const MOST_COUNTED: u64 = 1 << 44;
/// The cookie of counts that were deflated.
const DEFLATED: [u8; 4] = [0x1c, 0x84, 0x93, 0x14];
/// The cookie of counts as they are.
const PLAIN: [u8; 4] = [0x1c, 0x84, 0x93, 0x13];

/// Latencies in nanoseconds, within one percent, as HdrHistogram writes them (V2, deflated, base64). It stays text until
/// somebody asks: its counts would take a hundred times the memory.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Histogram(String);

impl Histogram {
    /// What it counts.
    pub fn counts(&self) -> Counts {
        read(&self.0).expect("it was read before")
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Histogram({:?})", self.counts())
    }
}

impl From<&Counts> for Histogram {
    fn from(Counts(buckets): &Counts) -> Self {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(buckets, &mut bytes)
            .expect("memory takes what is written to it");
        Self(STANDARD.encode(bytes))
    }
}

impl Default for Histogram {
    /// One of no latencies.
    fn default() -> Self {
        Self::from(&Counts::default())
    }
}

impl FromIterator<u64> for Histogram {
    fn from_iter<T: IntoIterator<Item = u64>>(latencies: T) -> Self {
        let mut counts = Counts::default();
        latencies.into_iter().for_each(|ns| counts.0.saturating_record(ns));
        Self::from(&counts)
    }
}

/// Why a text is no histogram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no histogram (HdrHistogram V2, deflated, base64): {0}")]
pub struct HistogramError(String);

impl TryFrom<String> for Histogram {
    type Error = HistogramError;

    fn try_from(text: String) -> Result<Self, HistogramError> {
        read(&text).map_err(HistogramError)?;
        Ok(Self(text))
    }
}

/// How many latencies there are in each bucket.
#[derive(Clone, PartialEq)]
pub struct Counts(Buckets<u64>);

impl Counts {
    /// Adds what others hold.
    pub fn add(&mut self, other: &Self) {
        other.0.iter_recorded().for_each(|bucket| {
            self.0.saturating_record_n(bucket.value_iterated_to(), bucket.count_since_last_iteration());
        });
    }

    /// How many latencies there are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The latency that a share of all (0 to 1) does not exceed, in nanoseconds.
    pub fn quantile_ns(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// The same where there are at least so many; else `None`.
    pub fn quantile_of(&self, fewest: u64, share: f64) -> Option<f64> {
        (self.len() >= fewest).then(|| self.quantile_ns(share) as f64)
    }

    /// The longest, in nanoseconds.
    pub fn max_ns(&self) -> u64 {
        self.0.max()
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self(Buckets::new_with_bounds(FINEST, LONGEST, DIGITS).expect("the bounds are those that it allows"))
    }
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} latencies up to {} ns", self.len(), self.max_ns())
    }
}

/// Reads what stands in a record.
fn read(text: &str) -> Result<Counts, String> {
    if text.len() > LONGEST_TEXT {
        return Err(format!("{} bytes, at most {LONGEST_TEXT} are read", text.len()));
    }
    let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
    decode(&inflate(&bytes)?)
}

/// Reads what was deflated.
pub(crate) fn decode(mut inflated: &[u8]) -> Result<Counts, String> {
    check(inflated)?;
    let read: Buckets<u64> =
        Deserializer::new().deserialize(&mut inflated).map_err(|error| error.to_string())?;
    // Several of them are added up, and the library does not look whether a sum fits.
    let all = read
        .iter_recorded()
        .try_fold(0u64, |sum, bucket| sum.checked_add(bucket.count_since_last_iteration()));
    if all.is_none_or(|all| all > MOST_COUNTED) {
        return Err(format!("it counts more than {MOST_COUNTED} latencies"));
    }
    let mut counts = Counts::default();
    counts.add(&Counts(read));
    Ok(counts)
}

/// What was deflated, if it is not more than a histogram can be.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let deflated =
        bytes.get(WRAPPER..).filter(|_| bytes.starts_with(&DEFLATED)).ok_or("it begins otherwise")?;
    let mut inflated = Vec::new();
    let most = LONGEST_TEXT as u64;
    ZlibDecoder::new(deflated)
        .take(most + 1)
        .read_to_end(&mut inflated)
        .map_err(|error| error.to_string())?;
    match inflated.len() as u64 <= most {
        true => Ok(inflated),
        false => Err(format!("it inflates to more than {most} bytes")),
    }
}

/// Whether it is of the size that it says, and has the bounds that every histogram of ours has: its decoder takes as much
/// memory as it is told to.
fn check(inflated: &[u8]) -> Result<(), String> {
    let (header, counts) = inflated
        .split_at_checked(HEADER)
        .filter(|(header, _)| header.starts_with(&PLAIN))
        .ok_or("what was deflated begins otherwise")?;
    let number =
        |from: usize, to: usize| header[from..to].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    if number(4, 8) != counts.len() as u64 {
        return Err(format!("its counts take {} bytes, and it says {}", counts.len(), number(4, 8)));
    }
    let (digits, low, high) = (number(12, 16), number(16, 24), number(24, 32));
    if (digits, low, high) != (u64::from(DIGITS), FINEST, LONGEST) {
        return Err(format!(
            "it has {digits} digits from {low} to {high} ns, {DIGITS} from {FINEST} to {LONGEST} are read"
        ));
    }
    // The one run of empty buckets whose length has no negative, which the decoder asks for.
    match counts.windows(9).any(|count| count == [0xff; 9]) {
        true => Err("it has a count that no histogram has".to_owned()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    #[test]
    fn quantiles_are_within_a_percent_and_survive_the_record() {
        let histogram: Histogram = (1..=1000u64).map(|step| step * 20_000).collect();
        let text = serde_json::to_string(&histogram).unwrap();
        let again: Histogram = serde_json::from_str(&text).unwrap();
        let (histogram, again) = (histogram.counts(), again.counts());
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
        let counts = |latencies: &[u64]| latencies.iter().copied().collect::<Histogram>().counts();
        let mut sum = counts(&[1_000_000]);
        sum.add(&counts(&[3_000_000, 5_000_000]));
        assert_eq!(sum.len(), 3);
        assert!(sum.max_ns() >= 5_000_000);
    }

    #[test]
    fn what_would_take_more_than_a_histogram_is_refused_before_it_is_decoded() {
        let usual: Histogram = [1_000_000, 5_000_000].into_iter().collect();
        let deflated = STANDARD.decode(usual.0).unwrap();
        let bytes = inflate(&deflated).unwrap();
        assert_eq!(decode(&bytes).unwrap().len(), 2);
        let changed = |at: usize, to: &[u8]| {
            let mut bytes = bytes.clone();
            bytes[at..at + to.len()].copy_from_slice(to);
            decode(&bytes).unwrap_err()
        };
        assert!(changed(0, &DEFLATED).contains("begins otherwise"));
        assert!(changed(4, &[0xff; 4]).contains("it says 4294967295"));
        assert!(changed(12, &[0, 0, 0, 5]).contains("it has 5 digits"));
        assert!(changed(24, &[0x7f; 8]).contains("600000000000 are read"));
        let mut endless = [&bytes[..HEADER], &[0xff; 9]].concat();
        endless[4..8].copy_from_slice(&9u32.to_be_bytes());
        assert!(decode(&endless).unwrap_err().contains("a count that no histogram has"));
    }

    #[test]
    fn what_inflates_to_more_than_a_histogram_is_refused() {
        let wrapper = [DEFLATED, [0; 4]].concat();
        let mut bomb = ZlibEncoder::new(wrapper, Compression::best());
        bomb.write_all(&vec![0; 16 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        assert!(bomb.len() < LONGEST_TEXT / 2);
        let refused = Histogram::try_from(STANDARD.encode(bomb)).unwrap_err();
        assert!(refused.to_string().contains("inflates to more than 65536 bytes"), "{refused}");
    }

    #[test]
    fn counts_whose_sum_does_not_fit_are_refused() {
        let mut counts = Counts::default();
        for latency in [1_000_000, 2_000_000] {
            counts.0.saturating_record_n(latency, 1 << 43);
        }
        let text = Histogram::from(&counts).0;
        assert_eq!(Histogram::try_from(text).unwrap().counts(), counts);
        counts.0.saturating_record_n(3_000_000, 1);
        let refused = Histogram::try_from(Histogram::from(&counts).0).unwrap_err();
        assert!(refused.to_string().contains("it counts more than"), "{refused}");
    }

    #[test]
    fn the_longest_that_is_written_is_read() {
        let mut counts = Counts::default();
        let mut random = 1u64;
        for latency in (0..).map(|step: u32| (FINEST as f64 * 1.004f64.powf(step.into())) as u64) {
            if latency > LONGEST {
                break;
            }
            // Counts of as many bytes as there may be, which no compression makes shorter.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            counts.0.saturating_record_n(latency, random >> 34);
        }
        let text = Histogram::from(&counts).0;
        assert!((10_000..LONGEST_TEXT).contains(&text.len()), "{} bytes", text.len());
        assert_eq!(Histogram::try_from(text).unwrap().counts(), counts);
    }
}
