//! Medians and other quantiles, with intervals that assume no distribution.

use crate::binomial::binomial_sums;
use crate::normal_quantile;

/// An interval between two order statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderInterval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The probability with which such an interval holds the median, whatever the distribution.
    pub confidence: f64,
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut ascending = values.to_vec();
    ascending.sort_by(f64::total_cmp);
    ascending
}

/// The quantile `p` (0 to 1) of ascending values, linear between neighbours: definition 7 of Hyndman and Fan (1996).
/// `None` without values.
pub fn quantile(ascending: &[f64], p: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = ascending[place.floor() as usize];
    let above = ascending[place.ceil() as usize];
    Some(below + (above - below) * place.fract())
}

/// The median of ascending values; `None` without values.
pub fn median(ascending: &[f64]) -> Option<f64> {
    quantile(ascending, 0.5)
}

/// The narrowest symmetric interval of order statistics that holds the median with at least `confidence`
/// (Thompson, 1936): from the k-th smallest value to the k-th largest.
///
/// With few values even the whole range has less; the confidence of the range is then what comes back. `None` without
/// values.
pub fn median_interval(ascending: &[f64], confidence: f64) -> Option<OrderInterval> {
    let count = ascending.len();
    let last = count.checked_sub(1)?;
    // The interval from the k-th smallest to the k-th largest misses the median if fewer than k values lie on one
    // side of it, and each value lies below with probability 1/2.
    let held = binomial_sums(count as u64, 0.5).map(|tail| 1.0 - 2.0 * tail).take(count.div_ceil(2));
    let sure = held.enumerate().take_while(|&(rank, held)| rank == 0 || held >= confidence);
    let (rank, held) = sure.last()?;
    Some(OrderInterval { low: ascending[rank], high: ascending[last - rank], confidence: held.max(0.0) })
}

/// The fewest values that bound their 99th percentile, and those of a 99.9th: with fewer, even the largest exceeds it with less
/// than 95 %. All `n` lie below a quantile `p` with `p` to the power of `n`, which 299 and 2,995 are the first to bring down
/// to 5 % (Wilks, Determination of sample sizes for setting tolerance limits, 1941); see [`upper_rank`].
pub const FEWEST_FOR_P99: u64 = 299;
/// The same for a 99.9th percentile: see [`FEWEST_FOR_P99`].
pub const FEWEST_FOR_P999: u64 = 2_995;

/// Up to so many values the binomial distribution is summed; of more the hundredth part is ten thousand, and what is normal of
/// it lies within a rank.
const MOST_SUMMED: u64 = 1_000_000;

