//! Resampling, for intervals of figures that have no formula for theirs.

use crate::{SplitMix64, quantile, sorted};

/// How many resamples an interval is made of: the ends of a 95 % interval then have 50 on the far side.
pub const RESAMPLES: usize = 2000;

/// The fewest values that are resampled. Fewer have so few different resamples that the interval comes out far too
/// narrow.
pub const FEWEST_TO_RESAMPLE: usize = 5;

/// Draws resamples (Efron, 1979). It always starts from the same seed, so that the same figures give the same interval;
/// the generator is [`SplitMix64`], which stays the same whatever becomes of any library.
#[derive(Debug, Clone)]
pub struct Resampler {
    random: SplitMix64,
}

impl Default for Resampler {
    fn default() -> Self {
        const SEED: u64 = 0x0063_6f6e_6362_656e;
        Self { random: SplitMix64::new(SEED) }
    }
}

impl Resampler {
    /// As many indices below `count` as there are values, with repetition.
    pub fn indices(&mut self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.below(count)).collect()
    }

    /// As many of the values as there are, with repetition.
    pub fn values(&mut self, values: &[f64]) -> Vec<f64> {
        values.iter().map(|_| values[self.below(values.len())]).collect()
    }

    /// As many signs, each of them a toss of a coin.
    pub(crate) fn signs(&mut self, count: usize) -> Vec<i32> {
        (0..count).map(|_| if self.below(2) == 0 { 1 } else { -1 }).collect()
    }

    fn below(&mut self, count: usize) -> usize {
        // The high half of a 128-bit product; its bias is below one in 2^50 for any number of blocks.
        ((u128::from(self.random.next_u64()) * count as u128) >> 64) as usize
    }
}

/// The percentile interval (Efron, 1981) of resampled figures. `None` without figures.
pub fn percentile_interval(figures: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let ascending = sorted(figures);
    let tail = (1.0 - confidence) / 2.0;
    Some((quantile(&ascending, tail)?, quantile(&ascending, 1.0 - tail)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampling_starts_over_with_the_same_draws_and_uses_every_value() {
        let draw = || Resampler::default().indices(1000);
        assert_eq!(draw(), draw());
        let mut resampler = Resampler::default();
        let mut seen = [0u32; 10];
        for index in (0..1000).flat_map(|_| resampler.indices(10)) {
            seen[index] += 1;
        }
        // 1000 expected of each; five standard deviations are 150.
        assert!(seen.iter().all(|&count| (850..1150).contains(&count)), "{seen:?}");
    }

    #[test]
    fn the_interval_of_a_mean_is_the_one_that_theory_gives() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let mut resampler = Resampler::default();
        let means: Vec<f64> =
            (0..RESAMPLES).map(|_| resampler.values(&values).iter().sum::<f64>() / 100.0).collect();
        let (low, high) = percentile_interval(&means, 0.95).expect("there are means");
        // Mean 49.5, standard error 28.87 / 10.
        assert!((low - (49.5 - 1.96 * 2.887)).abs() < 0.5 && (high - (49.5 + 1.96 * 2.887)).abs() < 0.5);
    }
}
