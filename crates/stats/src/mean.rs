//! Means of ratios.

/// The geometric mean of positive values, the only mean under which it does not matter what the ratios are relative to
/// (Fleming and Wallace, 1986). `None` without values, or if one is not positive.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| value.is_nan() || *value <= 0.0) {
        return None;
    }
    let logs: f64 = values.iter().map(|value| value.ln()).sum();
    Some((logs / values.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_and_half_cancel() {
        let mean = geometric_mean(&[2.0, 0.5]).expect("both are positive");
        assert!((mean - 1.0).abs() < 1e-12);
    }

    #[test]
    fn there_is_none_without_positive_values() {
        assert_eq!(geometric_mean(&[]), None);
        assert_eq!(geometric_mean(&[1.0, 0.0]), None);
        assert_eq!(geometric_mean(&[1.0, f64::NAN]), None);
    }
}
