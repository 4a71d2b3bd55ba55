//! The Hodges-Lehmann estimate of a centre, with the interval that belongs to the signed-rank test.

use crate::signed_rank::walsh_rank;
use crate::{Location, median};

/// The means of every two of some values, each with itself too, ascending (Walsh, 1949).
#[derive(Debug, Clone)]
pub struct WalshMeans {
    ascending: Vec<f64>,
    count: usize,
}

impl WalshMeans {
    /// Those of these values: n(n+1)/2 numbers.
    pub fn of(values: &[f64]) -> Self {
        let mut means = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
        for (index, left) in values.iter().enumerate() {
            means.extend(values[index..].iter().map(|right| 0.5 * (left + right)));
        }
        means.sort_unstable_by(f64::total_cmp);
        Self { ascending: means, count: values.len() }
    }

    /// Their median (Hodges and Lehmann, 1963), and the interval of those centres that the signed-rank test does not reject
    /// (Tukey, 1949; Bauer, 1972).
    ///
    /// The interval has at least `confidence`, or is the whole range if that has less. It assumes that the values lie
    /// symmetrically around their centre, as differences of two alike distributed ones do. `None` without values.
    pub fn centre(&self, confidence: f64) -> Option<Location> {
        let estimate = median(&self.ascending)?;
        let (rank, confidence) = walsh_rank(self.count, confidence);
        let (low, high) = (self.ascending[rank - 1], self.ascending[self.ascending.len() - rank]);
        Some(Location { estimate, low, high, confidence })
    }
}

/// The Hodges-Lehmann estimate of values with its interval: see [`WalshMeans::centre`].
pub fn hodges_lehmann(values: &[f64], confidence: f64) -> Option<Location> {
    WalshMeans::of(values).centre(confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed_rank;

    #[test]
    fn the_estimate_is_the_median_of_the_pairwise_means() {
        // Walsh averages of 1, 2, 6: 1, 1.5, 2, 3.5, 4, 6.
        let location = hodges_lehmann(&[6.0, 1.0, 2.0], 0.95).expect("there are values");
        assert_eq!(location, Location { estimate: 2.75, low: 1.0, high: 6.0, confidence: 0.75 });
        assert_eq!(hodges_lehmann(&[], 0.95), None);
    }

    #[test]
    fn one_wild_value_hardly_moves_it() {
        let tame: Vec<f64> = (0..20).map(f64::from).collect();
        let mut wild = tame.clone();
        wild[19] = 1e9;
        let before = hodges_lehmann(&tame, 0.95).expect("there are values");
        let after = hodges_lehmann(&wild, 0.95).expect("there are values");
        assert!((before.estimate - after.estimate).abs() < 1.0);
        assert!(after.high < 20.0);
    }

    #[test]
    fn the_interval_holds_exactly_the_centres_that_the_test_does_not_reject() {
        let values: Vec<f64> = (1..=20).map(|i| (f64::from(i) * 1.7).sin() + f64::from(i) * 0.013).collect();
        let location = hodges_lehmann(&values, 0.95).expect("there are values");
        let step = 1e-9;
        for inside in [location.low + step, location.high - step] {
            assert!(signed_rank(&values, inside).two_sided() > 0.05);
        }
        for outside in [location.low - step, location.high + step] {
            assert!(signed_rank(&values, outside).two_sided() <= 0.05);
        }
    }
}
