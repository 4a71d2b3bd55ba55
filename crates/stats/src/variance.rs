//! Where the scatter of grouped values comes from.

/// The standard deviations of a one-way random model: value = mean + what its group adds + what is its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Components {
    /// Between groups; 0 where the groups differ by no more than the scatter within them explains.
    pub between: f64,
    /// Within a group.
    pub within: f64,
}

/// The components by the analysis of variance, for groups of unequal size (Searle, Casella and McCulloch, 1992).
/// `None` with fewer than two groups, or if no group has two values.
pub fn components(groups: &[Vec<f64>]) -> Option<Components> {
    let groups: Vec<&Vec<f64>> = groups.iter().filter(|group| !group.is_empty()).collect();
    let total: f64 = groups.iter().map(|group| group.len() as f64).sum();
    let between_degrees = groups.len().checked_sub(1).filter(|&degrees| degrees > 0)? as f64;
    let within_degrees = total - groups.len() as f64;
    if within_degrees <= 0.0 {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let overall = groups.iter().map(|group| group.iter().sum::<f64>()).sum::<f64>() / total;
    let between_square: f64 =
        groups.iter().map(|group| group.len() as f64 * (mean(group) - overall).powi(2)).sum::<f64>()
            / between_degrees;
    let squares_within = |group: &[f64]| {
        let mean = mean(group);
        group.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let within_square = groups.iter().map(|group| squares_within(group)).sum::<f64>() / within_degrees;
    let squares: f64 = groups.iter().map(|group| (group.len() as f64).powi(2)).sum();
    let size = (total - squares / total) / between_degrees;
    let between = ((between_square - within_square) / size).max(0.0).sqrt();
    Some(Components { between, within: within_square.sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example() {
        // Means 2, 5 and 8 around 5: between square 2 x (9 + 0 + 9) / 2 = 18, within square 6 x 1 / 3 = 2.
        let groups = [vec![1.0, 3.0], vec![4.0, 6.0], vec![7.0, 9.0]];
        let found = components(&groups).expect("three groups of two");
        assert!((found.within - 2f64.sqrt()).abs() < 1e-12);
        assert!((found.between - 8f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn alike_groups_have_nothing_between_them() {
        let found = components(&[vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 1.0]]).expect("two groups of three");
        assert_eq!(found.between, 0.0);
    }

    #[test]
    fn without_repeats_nothing_can_be_told_apart() {
        assert_eq!(components(&[vec![1.0], vec![2.0]]), None);
        assert_eq!(components(&[vec![1.0, 2.0]]), None);
    }
}