/// Which of `count` ascending values, from 1, a quantile (0 to 1) does not exceed with at least this confidence, whatever
/// the distribution: more than as many lie above the quantile with less than the rest of the probability (David and
/// Nagaraja, Order Statistics, 2003). `None` where even the largest does not bound it: 99 % need
/// [`FEWEST_FOR_P99`] values for 95 %.
///
/// Beyond a million values the number above the quantile is taken as normal, with a correction for continuity.
pub fn upper_rank(count: u64, share: f64, confidence: f64) -> Option<u64> {
    let above = 1.0 - share;
    if count > MOST_SUMMED {
        let (mean, deviation) = (count as f64 * above, (count as f64 * above * share).sqrt());
        let beyond = mean - normal_quantile(confidence) * deviation - 0.5;
        return (beyond >= 0.0).then(|| count.saturating_sub(beyond as u64));
    }
    let at_most = (0..count).zip(binomial_sums(count, above));
    at_most.take_while(|(_, below)| *below <= 1.0 - confidence).last().map(|(beyond, _)| count - beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_the_two_middle_values() {
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn quantiles_are_linear_between_neighbours() {
        let values = [10.0, 20.0, 30.0, 40.0, 50.0];
        assert_eq!(quantile(&values, 0.0), Some(10.0));
        assert_eq!(quantile(&values, 0.25), Some(20.0));
        assert_eq!(quantile(&values, 0.9), Some(46.0));
        assert_eq!(quantile(&values, 1.0), Some(50.0));
    }

    #[test]
    fn twenty_values_use_the_sixth_from_each_end() {
        // Tabulated: 1 - 2 P(Binomial(20, 1/2) <= 5) = 0.9586.
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        let interval = median_interval(&values, 0.95).expect("there are values");
        assert_eq!((interval.low, interval.high), (6.0, 15.0));
        assert!((interval.confidence - 0.958_61).abs() < 1e-5, "{interval:?}");
    }

    #[test]
    fn few_values_give_their_range_and_say_what_it_is_worth() {
        let interval = median_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).expect("there are values");
        assert_eq!((interval.low, interval.high), (1.0, 5.0));
        assert!((interval.confidence - 0.9375).abs() < 1e-12, "{interval:?}");
        let single = median_interval(&[7.0], 0.95).expect("there is a value");
        assert_eq!((single.low, single.high, single.confidence), (7.0, 7.0, 0.0));
    }

    #[test]
    fn thousands_of_values_still_have_an_interval() {
        let values: Vec<f64> = (0..4000).map(f64::from).collect();
        let interval = median_interval(&values, 0.95).expect("there are values");
        // Half-width in ranks by the normal approximation: 1.96 sqrt(4000) / 2 = 62.
        assert!((60.0..64.0).contains(&((interval.high - interval.low) / 2.0)), "{interval:?}");
        assert!((0.95..0.96).contains(&interval.confidence), "{interval:?}");
    }

    #[test]
    fn a_quantile_is_bounded_by_the_rank_that_the_binomial_distribution_gives() {
        // 0.99 to the power of 299 is 0.0495, and of 298 it is 0.0500.
        assert_eq!(upper_rank(FEWEST_FOR_P99 - 1, 0.99, 0.95), None);
        assert_eq!(upper_rank(FEWEST_FOR_P99, 0.99, 0.95), Some(299));
        // P(X <= 13) = 0.0611 and P(X <= 12) = 0.0355 for 2,000 draws with 1 %.
        assert_eq!(upper_rank(2_000, 0.99, 0.95), Some(2_000 - 12));
        assert_eq!(upper_rank(FEWEST_FOR_P999 - 1, 0.999, 0.95), None);
        assert_eq!(upper_rank(FEWEST_FOR_P999, 0.999, 0.95), Some(2_995));
        assert_eq!(upper_rank(0, 0.99, 0.95), None);
    }

    #[test]
    fn many_values_have_their_bound_and_as_fast_as_few() {
        // 0.99 to the power of 80,000 is nothing to a float. Of that many 800 are expected above, give or take 28.
        let rank = upper_rank(80_000, 0.99, 0.95).unwrap();
        assert!((80_000 - 800 + 44..=80_000 - 800 + 49).contains(&rank), "{rank}");
        let (summed, normal) =
            [MOST_SUMMED, MOST_SUMMED + 1].map(|count| upper_rank(count, 0.99, 0.95).unwrap()).into();
        assert!(summed.abs_diff(normal) <= 2, "{summed} and {normal}");
        let rank = upper_rank(u64::MAX, 0.99, 0.95).unwrap() as f64 / u64::MAX as f64;
        assert!((rank - 0.99).abs() < 1e-6, "{rank}");
    }

    #[test]
    fn the_bound_holds_as_often_as_it_says() {
        let mut random = crate::SplitMix64::new(7);
        let (count, rounds) = (1_000, 2_000);
        let rank = upper_rank(count, 0.99, 0.95).unwrap() as usize;
        let holds = |_: &u32| {
            let mut values: Vec<f64> =
                (0..count).map(|_| random.next_u64() as f64 / u64::MAX as f64).collect();
            values.sort_by(f64::total_cmp);
            values[rank - 1] >= 0.99
        };
        let held = (0..rounds).filter(holds).count() as f64 / f64::from(rounds);
        assert!(held >= 0.94, "{held}");
    }
}
