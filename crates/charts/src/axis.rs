//! Axes: where a value lies, and which values get a tick and a label.

use std::ops::Range;

/// How values are laid along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
}

/// One axis of a chart.
#[derive(Debug, Clone)]
pub struct Axis {
    scale: Scale,
    /// The ends, in the axis' own measure: for a logarithmic axis the logarithms.
    pub range: Range<f64>,
    /// Where labels stand, in the axis' own measure.
    pub ticks: Vec<(f64, String)>,
    /// What the axis measures.
    pub title: String,
}

impl Axis {
    /// A logarithmic axis that holds all positive values. `None` if there is none.
    pub fn log(values: impl IntoIterator<Item = f64>, label: impl Fn(f64) -> String) -> Option<Self> {
        let (low, high) = extent(values.into_iter().filter(|value| *value > 0.0))?;
        // Some room beyond the outermost values, and never less than a factor of 1.1 in all.
        let room = ((high / low).log10() * 0.04).max(0.02);
        let (from, to) = (low.log10() - room, high.log10() + room);
        let ticks = log_ticks(from, to).into_iter().map(|value| (value.log10(), label(value))).collect();
        Some(Self { scale: Scale::Log, range: from..to, ticks, title: String::new() })
    }

    /// The same axis, which must be logarithmic, with ticks at powers of two: whole numbers of KiB and MiB.
    pub fn in_powers_of_two(self, label: impl Fn(f64) -> String) -> Self {
        let (from, to) = self.ends();
        let (first, last) = (from.log2().ceil() as i32, to.log2().floor() as i32);
        // Even powers, since 10 is a KiB and 20 a MiB; as many as there are lines for.
        let step = 2 * ((last - first) / 14).max(0) + 2;
        let powers = (first + first.rem_euclid(2)..=last).step_by(step as usize);
        self.ticked(powers.map(|power| (2f64.powi(power), label(2f64.powi(power)))))
    }

    /// A linear axis from 0 to the largest value, with ticks at round multiples of the unit.
    pub fn from_zero(
        values: impl IntoIterator<Item = f64>,
        unit: f64,
        label: impl Fn(f64) -> String,
    ) -> Self {
        let high = extent(values).map_or(0.0, |(_, high)| high);
        let high = if high > 0.0 { high * 1.04 } else { unit };
        let ticks =
            linear_ticks(&(0.0..high / unit), 5).into_iter().map(|n| (n * unit, label(n * unit))).collect();
        Self { scale: Scale::Linear, range: 0.0..high, ticks, title: String::new() }
    }

    /// A linear axis with about `most` ticks.
    pub fn linear(range: Range<f64>, most: usize, label: impl Fn(f64) -> String) -> Self {
        let ticks = linear_ticks(&range, most).into_iter().map(|value| (value, label(value))).collect();
        Self { scale: Scale::Linear, range, ticks, title: String::new() }
    }

    /// One row for each name, the first at the top; rows lie at 0, 1, 2 ...
    pub fn rows(names: impl IntoIterator<Item = String>) -> Self {
        let ticks: Vec<_> = names.into_iter().enumerate().map(|(row, name)| (row as f64, name)).collect();
        Self { scale: Scale::Linear, range: ticks.len() as f64 - 0.5..-0.5, ticks, title: String::new() }
    }

    /// The same axis with the given ticks.
    pub fn ticked(mut self, ticks: impl IntoIterator<Item = (f64, String)>) -> Self {
        self.ticks = ticks.into_iter().map(|(value, label)| (self.at(value), label)).collect();
        self
    }

    /// The same axis with a title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Where a value lies, in the axis' own measure; values beyond an end lie on it.
    pub fn at(&self, value: f64) -> f64 {
        let at = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        };
        let (low, high) = (self.range.start.min(self.range.end), self.range.start.max(self.range.end));
        if at.is_nan() { low } else { at.clamp(low, high) }
    }

    /// The values at both ends.
    pub fn ends(&self) -> (f64, f64) {
        let value = |at: f64| match self.scale {
            Scale::Linear => at,
            Scale::Log => 10f64.powf(at),
        };
        (value(self.range.start), value(self.range.end))
    }

    /// Whether a value lies beyond an end.
    pub fn beyond(&self, value: f64) -> bool {
        let at = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
        };
        !(self.range.start.min(self.range.end)..=self.range.start.max(self.range.end)).contains(&at)
    }
}

/// The smallest and the largest finite value.
pub fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

/// Round values between two powers of ten: steps of one size on a short stretch, 1-2-5 on a middle one, powers of ten on
/// a long one.
fn log_ticks(from: f64, to: f64) -> Vec<f64> {
    let decades = to - from;
    if decades < 0.7 {
        return linear_ticks(&(10f64.powf(from)..10f64.powf(to)), 5);
    }
    let factors: &[f64] = match decades {
        d if d < 1.7 => &[1.0, 2.0, 5.0],
        d if d < 3.2 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let step = ((decades / 6.0).ceil() as usize).max(1);
    (from.floor() as i32..=to.ceil() as i32)
        .step_by(if factors.len() == 1 { step } else { 1 })
        .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
        .filter(|value| (from..=to).contains(&value.log10()))
        .collect()
}

/// Round values of one step inside a range.
fn linear_ticks(range: &Range<f64>, most: usize) -> Vec<f64> {
    let (low, high) = (range.start.min(range.end), range.start.max(range.end));
    let raw = (high - low) / most.max(1) as f64;
    if !(raw.is_finite() && raw > 0.0) {
        return vec![low];
    }
    let magnitude = 10f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|f| f * magnitude).find(|step| *step >= raw * 0.999);
    let step = step.unwrap_or(magnitude * 10.0);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_ticks_within_the_axis() {
        let labels = |low: f64, high: f64| {
            let axis = Axis::log([low, high], |_| String::new()).unwrap();
            let ticks = axis.in_powers_of_two(|bytes| bytes.log2().to_string()).ticks;
            ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(labels(3e6, 6e8), ["22", "24", "26", "28"]);
        assert_eq!(labels(1e3, 1e12), ["10", "16", "22", "28", "34", "40"]);
        assert_eq!(labels(1.1e6, 1.2e6), Vec::<String>::new());
    }

    #[test]
    fn log_axes_get_round_ticks_at_every_length() {
        let ticks = |low: f64, high: f64| {
            Axis::log([low, high], |v| format!("{v:.10}")).expect("positive").ticks.len()
        };
        for high in [1.0, 1.01, 1.5, 3.0, 9.0, 40.0, 900.0, 1e5, 1e9] {
            let count = ticks(1.0, high);
            assert!((1..=8).contains(&count), "1 to {high}: {count} ticks");
        }
    }

    #[test]
    fn nothing_positive_has_no_log_axis() {
        assert!(Axis::log([0.0, -1.0, f64::NAN], |_| String::new()).is_none());
    }

    #[test]
    fn values_beyond_the_end_lie_on_it() {
        let axis = Axis::linear(0.0..10.0, 5, |v| v.to_string());
        assert_eq!(axis.at(50.0), 10.0);
        assert!(axis.beyond(50.0) && !axis.beyond(5.0));
        assert_eq!(axis.ticks.first().map(|t| t.0), Some(0.0));
    }
}
