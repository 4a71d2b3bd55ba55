//! Where the centre of a sample lies.

use crate::{normal_quantile, standard_error};

/// An estimate of a centre, or of the shift between two, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// The estimate.
    pub estimate: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence that the interval really has.
    pub confidence: f64,
}

impl Location {
    /// The ratio whose logarithm lies here.
    pub fn exp(self) -> Self {
        self.map(f64::exp)
    }

    /// The logarithm of a ratio that lies here.
    pub fn ln(self) -> Self {
        self.map(f64::ln)
    }

    fn map(self, of: fn(f64) -> f64) -> Self {
        Self { estimate: of(self.estimate), low: of(self.low), high: of(self.high), ..self }
    }

    /// The mean of estimates that are independent of each other, with a normal interval: its standard error is the root
    /// of the sum of their squared errors, over their number. `None` without any.
    pub fn mean(of: &[Self], confidence: f64) -> Option<Self> {
        let count = of.len() as f64;
        let squares: f64 =
            of.iter().map(|each| standard_error(each.low, each.high, each.confidence).powi(2)).sum();
        let reach = normal_quantile(0.5 + 0.5 * confidence) * squares.sqrt() / count;
        let estimate = of.iter().map(|each| each.estimate).sum::<f64>() / count;
        (!of.is_empty()).then_some(Self {
            estimate,
            low: estimate - reach,
            high: estimate + reach,
            confidence,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_four_alike_estimates_is_twice_as_sure() {
        let one = Location { estimate: 3.0, low: 2.0, high: 4.0, confidence: 0.95 };
        let mean = Location::mean(&[one; 4], 0.95).expect("there are four");
        assert_eq!(mean.estimate, 3.0);
        assert!((mean.low - 2.5).abs() < 1e-9 && (mean.high - 3.5).abs() < 1e-9, "{mean:?}");
        assert_eq!(Location::mean(&[], 0.95), None);
    }

    #[test]
    fn a_ratio_is_a_shift_of_logarithms() {
        let shift = Location { estimate: 0.0, low: 0.5f64.ln(), high: 2f64.ln(), confidence: 0.95 };
        let ratio = shift.exp();
        assert!((ratio.estimate, ratio.confidence) == (1.0, 0.95));
        assert!((ratio.low - 0.5).abs() < 1e-12 && (ratio.ln().high - shift.high).abs() < 1e-12);
    }
}
