//! When the tasks of a load are due.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far apart tasks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spacing {
    /// All alike.
    Constant,
    /// As chance has it, whatever came before: exponentially distributed, as of many clients that know nothing of each
    /// other.
    Poisson,
}

/// When so many tasks are due, in nanoseconds from the first, ascending.
pub(super) fn due_ns(tasks: u64, rate_per_s: f64, spacing: Spacing, seed: u64) -> Vec<u64> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let mut at = 0.0;
    (0..tasks)
        .map(|task| {
            let due = match spacing {
                Spacing::Constant => task as f64 / rate_per_s,
                Spacing::Poisson => at,
            };
            at -= (1.0 - random.random::<f64>()).ln() / rate_per_s;
            (1e9 * due) as u64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_are_alike_and_poisson_ones_are_not_and_both_keep_the_rate() {
        let due = due_ns(5, 1000.0, Spacing::Constant, 1);
        assert_eq!(due, [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]);
        let due = due_ns(10_000, 1000.0, Spacing::Poisson, 1);
        assert_eq!(due, due_ns(10_000, 1000.0, Spacing::Poisson, 1), "the seed decides");
        assert_ne!(due, due_ns(10_000, 1000.0, Spacing::Poisson, 2));
        let lasts = *due.last().unwrap() as f64 / 1e9;
        assert!((9.6..10.4).contains(&lasts), "10,000 tasks at 1,000 a second take {lasts} s");
        let gaps: Vec<f64> = due.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
        let (mean, all) = (gaps.iter().sum::<f64>() / gaps.len() as f64, gaps.len() as f64);
        let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / all).sqrt();
        assert!((0.9..1.1).contains(&(deviation / mean)), "exponential: {deviation} against {mean}");
    }
}
