//! The ratio of two cells and what it says.

use concbench_stats::{
    FEWEST_TO_RESAMPLE, Location, RESAMPLES, Resampler, WalshMeans, median, normal_quantile,
    percentile_interval, sorted, standard_error,
};

use super::levels::{CONFIDENCE, POWER, SIGNIFICANCE};
use super::sample::{Metric, Paired, Series};
use super::timers;
use crate::batch::{Comparison, ComparisonKind, Estimator, Sheet, SheetCell, Verdict};

/// The margin of a run that is given none, as a fraction: differences below 2 % do not count, however surely they are
/// there.
pub const MARGIN: f64 = 0.02;

/// With fewer pairs than this nothing is called different. The smallest possible p-value of 12 pairs is 2 / 2^12, about
/// what each of the pairs of 20 models needs so that all hold together.
pub const FEWEST_PAIRS: u64 = 12;

/// The least confidence of an interval that can call two cells equivalent: two one-sided tests at 5 % each amount to
/// an interval of 90 % (Schuirmann, 1987).
const EQUIVALENCE_CONFIDENCE: f64 = 0.90;

/// The ratio of two cells, on the logarithm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    pub(super) location: Location,
    pub(super) estimator: Estimator,
    pub(super) pairs: u64,
}

/// The ratio of the times of two cells, with an interval of this confidence; `None` if they share no block.
///
/// It is the Hodges-Lehmann estimate of the paired log ratios, with the interval of the signed-rank test. That is the
/// centre of a symmetric distribution, which differences of two cells of one shape have. Where the shapes differ so much
/// that the ratio of the medians lies outside of the interval, the ratio of the medians is taken instead, which is what the
/// times beside it show.
///
/// A block that broke the limits of the environment and could not be measured again makes the interval wider where it
/// matters: it reaches over what follows with and without such blocks.
pub(super) fn ratio(sheet: &Sheet, a: &Series<'_>, b: &Series<'_>, confidence: f64) -> Option<Ratio> {
    let pairs = a.paired(b);
    let (all, estimator) = centre(&pairs, confidence)?;
    let quiet: Vec<Paired> =
        pairs.iter().filter(|pair| !sheet.is_breached(&a.cell.workload, pair.block)).copied().collect();
    let location = match quiet.len() {
        few if few < FEWEST_TO_RESAMPLE || few == pairs.len() => all,
        _ => {
            let (calm, _) = centre(&quiet, confidence)?;
            Location { low: all.low.min(calm.low), high: all.high.max(calm.high), ..all }
        }
    };
    Some(Ratio { location, estimator, pairs: pairs.len() as u64 })
}

fn centre(pairs: &[Paired], confidence: f64) -> Option<(Location, Estimator)> {
    let logs: Vec<f64> = pairs.iter().map(Paired::log_ratio).collect();
    let means = WalshMeans::of(&logs);
    let (paired, usual) = (means.centre(confidence)?, means.centre(CONFIDENCE)?);
    let medians = of_medians(pairs.iter());
    if pairs.len() < FEWEST_TO_RESAMPLE || (usual.low <= medians && medians <= usual.high) {
        return Some((paired, Estimator::PairedRatios));
    }
    let mut resampler = Resampler::default();
    let resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| of_medians(resampler.indices(pairs.len()).into_iter().map(|index| &pairs[index])))
        .collect();
    let (low, high) = percentile_interval(&resampled, CONFIDENCE)?;
    // So far out that resamples do not reach, the ends follow from those of the usual confidence.
    let further = normal_quantile(0.5 + 0.5 * confidence) / normal_quantile(0.5 + 0.5 * CONFIDENCE);
    let (low, high) = (medians + (low - medians) * further, medians + (high - medians) * further);
    Some((Location { estimate: medians, low, high, confidence }, Estimator::RatioOfMedians))
}

/// The logarithm of the ratio of the medians.
fn of_medians<'a>(pairs: impl Iterator<Item = &'a Paired>) -> f64 {
    let (above, below): (Vec<f64>, Vec<f64>) = pairs.map(|pair| (pair.above, pair.below)).unzip();
    let middle = |values: &[f64]| median(&sorted(values)).unwrap_or(f64::NAN);
    middle(&above) - middle(&below)
}

