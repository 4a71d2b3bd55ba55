//! The normal distribution, for samples that are too large for exact ones.

/// The probability that a standard normal variable is at most `z`, from the series of Marsaglia (2004), which is exact
/// to about 15 decimals.
pub fn normal_cdf(z: f64) -> f64 {
    // Beyond this the series loses its last digits, and the tail is smaller than anything that is asked of it.
    const FAR: f64 = 8.0;
    if z.abs() > FAR {
        return if z > 0.0 { 1.0 } else { 0.0 };
    }
    let mut term = z;
    let mut sum = z;
    let mut divisor = 1.0;
    loop {
        divisor += 2.0;
        term *= z * z / divisor;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    (0.5 + sum * density).clamp(0.0, 1.0)
}

/// The `z` below which a standard normal variable lies with probability `p`, by bisection of [`normal_cdf`].
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high || high - low < 1e-12 {
            return middle;
        }
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The standard error of a figure with this interval of this confidence, as if it were normal: the half-width of a normal
/// interval is the standard error times a quantile.
pub fn standard_error(low: f64, high: f64, confidence: f64) -> f64 {
    0.5 * (high - low) / normal_quantile(0.5 + 0.5 * confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_tables() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_344_746), (1.959_963_985, 0.975), (-3.0, 0.001_349_898)] {
            assert!((normal_cdf(z) - p).abs() < 1e-9, "{z}: {}", normal_cdf(z));
            assert!((normal_quantile(p) - z).abs() < 1e-6, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn an_interval_of_95_percent_is_3_92_standard_errors_wide() {
        assert!((standard_error(1.0, 4.919_927_97, 0.95) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn far_tails_are_certain() {
        assert_eq!(normal_cdf(40.0), 1.0);
        assert_eq!(normal_cdf(-40.0), 0.0);
    }
}
