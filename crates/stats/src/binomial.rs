//! How often something may happen by chance.

/// The probabilities that a binomial variable of `trials` draws with probability `p` is at most 0, 1, 2 ... `trials`.
///
/// Each term follows from the one before: C(n, k + 1) = C(n, k) (n - k) / (k + 1). Logarithms, because the first of them is
/// nothing to a float where there are many trials.
pub(crate) fn binomial_sums(trials: u64, p: f64) -> impl Iterator<Item = f64> {
    let mut log_term = trials as f64 * (1.0 - p).ln();
    let mut below = 0.0;
    (0..=trials).map(move |count| {
        below += log_term.exp();
        log_term += ((trials - count) as f64 / (count + 1) as f64 * p / (1.0 - p)).ln();
        below
    })
}

/// The least count that a binomial variable of `trials` draws with probability `p` exceeds with a probability below
/// `level`.
pub fn binomial_bound(trials: u64, p: f64, level: f64) -> u64 {
    (0..trials)
        .zip(binomial_sums(trials, p))
        .find(|(_, below)| 1.0 - below < level)
        .map_or(trials, |(bound, _)| bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_upper_quantile_of_the_binomial_distribution() {
        // P(X > 4) = 4.8 % for 40 draws with 5 %, P(X > 3) = 13.8 %.
        assert_eq!(binomial_bound(40, 0.05, 0.05), 4);
        // P(X > 3) = 1.6 % for 20 draws, P(X > 2) = 7.5 %.
        assert_eq!(binomial_bound(20, 0.05, 0.05), 3);
        assert_eq!(binomial_bound(20, 0.05, 0.01), 4);
        assert_eq!(binomial_bound(1, 0.05, 0.01), 1);
        assert_eq!(binomial_bound(0, 0.05, 0.01), 0);
    }
}
