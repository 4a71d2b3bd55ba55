//! Several tests at once.

/// The p-values after the step-down correction of Holm (1979), in the order given.
///
/// Rejecting those that are at most 5 % keeps the probability of any false rejection in the family at 5 %, however the
/// tests depend on each other.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&left, &right| p_values[left].total_cmp(&p_values[right]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut so_far = 0.0f64;
    for (step, &index) in order.iter().enumerate() {
        let factor = (p_values.len() - step) as f64;
        so_far = so_far.max(factor * p_values[index]).min(1.0);
        adjusted[index] = so_far;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_multiplies_by_how_many_are_left_and_never_goes_back() {
        // 0.01 x 4, 0.015 x 3, 0.03 x 2, and 0.04 x 1 raised to the one before it.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.015]);
        for (found, expected) in adjusted.iter().zip([0.04, 0.06, 0.06, 0.045]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
    }

    #[test]
    fn a_lone_test_is_left_alone_and_nothing_passes_one() {
        assert_eq!(holm(&[0.03]), [0.03]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
