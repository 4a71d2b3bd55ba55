//! Figures as a person reads them: with their unit, no more digits than the interval supports, and never so long that they
//! break a layout.

use concbench_stats::Estimate;

use crate::clip;

/// The most characters of a figure: a hostile record may hold 1e300.
const MOST: usize = 40;

/// A figure and its interval, apart, so that words may stand between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worded {
    /// `12.3 ms`.
    pub figure: String,
    /// `[12.1, 12.6]`, in the unit of the figure.
    pub interval: String,
}

/// A time with its interval, in one unit: `12.3 ms` and `[12.1, 12.6]`, from nanoseconds.
pub fn estimate(estimate: &Estimate) -> Worded {
    let (name, size) = unit(estimate.median, &TIMES);
    worded([estimate.median, estimate.low, estimate.high].map(|time| time / size), &format!(" {name}"))
}

/// The median of an estimate in nanoseconds, with the digits that its interval supports.
pub fn median_time(of: &Estimate) -> String {
    estimate(of).figure
}

/// The interval of an estimate in nanoseconds, in the unit of its median.
pub fn time_interval(of: &Estimate) -> String {
    estimate(of).interval
}

/// A time given in nanoseconds, to three digits.
pub fn time(nanoseconds: f64) -> String {
    let (name, size) = unit(nanoseconds, &TIMES);
    clip(&format!("{} {name}", fixed(nanoseconds / size, places(nanoseconds / size, 0.0))), MOST)
}

/// From one time to another, in nanoseconds, with the unit of the longer: `12 to 14 ms`. One time if they look alike.
pub fn time_span(from: f64, to: f64) -> String {
    let (name, size) = unit(to, &TIMES);
    let places = places(to / size, 0.0).min(places(to / size, (to - from) / size));
    match (fixed(from / size, places), fixed(to / size, places)) {
        (from, to) if from == to => format!("{to} {name}"),
        (from, to) => format!("{from} to {to} {name}"),
    }
}

/// A time that is known exactly, because somebody chose it: `20 ms`, from nanoseconds.
pub fn exact_time(nanoseconds: u64) -> String {
    let (name, size) = unit(nanoseconds as f64, &TIMES);
    format!("{} {name}", nanoseconds as f64 / size)
}

/// A ratio with its interval, where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The ratio.
    pub value: f64,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
}

impl Ratio {
    /// The ratio with the digits that its interval supports, three if there is none: `1.98x`.
    pub fn figure(&self) -> String {
        self.worded().figure
    }

    /// The interval: `[1.95, 2.02]`.
    pub fn range(&self) -> String {
        self.interval.map_or("no interval".into(), |_| self.worded().interval)
    }

    /// The lower end of the interval, the ratio, and the upper end; all the same if there is no interval.
    pub fn ends(&self) -> [f64; 3] {
        let (low, high) = self.interval.unwrap_or((self.value, self.value));
        [low, self.value, high]
    }

    fn worded(&self) -> Worded {
        let [low, value, high] = self.ends();
        worded([value, low, high], "x")
    }
}

/// A ratio with the digits that its interval supports; three if there is none.
pub fn ratio(value: f64, interval: Option<(f64, f64)>) -> String {
    Ratio { value, interval }.figure()
}

/// Both ends of the interval of a ratio.
pub fn ratio_interval(value: f64, interval: Option<(f64, f64)>) -> String {
    Ratio { value, interval }.range()
}

/// From one ratio to another: `1.03x to 1.10x`.
pub fn ratio_span(from: f64, to: f64) -> String {
    let places = places(from, (to - from) / 2.0);
    format!("{}x to {}x", fixed(from, places), fixed(to, places))
}

/// A share of one, as percent of two digits: `1.8 %`.
pub fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    clip(&format!("{} %", fixed(percent, places(percent, percent.abs()))), MOST)
}

/// A difference from one, as percent with its sign.
pub fn signed_percent(difference: f64) -> String {
    match difference {
        0.0 => "±0 %".into(),
        d if d < 0.0 => format!("−{}", percent(-d)),
        d => format!("+{}", percent(d)),
    }
}

/// An amount of memory given in bytes.
pub fn bytes(bytes: f64) -> String {
    three_digits(bytes, &BYTES)
}

