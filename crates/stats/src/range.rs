//! Many intervals at once, between every two of several groups.

use crate::memo::{Known, remembered};
use crate::{normal_cdf, normal_quantile};

/// The confidence that the interval of each pair of `groups` needs, so that the intervals of all pairs hold together with
/// `confidence`: that of Tukey (1953) for many observations, whose intervals are at least as sure where the groups differ
/// in their noise (Hayter, 1984). For two groups it is `confidence` itself.
pub(crate) fn pairwise_confidence(groups: usize, confidence: f64) -> f64 {
    thread_local!(static KNOWN: Known<f64> = Known::default());
    remembered(&KNOWN, groups, confidence, find_pairwise_confidence)
}

fn find_pairwise_confidence(groups: usize, confidence: f64) -> f64 {
    if groups < 3 {
        return confidence;
    }
    // With as many intervals as pairs, each of which errs by itself, it could not be more (Bonferroni).
    let pairs = (groups * (groups - 1) / 2) as f64;
    let (mut low, mut high) = (0.0, 2.0f64.sqrt() * normal_quantile(1.0 - 0.5 * (1.0 - confidence) / pairs));
    while high - low > 1e-9 {
        let middle = 0.5 * (low + high);
        if range_cdf(groups, middle) < confidence { low = middle } else { high = middle }
    }
    // The difference of two standard normal variables has a variance of two.
    2.0 * normal_cdf(high / 2.0f64.sqrt()) - 1.0
}

/// The probability that the largest of so many standard normal variables lies at most `width` above the smallest:
/// k times the integral over the smallest of them, by Simpson's rule.
fn range_cdf(groups: usize, width: f64) -> f64 {
    const REACH: f64 = 8.0;
    const STEPS: usize = 200;
    let step = 2.0 * REACH / STEPS as f64;
    let density = |at: f64| (-0.5 * at * at).exp() / std::f64::consts::TAU.sqrt();
    let inside = |at: f64| (normal_cdf(at + width) - normal_cdf(at)).max(0.0).powi(groups as i32 - 1);
    let weight = |place: usize| match place {
        0 | STEPS => 1.0,
        odd if odd % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let sum: f64 = (0..=STEPS)
        .map(|place| {
            let at = -REACH + step * place as f64;
            weight(place) * density(at) * inside(at)
        })
        .sum();
    groups as f64 * sum * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_tables_of_the_studentized_range() {
        // Upper 5 % points for infinitely many degrees of freedom (Harter, 1960).
        for (groups, point) in [(3, 3.314), (4, 3.633), (5, 3.858), (10, 4.474), (12, 4.622), (20, 5.012)] {
            let held = range_cdf(groups, point);
            assert!((held - 0.95).abs() < 2e-4, "{groups}: {held}");
            let each = pairwise_confidence(groups, 0.95);
            let quantile = normal_quantile(0.5 + 0.5 * each) * 2.0f64.sqrt();
            assert!((quantile - point).abs() < 2e-3, "{groups}: {quantile}");
        }
    }

    #[test]
    fn two_groups_need_no_more_than_one_interval() {
        assert_eq!(pairwise_confidence(2, 0.95), 0.95);
        assert_eq!(pairwise_confidence(1, 0.9), 0.9);
    }
}
