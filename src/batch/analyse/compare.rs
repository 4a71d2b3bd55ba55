//! The ratio of two cells and what it says.

use concbench_stats::{Location, hodges_lehmann, holm, p_beyond, signed_rank};

use super::levels::{CONFIDENCE, SIGNIFICANCE};
use super::sample::Metric;
use crate::batch::{Comparison, ComparisonKind, SheetCell, Verdict};

/// The least margin, as a fraction: differences below 2 % do not count, however surely they are there.
pub const MARGIN: f64 = 0.02;

/// With fewer pairs than this nothing is called different. The smallest possible p-value of 12 pairs, 2 / 2^12, still
/// passes Holm's correction across a hundred contrasts.
pub const FEWEST_PAIRS: u64 = 12;

/// The least confidence of an interval that can call two cells equivalent: two one-sided tests at 5 % each amount to
/// an interval of 90 % (Schuirmann, 1987).
const EQUIVALENCE_CONFIDENCE: f64 = 0.90;

/// Two cells whose ratio is wanted.
pub(super) struct Pair<'a> {
    /// Stands above the line.
    pub(super) a: &'a SheetCell,
    /// Stands below it.
    pub(super) b: &'a SheetCell,
}

/// Compares the pairs of one family of contrasts: the p-values of all of them are corrected together. Pairs that share
/// no block are left out.
///
/// The ratio is exp of the Hodges-Lehmann estimate of the paired log ratios, its interval that of the signed-rank test.
/// The margin is taken on the logarithm, from 1/(1 + d) to 1 + d, so that swapping the two cells changes nothing but
/// the direction. The p-value against "within the margin" is the two-sided one at the nearer edge; it is at most 5 %
/// exactly if an interval of 95 % lies outside.
pub(super) fn compare_family(
    pairs: &[Pair<'_>],
    kind: ComparisonKind,
    metric: Metric,
    margin: f64,
) -> Vec<Comparison> {
    let measured: Vec<(&Pair<'_>, Vec<f64>, Location)> = pairs
        .iter()
        .filter_map(|pair| {
            let logs = metric.log_ratios(pair.a, pair.b);
            let location = hodges_lehmann(&logs, CONFIDENCE)?;
            Some((pair, logs, location))
        })
        .collect();
    let edge = margin.ln_1p();
    let beyond: Vec<f64> =
        measured.iter().map(|(_, logs, _)| p_beyond(edge, |at| signed_rank(logs, at))).collect();
    let anywhere: Vec<f64> = measured.iter().map(|(_, logs, _)| signed_rank(logs, 0.0).two_sided()).collect();
    let corrected = holm(&beyond).into_iter().zip(holm(&anywhere));
    measured
        .iter()
        .zip(corrected)
        .map(|((pair, logs, location), (p_holm, p_any))| {
            let ratio = location.exp();
            Comparison {
                workload: pair.a.workload.clone(),
                kind,
                a: pair.a.id.clone(),
                b: pair.b.id.clone(),
                ratio: ratio.estimate,
                low: ratio.low,
                high: ratio.high,
                confidence: ratio.confidence,
                pairs: logs.len() as u64,
                margin,
                p_holm,
                p_any,
                verdict: verdict(location, logs.len() as u64, edge, Some(p_holm)),
            }
        })
        .collect()
}

/// Compares two cells for themselves, with the least margin and as a family of one; `None` if they share no block.
pub fn compare_alone(a: &SheetCell, b: &SheetCell, metric: Metric) -> Option<Comparison> {
    compare_family(&[Pair { a, b }], metric.contrast(), metric, MARGIN).pop()
}

/// What an interval of a log ratio says, within a run and across several. Without a p-value it rests on the interval alone.
pub(crate) fn verdict(location: &Location, pairs: u64, edge: f64, p_holm: Option<f64>) -> Verdict {
    let outside = location.low > edge || location.high < -edge;
    let inside = location.low >= -edge && location.high <= edge;
    if outside && pairs < FEWEST_PAIRS {
        Verdict::Indicative
    } else if outside && p_holm.is_none_or(|p| p <= SIGNIFICANCE) {
        Verdict::Different
    } else if inside && location.confidence >= EQUIVALENCE_CONFIDENCE {
        Verdict::Equivalent
    } else {
        Verdict::Unresolved
    }
}

/// The noise floor that an A/A comparison shows, as a fraction: the least f for which its whole interval lies between
/// 1/(1 + f) and 1 + f. A twin that is off centre counts as noise too, since the two are the same thing.
pub fn noise_floor(twin: &Comparison) -> f64 {
    twin.high.max(1.0 / twin.low) - 1.0
}