/// A count.
pub fn count(value: f64) -> String {
    three_digits(value, &COUNTS)
}

/// A round number without zeros at its end.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { clip(text, MOST) }
}

/// What an axis counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
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
    pub fn unit(self, value: f64) -> f64 {
        unit(value, self.units()).1
    }

    /// The label of a round value on an axis.
    pub fn tick(self, value: f64) -> String {
        let (name, size) = unit(value, self.units());
        format!("{} {name}", plain(value / size)).trim_end().to_owned()
    }
}

/// A unit and how many of the base unit it holds.
type Unit = (&'static str, f64);

const TIMES: [Unit; 4] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
const BYTES: [Unit; 4] = [("B", 1.0), ("KiB", 1024.0), ("MiB", 1048576.0), ("GiB", 1073741824.0)];
const COUNTS: [Unit; 4] = [("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)];

/// The largest unit of which there is at least one.
fn unit(value: f64, units: &[Unit]) -> Unit {
    units.iter().rev().copied().find(|(_, size)| value.abs() >= *size).unwrap_or(units[0])
}

fn worded([figure, low, high]: [f64; 3], unit: &str) -> Worded {
    let places = places(figure, (high - low) / 2.0);
    Worded {
        figure: clip(&format!("{}{unit}", fixed(figure, places)), MOST),
        interval: clip(&format!("[{}, {}]", fixed(low, places), fixed(high, places)), MOST),
    }
}

fn three_digits(value: f64, units: &[Unit]) -> String {
    let (name, size) = unit(value, units);
    let value = value / size;
    let whole = value.fract() == 0.0 && size == 1.0;
    let decimals = if whole { 0 } else { (2 - magnitude(value)).clamp(0, 2) as usize };
    clip(format!("{value:.decimals$} {name}").trim_end(), MOST)
}

/// How many decimal places a value deserves: a step of the last digit is no more than the whole interval, within two to
/// four digits in all; three digits if the interval is a point. Negative for tens and hundreds.
fn places(value: f64, half_width: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let magnitude = magnitude(value);
    let supported =
        if half_width > 0.0 { (-(2.0 * half_width).log10()).ceil() as i32 } else { 2 - magnitude };
    supported.clamp(1 - magnitude, 3 - magnitude)
}

fn magnitude(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log10().floor() as i32 }
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
        let worded = estimate(&Estimate { median, low, high, min: low, count: 20, confidence: 0.95 });
        format!("{} {}", worded.figure, worded.interval)
    }

    #[test]
    fn digits_end_where_the_interval_starts() {
        assert_eq!(shown(12_345_678.0, 12_123_456.0, 12_612_345.0), "12.3 ms [12.1, 12.6]");
        assert_eq!(shown(12_345_678.0, 12_340_000.0, 12_350_000.0), "12.35 ms [12.34, 12.35]");
        assert_eq!(shown(123_456.0, 90_000.0, 160_000.0), "120 µs [90, 160]");
        let ratio = |value, low, high| {
            let ratio = Ratio { value, interval: Some((low, high)) };
            format!("{} {}", ratio.figure(), ratio.range())
        };
        assert_eq!(ratio(1.9812, 1.951, 2.024), "1.98x [1.95, 2.02]");
        assert_eq!(ratio(131.4, 90.0, 180.0), "130x [90, 180]");
        assert_eq!(ratio_interval(1.0, None), "no interval");
        assert_eq!(percent(0.0183), "1.8 %");
    }

    #[test]
    fn units_change_at_a_thousand() {
        assert_eq!(time(999.0), "999 ns");
        assert_eq!(time(1_000.0), "1.00 µs");
        assert_eq!(time(20_000_000.0), "20.0 ms");
        assert_eq!(shown(3e9, 2e9, 4e9), "3.0 s [2.0, 4.0]");
        assert_eq!(time(0.0), "0 ns");
        assert_eq!(exact_time(20_000_000), "20 ms");
    }

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
            let figures = [time(value), ratio(value, None), percent(value), bytes(value), count(value)];
            for text in figures.into_iter().chain([plain(value)]) {
                assert!(text.chars().count() <= MOST, "{text}");
            }
        }
    }
}
