//! The p-values of tests of location.

/// What a test says about where a centre, or a shift, lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneSided {
    /// The p-value against "it lies above what was asked about".
    pub above: f64,
    /// The p-value against "it lies below".
    pub below: f64,
}

impl OneSided {
    /// The p-value against "it lies elsewhere".
    pub fn two_sided(&self) -> f64 {
        (2.0 * self.above.min(self.below)).min(1.0)
    }
}

/// The p-value against "it lies further from 0 than `edge`, on either side", from a test at each of the two edges: that
/// of the nearer one, doubled because there are two.
pub fn p_beyond(edge: f64, test: impl Fn(f64) -> OneSided) -> f64 {
    OneSided { above: test(edge).above, below: test(-edge).below }.two_sided()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rank_sum, signed_rank};

    #[test]
    fn what_lies_within_the_edges_is_never_beyond_and_what_lies_outside_is() {
        let values: Vec<f64> = (0..20).map(|n| 1.0 + f64::from(n) / 100.0).collect();
        let zeros = [0.0; 20];
        for (edge, beyond) in [(0.5, true), (2.0, false)] {
            let (paired, apart) = (
                p_beyond(edge, |at| signed_rank(&values, at)),
                p_beyond(edge, |at| rank_sum(&values, &zeros, at)),
            );
            assert_eq!((paired < 0.001, apart < 0.001), (beyond, beyond), "{edge}: {paired} {apart}");
        }
    }
}
