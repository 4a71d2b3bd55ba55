//! Trends in series, without assuming that they are straight lines.

use crate::{median, normal_cdf, sorted};

/// A trend over one or several series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonotoneTrend {
    /// The median slope, in units of the values for each step (Sen, 1968).
    pub slope: f64,
    /// Kendall's tau: the share of the pairs that rise, less the share of those that fall; -1 to 1.
    pub tau: f64,
    /// The p-value of "there is no trend", from Kendall's score (Mann, 1945).
    pub p: f64,
    /// How many values were looked at.
    pub count: u64,
}

/// The trend that several series have in common: the scores of each are added up, as Hirsch, Slack and Smith (1982) do
/// for seasons, so that the level of a series does not matter. The p-value is a normal approximation with corrections
/// for continuity and ties. `None` if no series has three values.
pub fn monotone_trend(series: &[Vec<f64>]) -> Option<MonotoneTrend> {
    let long: Vec<&Vec<f64>> = series.iter().filter(|values| values.len() >= 3).collect();
    let slopes: Vec<f64> = long.iter().flat_map(|values| slopes(values)).collect();
    let slope = median(&sorted(&slopes))?;
    let score: f64 = long.iter().map(|values| score(values)).sum();
    let variance: f64 = long.iter().map(|values| variance(values)).sum();
    let z = if variance > 0.0 { (score.abs() - 1.0).max(0.0) / variance.sqrt() } else { 0.0 };
    let count = long.iter().map(|values| values.len() as u64).sum();
    Some(MonotoneTrend { slope, tau: score / slopes.len() as f64, p: 2.0 * normal_cdf(-z), count })
}

fn pairs(values: &[f64]) -> impl Iterator<Item = (usize, f64)> {
    values.iter().enumerate().flat_map(move |(index, earlier)| {
        values[index + 1..].iter().enumerate().map(move |(gap, later)| (gap + 1, later - earlier))
    })
}

fn slopes(values: &[f64]) -> Vec<f64> {
    pairs(values).map(|(steps, rise)| rise / steps as f64).collect()
}

/// How many pairs rise, less how many fall.
fn score(values: &[f64]) -> f64 {
    pairs(values).map(|(_, rise)| if rise == 0.0 { 0.0 } else { rise.signum() }).sum()
}

/// The variance of the score without a trend (Kendall, 1975), less what ties take from it.
fn variance(values: &[f64]) -> f64 {
    let part = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0) / 18.0
    };
    let ascending = sorted(values);
    let tied: f64 = ascending.chunk_by(|left, right| left == right).map(|group| part(group.len())).sum();
    part(values.len()) - tied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_rise_is_seen_with_its_slope() {
        let trend =
            monotone_trend(&[(0..10).map(|i| 5.0 + 0.5 * f64::from(i)).collect()]).expect("long enough");
        assert_eq!((trend.slope, trend.count), (0.5, 10));
        // S = 45, its variance 125: z = 44 / 11.18.
        assert!((trend.p - 2.0 * normal_cdf(-44.0 / 125f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn series_of_different_levels_add_up() {
        let falling = |level: f64| vec![level, level - 1.0, level - 2.0, level - 3.0];
        let one = monotone_trend(&[falling(0.0)]).expect("long enough");
        let three = monotone_trend(&[falling(0.0), falling(100.0), falling(-50.0)]).expect("long enough");
        assert_eq!(three.slope, -1.0);
        assert!(one.p > 0.05 && three.p < 0.05, "{} {}", one.p, three.p);
    }

    #[test]
    fn a_constant_has_no_trend_and_two_values_have_none_to_show() {
        assert_eq!(monotone_trend(&[vec![4.0; 9]]).expect("long enough").p, 1.0);
        assert_eq!(monotone_trend(&[vec![1.0, 2.0]]), None);
    }
}
