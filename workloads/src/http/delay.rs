//! Delays of which a few are far longer than the others.

use concbench_stats::SplitMix64;

/// How many times the mean the longest delay is: it bounds how long a batch takes.
pub const LONGEST: u64 = 100;

/// A delay with this mean, in microseconds, from a Pareto distribution of this shape (by inversion: Devroye, Non-Uniform
/// Random Variate Generation, 1986, chapter II.2), cut off at [`LONGEST`] means. What is cut off makes the mean shorter:
/// by 23 % at a shape of 1.2, by 4 % at 1.5, by less than 1 % from 2 on.
pub(super) fn pareto_us(mean_us: u64, shape: f64, seed: u64) -> u64 {
    let random = SplitMix64::new(seed).next_u64();
    // 53 bits fill what a float can hold below 1; 0 would have no inverse.
    let uniform = ((random >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
    let least = mean_us as f64 * (shape - 1.0) / shape;
    let delay = least / uniform.powf(1.0 / shape);
    delay.min(mean_us.saturating_mul(LONGEST) as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(shape: f64) -> Vec<u64> {
        let mut delays: Vec<u64> = (0..100_000).map(|seed| pareto_us(1000, shape, seed)).collect();
        delays.sort_unstable();
        delays
    }

    #[test]
    fn the_mean_is_what_was_asked_for_but_for_what_is_cut_off() {
        for (shape, cut) in [(1.2, 0.23), (1.5, 0.04), (2.0, 0.0025), (5.0, 0.0)] {
            let delays = delays(shape);
            let mean = delays.iter().sum::<u64>() as f64 / delays.len() as f64;
            assert!((mean / 1000.0 - (1.0 - cut)).abs() < 0.03, "{shape}: {mean}");
        }
    }

    #[test]
    fn most_come_soon_and_a_few_very_late() {
        let of = |quantile: f64| delays(1.5)[(quantile * 100_000.0) as usize];
        // The quantiles of a Pareto distribution: least / (1 - q)^(1 / shape), with a least of a third of the mean.
        for (quantile, expected) in [(0.5, 529.0), (0.9, 1547.0), (0.99, 7181.0), (0.999, 33_333.0)] {
            assert!((of(quantile) as f64 / expected - 1.0).abs() < 0.1, "{quantile}: {}", of(quantile));
        }
        assert_eq!(*delays(1.1).last().unwrap(), 100_000, "nothing is later than a hundred means");
        assert!(
            (0..100).all(|seed| pareto_us(1000, 1.5, seed) < 50_000),
            "nor are the first requests the latest"
        );
    }
}
