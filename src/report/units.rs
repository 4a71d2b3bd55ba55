//! Figures as a report shows them: those of [`wording`], bounded in length, and those it does not have.

use super::text::clip;
use crate::analyse::wording;
use crate::record::Estimate;

/// The most characters of a figure: a hostile record may hold 1e300.
const MOST: usize = 40;

/// A time given in nanoseconds, to three digits.
pub(crate) fn time(ns: f64) -> String {
    clip(&wording::duration(ns, 0.0), MOST)
}

/// The median of an estimate in nanoseconds, with the digits that its interval supports.
pub(crate) fn median_time(estimate: &Estimate) -> String {
    clip(&wording::estimate(estimate).figure, MOST)
}

/// The interval of an estimate in nanoseconds, in the unit of its median.
pub(crate) fn time_interval(estimate: &Estimate) -> String {
    clip(&wording::estimate(estimate).interval, MOST)
}

/// A ratio with the digits that its interval supports; three if there is none.
pub(crate) fn ratio(value: f64, interval: Option<(f64, f64)>) -> String {
    let (low, high) = interval.unwrap_or((value, value));
    clip(&wording::ratio(value, low, high).figure, MOST)
}

/// Both ends of the interval of a ratio.
pub(crate) fn ratio_interval(value: f64, interval: Option<(f64, f64)>) -> String {
    match interval {
        Some((low, high)) => clip(&wording::ratio(value, low, high).interval, MOST),
        None => "no interval".into(),
    }
}

/// A share of one, as percent.
pub(crate) fn percent(share: f64) -> String {
    clip(&wording::percent(share), MOST)
}

/// A difference from one, as percent with its sign.
pub(crate) fn signed_percent(difference: f64) -> String {
    match difference {
        0.0 => "±0 %".into(),
        d if d < 0.0 => format!("−{}", percent(-d)),
        d => format!("+{}", percent(d)),
    }
}

/// A unit and how many of the base unit it holds.
type Unit = (&'static str, f64);

const BYTES: [Unit; 4] = [("B", 1.0), ("KiB", 1024.0), ("MiB", 1048576.0), ("GiB", 1073741824.0)];
const COUNTS: [Unit; 4] = [("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)];
const TIMES: [Unit; 4] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];

/// The largest unit of which there is at least one.
fn unit(value: f64, units: &[Unit]) -> Unit {
    units.iter().rev().copied().find(|(_, size)| value.abs() >= *size).unwrap_or(units[0])
}

fn three_digits(value: f64, units: &[Unit]) -> String {
    let (name, size) = unit(value, units);
    let value = value / size;
    let decimals =
        if value.fract() == 0.0 && size == 1.0 { 0 } else { (2 - magnitude(value)).clamp(0, 2) as usize };
    clip(format!("{value:.decimals$} {name}").trim_end(), MOST)
}

fn magnitude(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log10().floor() as i32 }
}

/// An amount of memory given in bytes.
pub(crate) fn bytes(bytes: f64) -> String {
    three_digits(bytes, &BYTES)
}

/// A count.
pub(crate) fn count(value: f64) -> String {
    three_digits(value, &COUNTS)
}

/// What an axis counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Memory,
    /// Pieces.
    Count,
}

impl Measure {
    fn units(self) -> &'static [Unit] {
        match self {
            Self::Time => &TIMES,
            Self::Memory => &BYTES,
            Self::Count => &COUNTS,
        }
    }

    /// The size of the unit in which a value is read.
    pub(crate) fn unit(self, value: f64) -> f64 {
        unit(value, self.units()).1
    }

    /// The label of a round value on an axis.
    pub(crate) fn tick(self, value: f64) -> String {
        let (name, size) = unit(value, self.units());
        format!("{} {name}", plain(value / size)).trim_end().to_owned()
    }
}

/// A round number without zeros at its end.
pub(crate) fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { clip(text, MOST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_counts_have_three_digits() {
        assert_eq!(bytes(3_250_586.0), "3.10 MiB");
        assert_eq!(bytes(17.0), "17 B");
        assert_eq!(count(12_345.0), "12.3 k");
        assert_eq!(count(7.0), "7");
        assert_eq!(count(1.75), "1.75");
    }

    #[test]
    fn ticks_are_round_in_their_own_unit() {
        assert_eq!(Measure::Time.tick(2_500_000.0), "2.5 ms");
        assert_eq!(Measure::Memory.tick(4.0 * 1048576.0), "4 MiB");
        assert_eq!(Measure::Count.tick(0.0), "0");
        assert_eq!(plain(0.05), "0.05");
    }

    #[test]
    fn no_figure_breaks_a_layout() {
        for value in [f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NAN, -1e300] {
            for text in
                [time(value), ratio(value, None), percent(value), bytes(value), count(value), plain(value)]
            {
                assert!(text.chars().count() <= MOST, "{text}");
            }
        }
    }
}
