//! What a run could have seen, had it been there.
//!
//! Two questions are kept apart. An effect is *found* if the interval of the ratio leaves out 1 and the corrected p-value
//! of "no difference at all" is at most 5 %: with 20 blocks and 2 % noise that takes an effect of about 2 %. Two cells are
//! called *different* only if the whole interval lies beyond the margin, which takes about 4 % there: an effect of 3 % is
//! found nearly always and called different hardly ever, because it is meant to count for little. That is so for two cells
//! alone; each further one that is compared with the best raises both, since p-values are corrected for their number.

use concbench_stats::{normal_quantile, standard_error};
use serde::Serialize;

use super::compare::{FEWEST_PAIRS, MARGIN, noise_floor};
use super::levels::SIGNIFICANCE;
use super::sample::Metric;
use crate::batch::{Comparison, Sheet};

/// The probability with which the smallest effect is found.
pub const POWER: f64 = 0.80;

/// The smallest effects that a comparison as precise as the one with the A/A twin finds in four of five runs. As
/// fractions: 0.03 is an effect of 3 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SmallestEffect {
    /// The smallest that is found to be there at all: the interval of the ratio leaves out 1.
    pub any: f64,
    /// The smallest that is called different: the interval lies beyond the margin too.
    pub different: f64,
    /// The margin that this run had, as a fraction.
    pub margin: f64,
}

/// The smallest effect that the blocks of this workload could have shown, from its A/A twin, in one of as many contrasts
/// as the workload has. `None` without a twin, or with fewer pairs than any verdict needs.
pub fn smallest_effect(sheet: &Sheet, workload: &str, metric: Metric) -> Option<SmallestEffect> {
    let of_kind =
        |kind| sheet.comparisons.iter().filter(move |found| found.workload == workload && found.kind == kind);
    let twins = || of_kind(metric.twin());
    let margin = twins().map(noise_floor).fold(MARGIN, f64::max);
    let least_precise = twins().max_by(|left, right| spread(left).total_cmp(&spread(right)))?;
    let contrasts = of_kind(metric.contrast()).count().max(1);
    (least_precise.pairs >= FEWEST_PAIRS).then(|| effect(least_precise, contrasts, margin))
}

fn effect(twin: &Comparison, contrasts: usize, margin: f64) -> SmallestEffect {
    let any = detectable_among(contrasts, twin, POWER);
    SmallestEffect { any, different: (1.0 + margin) * (1.0 + any) - 1.0, margin }
}

/// The smallest effect, as a fraction, that a comparison as precise as this one finds with probability `power`, where it is
/// made for itself.
pub fn detectable(comparison: &Comparison, power: f64) -> f64 {
    detectable_among(1, comparison, power)
}

/// The same where it is one of so many that are corrected together.
///
/// An effect is found with that probability if it lies the sum of two normal quantiles, in standard errors, away (Lehr,
/// 1992, for two-sided tests). The first of them is that of the level over the number of contrasts (Dunn, 1961, after
/// Bonferroni). Holm's correction (1979) asks so much of the smallest p-value only, and of each further one less, so that
/// no effect needs to be larger than this one.
fn detectable_among(contrasts: usize, comparison: &Comparison, power: f64) -> f64 {
    let error = standard_error(comparison.low.ln(), comparison.high.ln(), comparison.confidence);
    let level = SIGNIFICANCE / contrasts as f64;
    (error * (normal_quantile(1.0 - 0.5 * level) + normal_quantile(power))).exp_m1()
}

fn spread(comparison: &Comparison) -> f64 {
    (comparison.high / comparison.low).ln()
}
