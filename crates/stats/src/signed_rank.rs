//! Wilcoxon's signed-rank test (Wilcoxon, 1945).

use crate::memo::{Known, remembered};
use crate::{OneSided, normal_cdf, sorted};

/// Up to this many values the distribution of the statistic is enumerated; beyond, it is normal to four digits.
const EXACT: usize = 50;

/// Tests whether `values` are symmetric around `centre`.
///
/// Values at the centre are ranked and then left out (Pratt, 1959); values that tie share the mean of their ranks. Up
/// to 50 values the p-values are exact given those ranks; beyond, they are normal approximations with a correction for
/// continuity. Without any value away from the centre both are 1.
pub fn signed_rank(values: &[f64], centre: f64) -> OneSided {
    let ranked = doubled_ranks(values, centre);
    let ranks: Vec<usize> =
        ranked.iter().filter(|&&rank| rank != 0).map(|rank| rank.unsigned_abs() as usize).collect();
    let positive: usize = ranked.iter().filter(|&&rank| rank > 0).map(|&rank| rank as usize).sum();
    let negative = ranks.iter().sum::<usize>() - positive;
    // The distribution is symmetric, so the upper tail of one sum is the lower tail of the other.
    OneSided { above: lower_tail(&ranks, negative), below: lower_tail(&ranks, positive) }
}

/// The largest number k of Walsh averages that may be cut from each end so that what is left still holds the centre
/// with at least `confidence`, as the rank (from 1) of the first that stays, and the confidence that it really has.
///
/// With few values even the whole range has less; then k is 1.
pub(crate) fn walsh_rank(count: usize, confidence: f64) -> (usize, f64) {
    thread_local!(static KNOWN: Known<(usize, f64)> = Known::default());
    remembered(&KNOWN, count, confidence, find_walsh_rank)
}

/// The confidence of the interval from the Walsh average of this rank, from 1, to the one as far from the other end.
pub(crate) fn walsh_confidence(count: usize, rank: usize) -> f64 {
    held(&LowerTail::without_ties(count), rank)
}

fn held(tail: &LowerTail, rank: usize) -> f64 {
    (1.0 - 2.0 * tail.at(2 * (rank - 1))).max(0.0)
}

fn find_walsh_rank(count: usize, confidence: f64) -> (usize, f64) {
    let tail = LowerTail::without_ties(count);
    let held = |rank| held(&tail, rank);
    // The confidence falls as the rank grows, so the last rank that is allowed can be bisected.
    let (mut allowed, mut refused) = (1, (count * (count + 1) / 2).div_ceil(2) + 1);
    while refused - allowed > 1 {
        let middle = allowed.midpoint(refused);
        if held(middle) >= confidence {
            allowed = middle;
        } else {
            refused = middle;
        }
    }
    (allowed, held(allowed))
}

/// Twice the rank of each value's distance from the centre, negative where it lies below and 0 where it lies there; twice,
/// so that means of tied ranks are whole numbers.
pub(crate) fn doubled_ranks(values: &[f64], centre: f64) -> Vec<i32> {
    let shifted: Vec<f64> = values.iter().map(|value| value - centre).collect();
    let distances = sorted(&shifted.iter().map(|value| value.abs()).collect::<Vec<_>>());
    let rank = |value: &f64| {
        let nearer = distances.partition_point(|distance| *distance < value.abs());
        let up_to = distances.partition_point(|distance| *distance <= value.abs());
        (nearer + 1 + up_to) as i32 * (i32::from(*value > 0.0) - i32::from(*value < 0.0))
    };
    shifted.iter().map(rank).collect()
}

fn lower_tail(doubled_ranks: &[usize], sum: usize) -> f64 {
    LowerTail::new(doubled_ranks).at(sum)
}

/// P(the sum of the ranks that get a plus sign is at most s), when each sign is the toss of a fair coin.
enum LowerTail {
    Exact(Vec<f64>),
    Normal { mean: f64, deviation: f64 },
}

impl LowerTail {
    /// That of so many values, no two of which tie.
    fn without_ties(count: usize) -> Self {
        Self::new(&(1..=count).map(|rank| 2 * rank).collect::<Vec<usize>>())
    }