/// What has to lie between two cells before it counts, on the logarithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edges {
    /// How far apart their timers alone put them.
    pub(crate) timers: f64,
    /// The margin beyond that.
    pub(crate) margin: f64,
}

impl Edges {
    /// Those of a margin, given as a fraction, where no timer counts.
    pub(crate) fn of_margin(margin: f64) -> Self {
        Self { timers: 0.0, margin: margin.ln_1p() }
    }

    fn far(&self) -> f64 {
        self.timers + self.margin
    }
}

/// The comparison of two cells, with an interval of this confidence; `None` if they share no block.
pub(super) fn compare(
    sheet: &Sheet,
    a: &Series<'_>,
    b: &Series<'_>,
    kind: ComparisonKind,
    confidence: f64,
) -> Option<Comparison> {
    let Ratio { location, estimator, pairs } = ratio(sheet, a, b, confidence)?;
    let edges =
        Edges { timers: timers::apart(sheet, a.cell, b.cell, a.metric), ..Edges::of_margin(sheet.margin) };
    let ratio = location.exp();
    Some(Comparison {
        workload: a.cell.workload.clone(),
        kind,
        a: a.cell.id.clone(),
        b: b.cell.id.clone(),
        ratio: ratio.estimate,
        low: ratio.low,
        high: ratio.high,
        confidence: ratio.confidence,
        estimator,
        pairs,
        margin: sheet.margin,
        timers: edges.timers.exp_m1(),
        smallest_effect: (pairs >= FEWEST_PAIRS).then(|| effect_beyond(edges.far(), &location, POWER)),
        verdict: verdict(&location, pairs, edges, None),
    })
}

/// Compares two cells for themselves; `None` if they share no block.
pub fn compare_alone(sheet: &Sheet, a: &SheetCell, b: &SheetCell, metric: Metric) -> Option<Comparison> {
    compare(sheet, &Series::of(a, metric), &Series::of(b, metric), metric.contrast(), CONFIDENCE)
}

/// What an interval of a log ratio says, within a run and across several; where a p-value was corrected for many such
/// questions, it has to be small, too.
pub(crate) fn verdict(location: &Location, pairs: u64, edges: Edges, p: Option<f64>) -> Verdict {
    let beyond = |edge: f64| location.low > edge || location.high < -edge;
    let within = |edge: f64| location.low >= -edge && location.high <= edge;
    let sure = p.is_none_or(|p| p <= SIGNIFICANCE);
    if beyond(edges.far()) && pairs < FEWEST_PAIRS {
        Verdict::Indicative
    } else if beyond(edges.far()) && sure {
        Verdict::Different
    } else if beyond(edges.timers) && sure && pairs >= FEWEST_PAIRS {
        Verdict::Slight
    } else if edges.timers > 0.0 && beyond(0.0) && within(edges.far()) {
        Verdict::Timers
    } else if within(edges.far()) && location.confidence >= EQUIVALENCE_CONFIDENCE {
        Verdict::Equivalent
    } else {
        Verdict::Unresolved
    }
}

/// The smallest effect, as a fraction, that a comparison as precise as this one finds to be there at all with probability
/// `power`: its interval then leaves out 1.
pub fn detectable(comparison: &Comparison, power: f64) -> f64 {
    let Comparison { ratio, low, high, confidence, .. } = *comparison;
    effect_beyond(0.0, &Location { estimate: ratio, low, high, confidence }.ln(), power)
}

/// The smallest effect, as a fraction, whose interval lies beyond an edge with probability `power`, where the interval is as
/// wide as this one: it lies as far beyond the edge as the interval reaches to one side, and the quantile of the power
/// further (Lehr, 1992, for two-sided tests).
fn effect_beyond(edge: f64, of: &Location, power: f64) -> f64 {
    let error = standard_error(of.low, of.high, of.confidence);
    (edge + error * (normal_quantile(0.5 + 0.5 * of.confidence) + normal_quantile(power))).exp_m1()
}

/// The noise floor that an A/A comparison shows, as a fraction: the least f for which its whole interval lies between
/// 1/(1 + f) and 1 + f. A twin that is off centre counts as noise too, since the two are the same thing.
pub fn noise_floor(twin: &Comparison) -> f64 {
    twin.high.max(1.0 / twin.low) - 1.0
}
