//! How often something may happen by chance.

/// The least count that a binomial variable of `trials` draws with probability `p` exceeds with a probability below
/// `level`. Its terms follow from each other: C(n, k + 1) = C(n, k) (n - k) / (k + 1).
pub fn binomial_bound(trials: u64, p: f64, level: f64) -> u64 {
    let mut term = (1.0 - p).powf(trials as f64);
    let (mut bound, mut below) = (0, term);
    while bound < trials && 1.0 - below >= level {
        term *= (trials - bound) as f64 / (bound + 1) as f64 * p / (1.0 - p);
        bound += 1;
        below += term;
    }
    bound
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
