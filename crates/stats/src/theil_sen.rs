//! A straight line through points of which some may lie far off.

use crate::{median, sorted};

/// A line, with an interval for its slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// How much `y` grows with each unit of `x`.
    pub slope: f64,
    /// The lower end of the slope's interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The confidence that the interval really has.
    pub confidence: f64,
    /// Where the line stands at `x` = 0.
    pub intercept: f64,
}

/// The median of the slopes of all pairs of points (Theil, 1950; Sen, 1968); the intercept is the median of what the
/// slope leaves of each point (Conover, 1980).
///
/// The interval holds the slopes that Kendall's test does not reject, by the exact distribution of its score. It has at
/// least `confidence`, or is the whole range if that has less. `None` for fewer than two different `x`.
pub fn theil_sen(points: &[(f64, f64)], confidence: f64) -> Option<Line> {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, left) in points.iter().enumerate() {
        let others = points[index + 1..].iter().filter(|right| right.0 != left.0);
        slopes.extend(others.map(|right| (right.1 - left.1) / (right.0 - left.0)));
    }
    let slopes = sorted(&slopes);
    let slope = median(&slopes)?;
    let (cut, confidence) = cut(points.len(), slopes.len(), confidence);
    let rests: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    Some(Line {
        slope,
        low: slopes[cut],
        high: slopes[slopes.len() - 1 - cut],
        confidence,
        intercept: median(&sorted(&rests))?,
    })
}

/// How many slopes to cut off at each end, and the confidence of what is left: the interval misses the true slope if at
/// most as many pairs are out of order around it as were cut off.
fn cut(points: usize, slopes: usize, confidence: f64) -> (usize, f64) {
    let shares = disorder(points);
    let mut tail = 0.0;
    let mut found = (0, (1.0 - 2.0 * shares[0]).max(0.0));
    for (cut, share) in shares.iter().enumerate().take(slopes.div_ceil(2)) {
        tail += share;
        if 1.0 - 2.0 * tail < confidence {
            break;
        }
        found = (cut, 1.0 - 2.0 * tail);
    }
    found
}

/// The share of all orders of so many values in which 0, 1, 2, ... pairs are out of order (Kendall, 1938).
fn disorder(values: usize) -> Vec<f64> {
    let mut shares = vec![1.0];
    for next in 2..=values {
        // The next value stands in any of `next` places among the others, and is out of order with those that it passes.
        let mut longer = vec![0.0; shares.len() + next - 1];
        for (pairs, share) in shares.iter().enumerate() {
            longer[pairs..pairs + next].iter_mut().for_each(|sum| *sum += share / next as f64);
        }
        shares = longer;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_line_is_found_whatever_one_point_does() {
        let mut points: Vec<(f64, f64)> =
            [1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6].map(|x| (x, 5e6 + 400.0 * x)).into();
        let line = theil_sen(&points, 0.95).expect("there are points");
        assert!((line.slope - 400.0).abs() < 1e-9 && (line.intercept - 5e6).abs() < 1e-3, "{line:?}");
        points[2].1 *= 50.0;
        let line = theil_sen(&points, 0.95).expect("there are points");
        assert!((line.slope - 400.0).abs() < 1e-9 && (line.intercept - 5e6).abs() < 1e-3, "{line:?}");
        assert!(line.low <= 400.0 && line.high >= 400.0, "{line:?}");
    }

    #[test]
    fn seven_points_cut_three_slopes_at_each_end() {
        // 1 + 6 + 20 + 49 of the 5040 orders of seven values have at most three pairs out of order.
        let (cut, confidence) = cut(7, 21, 0.95);
        assert_eq!(cut, 3);
        assert!((confidence - (1.0 - 2.0 * 76.0 / 5040.0)).abs() < 1e-12, "{confidence}");
    }

    #[test]
    fn few_points_give_the_range_and_say_what_it_is_worth() {
        let line = theil_sen(&[(1.0, 1.0), (2.0, 3.0), (3.0, 4.0)], 0.95).expect("there are points");
        assert_eq!((line.slope, line.low, line.high), (1.5, 1.0, 2.0));
        assert!((line.confidence - 2.0 / 3.0).abs() < 1e-12, "{line:?}");
        let two = theil_sen(&[(1.0, 1.0), (3.0, 2.0)], 0.95).expect("there are points");
        assert_eq!((two.slope, two.low, two.high, two.confidence), (0.5, 0.5, 0.5, 0.0));
    }

    #[test]
    fn one_point_has_no_slope() {
        assert_eq!(theil_sen(&[(1.0, 1.0)], 0.95), None);
        assert_eq!(theil_sen(&[(1.0, 1.0), (1.0, 2.0)], 0.95), None);
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        use rand::rngs::StdRng;
        use rand::{Rng, SeedableRng};
        let mut random = StdRng::seed_from_u64(7);
        let hits = (0..4000).filter(|_| {
            let points: Vec<(f64, f64)> =
                (1..=7).map(|x| (f64::from(x), 2.0 * f64::from(x) + random.random::<f64>())).collect();
            theil_sen(&points, 0.95).is_some_and(|line| line.low <= 2.0 && 2.0 <= line.high)
        });
        let share = hits.count() as f64 / 4000.0;
        assert!((share - (1.0 - 2.0 * 76.0 / 5040.0)).abs() < 0.012, "{share}");
    }
}
