//! Numbers as a person reads them: with their unit, and no more digits than the interval supports.

use std::fmt;

use crate::model::Family;
use crate::batch::{SheetCell};
use crate::record::{Estimate};

/// A figure and its interval, apart, so that words may stand between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worded {
    /// `12.3 ms`.
    pub figure: String,
    /// `[12.1, 12.6]`, in the unit of the figure.
    pub interval: String,
}

impl fmt::Display for Worded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.figure, self.interval)
    }
}

/// A time with its interval, in one unit: `12.3 ms [12.1, 12.6]`, from nanoseconds.
pub fn estimate(estimate: &Estimate) -> Worded {
    let (scale, unit) = unit(estimate.median);
    worded([estimate.median, estimate.low, estimate.high].map(|time| time / scale), &format!(" {unit}"))
}

/// A ratio with its interval: `1.98x [1.95, 2.02]`.
pub fn ratio(ratio: f64, low: f64, high: f64) -> Worded {
    worded([ratio, low, high], "x")
}

fn worded([figure, low, high]: [f64; 3], unit: &str) -> Worded {
    let places = places(figure, (high - low) / 2.0);
    Worded {
        figure: format!("{}{unit}", fixed(figure, places)),
        interval: format!("[{}, {}]", fixed(low, places), fixed(high, places)),
    }
}

/// A time, from nanoseconds, to as many digits as `half_width` (nanoseconds too) supports; three if that is 0.
pub fn duration(nanoseconds: f64, half_width: f64) -> String {
    let (scale, unit) = unit(nanoseconds);
    format!("{} {unit}", fixed(nanoseconds / scale, places(nanoseconds / scale, half_width / scale)))
}

/// From one time to another, in nanoseconds, with the unit of the longer: `12 to 14 ms`. One time if they look alike.
pub fn span(from: f64, to: f64) -> String {
    let (scale, unit) = unit(to);
    let places = places(to / scale, 0.0).min(places(to / scale, (to - from) / scale));
    match (fixed(from / scale, places), fixed(to / scale, places)) {
        (from, to) if from == to => format!("{to} {unit}"),
        (from, to) => format!("{from} to {to} {unit}"),
    }
}

/// From one ratio to another: `1.03x to 1.10x`.
pub fn ratio_span(from: f64, to: f64) -> String {
    let places = places(from, (to - from) / 2.0);
    format!("{}x to {}x", fixed(from, places), fixed(to, places))
}

/// A time that is known exactly, because somebody chose it: `20 ms`, from nanoseconds.
pub fn plain_duration(nanoseconds: u64) -> String {
    let (scale, unit) = unit(nanoseconds as f64);
    format!("{} {unit}", nanoseconds as f64 / scale)
}

/// A fraction as a percentage of two digits: `1.8 %`.
pub fn percent(fraction: f64) -> String {
    let percent = 100.0 * fraction;
    format!("{} %", fixed(percent, places(percent, percent.abs())))
}

/// The name of a cell in its workload: `rayon (2 workers)`; the baseline has one worker by definition.
pub fn cell(cell: &SheetCell) -> String {
    match (cell.family, cell.workers) {
        (Family::Baseline, _) => cell.model.clone(),
        (_, 1) => format!("{} (1 worker)", cell.model),
        (_, workers) => format!("{} ({workers} workers)", cell.model),
    }
}

/// `a`, `a and b`, `a, b and c`, or the first `most` and how many more.
pub fn list(names: &[String], most: usize) -> String {
    let shown = if names.len() > most { &names[..most] } else { names };
    let hidden = names.len() - shown.len();
    let more = (hidden > 0).then(|| format!("{hidden} more"));
    let mut parts: Vec<&str> = shown.iter().map(String::as_str).chain(more.as_deref()).collect();
    match parts.pop() {
        None => String::new(),
        Some(last) if parts.is_empty() => last.to_owned(),
        Some(last) => format!("{} and {last}", parts.join(", ")),
    }
}

/// The largest unit in which a time is at least 1, and how many nanoseconds it has.
fn unit(nanoseconds: f64) -> (f64, &'static str) {
    [(1e9, "s"), (1e6, "ms"), (1e3, "µs")]
        .into_iter()
        .find(|&(scale, _)| nanoseconds.abs() >= scale)
        .unwrap_or((1.0, "ns"))
}

/// How many decimal places a value deserves: a step of the last digit is no more than the whole interval, within two to
/// four digits in all. Negative for tens and hundreds.
fn places(value: f64, half_width: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let magnitude = value.abs().log10().floor() as i32;
    let supported =
        if half_width > 0.0 { (-(2.0 * half_width).log10()).ceil() as i32 } else { 2 - magnitude };
    supported.clamp(1 - magnitude, 3 - magnitude)
}

fn fixed(value: f64, places: i32) -> String {
    match usize::try_from(places) {
        Ok(decimals) => format!("{value:.decimals$}"),
        Err(_) => {
            let step = 10f64.powi(-places);
            format!("{:.0}", (value / step).round() * step)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(median: f64, low: f64, high: f64) -> String {
        estimate(&Estimate { median, low, high, min: low, count: 20, confidence: 0.95 }).to_string()
    }

    #[test]
    fn digits_end_where_the_interval_starts() {
        assert_eq!(shown(12_345_678.0, 12_123_456.0, 12_612_345.0), "12.3 ms [12.1, 12.6]");
        assert_eq!(shown(12_345_678.0, 12_340_000.0, 12_350_000.0), "12.35 ms [12.34, 12.35]");
        assert_eq!(shown(123_456.0, 90_000.0, 160_000.0), "120 µs [90, 160]");
        assert_eq!(ratio(1.9812, 1.951, 2.024).to_string(), "1.98x [1.95, 2.02]");
        assert_eq!(ratio(131.4, 90.0, 180.0).to_string(), "130x [90, 180]");
        assert_eq!(percent(0.0183), "1.8 %");
    }

    #[test]
    fn units_change_at_a_thousand() {
        assert_eq!(duration(999.0, 0.0), "999 ns");
        assert_eq!(duration(1_000.0, 0.0), "1.00 µs");
        assert_eq!(duration(20_000_000.0, 0.0), "20.0 ms");
        assert_eq!(duration(3_000_000_000.0, 1e9), "3.0 s");
        assert_eq!(duration(0.0, 0.0), "0 ns");
    }

    #[test]
    fn lists_read_as_english() {
        let names = ["a", "b", "c", "d"].map(String::from);
        assert_eq!(list(&names[..1], 3), "a");
        assert_eq!(list(&names[..2], 3), "a and b");
        assert_eq!(list(&names[..3], 3), "a, b and c");
        assert_eq!(list(&names, 3), "a, b, c and 1 more");
    }
}
