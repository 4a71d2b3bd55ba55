//! The monotone fit of a sequence.

/// The values that never rise and lie nearest to these in the sum of squares: neighbours that rise are replaced by their
/// mean (pool adjacent violators, Ayer et al. 1955).
pub fn falling(values: &[f64]) -> Vec<f64> {
    // Each pool with its sum and its length.
    let mut pools: Vec<(f64, usize)> = Vec::with_capacity(values.len());
    for &value in values {
        let (mut sum, mut length) = (value, 1);
        while let Some((before, count)) =
            pools.pop_if(|(before, count)| *before / (*count as f64) < sum / length as f64)
        {
            (sum, length) = (sum + before, length + count);
        }
        pools.push((sum, length));
    }
    let fitted = pools.into_iter().flat_map(|(sum, length)| std::iter::repeat_n(sum / length as f64, length));
    fitted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_stays_and_what_rises_is_pooled() {
        assert_eq!(falling(&[3.0, 2.0, 2.0, 0.5]), [3.0, 2.0, 2.0, 0.5]);
        assert_eq!(falling(&[1.0, 0.0, 0.5, 0.0]), [1.0, 0.25, 0.25, 0.0]);
        assert_eq!(falling(&[0.0, 0.0, 3.0]), [1.0, 1.0, 1.0]);
        assert_eq!(falling(&[]), Vec::<f64>::new());
    }
}