    fn new(doubled_ranks: &[usize]) -> Self {
        let total: usize = doubled_ranks.iter().sum();
        if doubled_ranks.len() > EXACT {
            let squares: f64 = doubled_ranks.iter().map(|&rank| (rank as f64).powi(2)).sum();
            return Self::Normal { mean: total as f64 / 2.0, deviation: squares.sqrt() / 2.0 };
        }
        let mut probability = vec![0.0; total + 1];
        probability[0] = 1.0;
        for &rank in doubled_ranks {
            for sum in (0..=total).rev() {
                let with_plus = if sum >= rank { probability[sum - rank] } else { 0.0 };
                probability[sum] = 0.5 * (probability[sum] + with_plus);
            }
        }
        let mut below = 0.0;
        for entry in &mut probability {
            below += *entry;
            *entry = below;
        }
        Self::Exact(probability)
    }

    fn at(&self, sum: usize) -> f64 {
        match self {
            Self::Exact(cumulative) => cumulative.get(sum).copied().unwrap_or(1.0).min(1.0),
            // Doubled ranks are 2 apart, so half a step is 1.
            Self::Normal { mean, deviation } => normal_cdf((sum as f64 + 1.0 - mean) / deviation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_on_one_side_have_the_smallest_possible_p() {
        let test = signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0);
        assert_eq!(test.above, 1.0 / 32.0);
        assert_eq!(test.below, 1.0);
        assert_eq!(test.two_sided(), 1.0 / 16.0);
    }

    #[test]
    fn it_agrees_with_a_published_table() {
        // Critical values of Wilcoxon's T, two-sided 5 %: 8 for n = 10, 25 for n = 15, 52 for n = 20.
        for (count, critical) in [(10usize, 8usize), (15, 25), (20, 52)] {
            let ranks: Vec<usize> = (1..=count).map(|rank| 2 * rank).collect();
            assert!(2.0 * lower_tail(&ranks, 2 * critical) <= 0.05, "{count}");
            assert!(2.0 * lower_tail(&ranks, 2 * (critical + 1)) > 0.05, "{count}");
        }
    }

    #[test]
    fn the_interval_of_twenty_values_starts_at_the_fifty_third_walsh_average() {
        let (rank, confidence) = walsh_rank(20, 0.95);
        assert_eq!(rank, 53);
        assert!((0.95..0.956).contains(&confidence), "{confidence}");
    }

    #[test]
    fn tied_values_share_their_ranks() {
        // Ranks 1.5, 1.5, 3: of the 8 sign patterns, those with a negative sum of at most 1.5 are 3.
        let test = signed_rank(&[1.0, -1.0, 2.0], 0.0);
        assert_eq!(test.above, 3.0 / 8.0);
    }

    #[test]
    fn values_at_the_centre_say_nothing() {
        assert_eq!(signed_rank(&[3.0, 3.0], 3.0).two_sided(), 1.0);
        assert_eq!(signed_rank(&[], 0.0).two_sided(), 1.0);
    }

    #[test]
    fn the_approximation_takes_over_where_the_exact_distribution_ends() {
        let alternating = |count: i32| -> Vec<f64> {
            (1..=count).map(|i| f64::from(if i % 4 == 0 { -i } else { i })).collect()
        };
        let exact = signed_rank(&alternating(50), 0.0).two_sided();
        let ranks: Vec<usize> = (1..=50).map(|rank| 2 * rank).collect();
        let squares: f64 = ranks.iter().map(|&rank| (rank as f64).powi(2)).sum();
        let normal = LowerTail::Normal { mean: 2550.0 / 2.0, deviation: squares.sqrt() / 2.0 };
        let negative: usize = (1..=50).filter(|i| i % 4 == 0).map(|i| 2 * i).sum();
        assert!((2.0 * normal.at(negative) - exact).abs() < 1e-3, "{exact}");
        assert!(signed_rank(&alternating(51), 0.0).two_sided() < 0.01);
    }

    #[test]
    fn a_thousand_values_leave_the_middle_of_their_walsh_averages() {
        // Normal approximation: the statistic has mean 250,250 and standard deviation 9,135.
        let (rank, confidence) = walsh_rank(1000, 0.95);
        assert!((rank as f64 - (250_250.0 - 1.96 * 9_135.0)).abs() < 20.0, "{rank}");
        assert!((confidence - 0.95).abs() < 1e-4, "{confidence}");
    }
}
