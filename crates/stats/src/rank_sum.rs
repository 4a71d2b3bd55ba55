//! The rank-sum test of two independent samples (Wilcoxon, 1945; Mann and Whitney, 1947), and the shift between them.

use crate::{Location, OneSided, median, normal_cdf, sorted};

/// Up to this many values on each side the distribution of the statistic is enumerated; beyond, it is normal to four
/// digits.
const EXACT: usize = 40;

/// Tests whether `values` lie `shift` above `others`.
///
/// Pairs that are exactly `shift` apart count half; the p-values then are upper bounds.
pub fn rank_sum(values: &[f64], others: &[f64], shift: f64) -> OneSided {
    let (mut wins, mut ties) = (0, 0);
    for value in values {
        for other in others {
            let apart = value - other - shift;
            wins += usize::from(apart > 0.0);
            ties += usize::from(apart == 0.0);
        }
    }
    let pairs = values.len() * others.len();
    let losses = pairs - wins - ties;
    let tail = Tail::new(values.len(), others.len());
    // The distribution is symmetric: as many wins or more is as likely as as many losses or fewer.
    OneSided { above: tail.at_most(losses + ties.div_ceil(2)), below: tail.at_most(wins + ties.div_ceil(2)) }
}

/// By how much `values` lie above `others`: the median of all differences (Hodges and Lehmann, 1963), and the interval
/// of those shifts that the rank-sum test does not reject.
///
/// The interval has at least `confidence`, or is the whole range if that has less. `None` if a side is empty.
pub fn shift(values: &[f64], others: &[f64], confidence: f64) -> Option<Location> {
    let differences: Vec<f64> =
        values.iter().flat_map(|value| others.iter().map(move |other| value - other)).collect();
    let differences = sorted(&differences);
    let estimate = median(&differences)?;
    let tail = Tail::new(values.len(), others.len());
    let held = |rank: usize| (1.0 - 2.0 * tail.at_most(rank - 1)).max(0.0);
    let most = differences.len().div_ceil(2);
    let rank = (2..=most).take_while(|rank| held(*rank) >= confidence).last().unwrap_or(1);
    Some(Location {
        estimate,
        low: differences[rank - 1],
        high: differences[differences.len() - rank],
        confidence: held(rank),
    })
}

/// P(the number of pairs that one side wins is at most u), if both sides are alike.
enum Tail {
    Exact(Vec<f64>),
    Normal { mean: f64, deviation: f64 },
}

impl Tail {
    fn new(values: usize, others: usize) -> Self {
        let pairs = values * others;
        if values > EXACT || others > EXACT {
            let deviation = (pairs as f64 * (values + others + 1) as f64 / 12.0).sqrt();
            return Self::Normal { mean: pairs as f64 / 2.0, deviation };
        }
        // The largest of all values is on one side or the other; if it is one of `values`, it wins all of its pairs.
        let mut rows = vec![vec![1.0]; others + 1];
        for n in 1..=values {
            let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
            for m in 1..=others {
                let (with, without) = (n as f64 / (n + m) as f64, m as f64 / (n + m) as f64);
                let mut row = vec![0.0; n * m + 1];
                for (wins, probability) in rows[m].iter().enumerate() {
                    row[wins + m] += with * probability;
                }
                for (wins, probability) in next[m - 1].iter().enumerate() {
                    row[wins] += without * probability;
                }
                next.push(row);
            }
            rows = next;
        }
        let mut below = 0.0;
        let mut cumulative = rows.pop().unwrap_or_default();
        for entry in &mut cumulative {
            below += *entry;
            *entry = below;
        }
        Self::Exact(cumulative)
    }

    fn at_most(&self, wins: usize) -> f64 {
        match self {
            Self::Exact(cumulative) => cumulative.get(wins).copied().unwrap_or(1.0).min(1.0),
            Self::Normal { mean, deviation } => normal_cdf((wins as f64 + 0.5 - mean) / deviation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Resampler, normal_quantile};

    #[test]
    fn small_samples_have_the_tabulated_probabilities() {
        // 3 against 3: of 20 arrangements one has no win, two have at most one, four at most two.
        let tail = Tail::new(3, 3);
        for (wins, expected) in [(0, 0.05), (1, 0.10), (2, 0.20), (9, 1.0)] {
            assert!((tail.at_most(wins) - expected).abs() < 1e-12, "{wins}");
        }
        let test = rank_sum(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0], 0.0);
        assert!((test.above - 0.05).abs() < 1e-12 && test.below > 0.99);
    }

    #[test]
    fn the_normal_approximation_meets_the_exact_distribution() {
        let exact = Tail::new(EXACT, EXACT);
        let deviation = ((EXACT * EXACT) as f64 * (2 * EXACT + 1) as f64 / 12.0).sqrt();
        let normal = Tail::Normal { mean: (EXACT * EXACT) as f64 / 2.0, deviation };
        for wins in [500, 600, 700, 800, 900] {
            assert!((exact.at_most(wins) - normal.at_most(wins)).abs() < 1e-3, "{wins}");
        }
    }

    #[test]
    fn identical_samples_are_never_apart() {
        let values: Vec<f64> = (0..20).map(|n| f64::from(n * n)).collect();
        let test = rank_sum(&values, &values, 0.0);
        assert!(test.above > 0.4 && test.below > 0.4);
        let location = shift(&values, &values, 0.95).expect("there are values");
        assert_eq!(location.estimate, 0.0);
        assert!(location.low < 0.0 && location.high > 0.0 && location.confidence >= 0.95);
        assert_eq!(shift(&[], &values, 0.95), None);
    }

    #[test]
    fn the_interval_holds_the_shift_as_often_as_it_says() {
        const ROUNDS: usize = 400;
        let mut random = Resampler::default();
        let grid: Vec<f64> = (0..1000).map(|n| normal_quantile((f64::from(n) + 0.5) / 1000.0)).collect();
        let mut draw =
            |by: f64| -> Vec<f64> { (0..20).map(|_| grid[random.indices(1000)[0]] + by).collect() };
        let held = (0..ROUNDS)
            .filter(|_| {
                let found = shift(&draw(0.7), &draw(0.0), 0.95).expect("there are values");
                (found.low..=found.high).contains(&0.7)
            })
            .count();
        let share = held as f64 / ROUNDS as f64;
        assert!((0.93..=0.98).contains(&share), "{share}");
    }
}
