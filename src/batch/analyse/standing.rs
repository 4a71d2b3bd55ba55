//! Who may be the best of a workload, and who is surely behind.

use concbench_stats::{JointConfidence, joint_confidence};

use super::compare::compare;
use super::levels::CONFIDENCE;
use super::sample::{Metric, Series, shared_logs};
use crate::batch::{Comparison, ComparisonKind, Sheet, SheetCell, Verdict, WorkloadRecord};
use crate::model::Family;
use crate::record::Status;
use crate::spec::TWIN_MARK;

/// The cells of a workload that stand in its ranking: measured, ranked, and no twin. In the order of the record.
pub(super) fn contenders<'a>(sheet: &'a Sheet, workload: &str) -> Vec<&'a SheetCell> {
    sheet
        .cells
        .iter()
        .filter(|cell| cell.workload == workload && cell.ranked && !cell.twin)
        .filter(|cell| cell.status == Status::Ok && cell.summary.is_some())
        .collect()
}

/// The ranked cell with the lowest median in a workload; `None` if nothing was measured. It is what the others are
/// compared with, which does not yet make it the winner.
pub fn best<'a>(sheet: &'a Sheet, workload: &str, metric: Metric) -> Option<&'a SheetCell> {
    fastest(contenders(sheet, workload).into_iter(), metric)
}

/// The cell with the lowest median; the first of them if several share it.
pub(super) fn fastest<'a>(
    cells: impl Iterator<Item = &'a SheetCell>,
    metric: Metric,
) -> Option<&'a SheetCell> {
    cells.min_by(|left, right| median(left, metric).total_cmp(&median(right, metric)))
}

fn median(cell: &SheetCell, metric: Metric) -> f64 {
    metric.estimate(cell).map_or(f64::INFINITY, |estimate| estimate.median)
}

/// The ranked cells of a workload at one metric.
fn series<'a>(sheet: &'a Sheet, workload: &str, metric: Metric) -> Vec<Series<'a>> {
    contenders(sheet, workload).into_iter().map(|cell| Series::of(cell, metric)).collect()
}

/// How sure each interval between ranked cells of a workload has to be at one metric, so that all of a kind hold together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sure {
    metric: Metric,
    confidence: JointConfidence,
}

impl Sure {
    /// That of a workload, from its observations.
    pub(super) fn of(sheet: &Sheet, workload: &str, metric: Metric) -> Self {
        let logs = shared_logs(&series(sheet, workload, metric));
        Self { metric, confidence: joint_confidence(&logs, CONFIDENCE) }
    }

    /// That of so many models, whose times are no such observations: as Tukey's range asks.
    pub(super) fn of_models(count: usize, metric: Metric) -> Self {
        Self { metric, confidence: JointConfidence::of_range(count, CONFIDENCE) }
    }

    /// How sure an interval has to be, by whether it is one to the best.
    pub(super) fn of_interval(self, to_best: bool) -> f64 {
        if to_best { self.confidence.to_lowest } else { self.confidence.pairs }
    }
}

/// The ranked cells of a workload at one metric, and how sure the interval between any two of them has to be.
struct Field<'a> {
    sheet: &'a Sheet,
    series: Vec<Series<'a>>,
    /// Which of them is the best; `None` of nobody.
    best: Option<usize>,
    sure: Sure,
}

impl<'a> Field<'a> {
    fn of(sheet: &'a Sheet, workload: &str, sure: Sure) -> Self {
        let series = series(sheet, workload, sure.metric);
        let best = fastest(series.iter().map(|series| series.cell), sure.metric);
        let best = best.and_then(|best| series.iter().position(|series| series.cell.id == best.id));
        Self { sheet, series, best, sure }
    }

    fn position(&self, is: impl Fn(&SheetCell) -> bool) -> Option<usize> {
        self.series.iter().position(|series| is(series.cell))
    }

    /// The comparison of two of them. The intervals to the best hold together, whichever cell the data makes the best, and so
    /// do those of all other pairs, whichever two the data or a reader picks out: of either kind one is at fault in one of 20
    /// runs.
    fn compare(&self, above: usize, below: usize, kind: ComparisonKind) -> Option<Comparison> {
        let to_best = self.best.is_some_and(|best| above == best || below == best);
        compare(self.sheet, &self.series[above], &self.series[below], kind, self.sure.of_interval(to_best))
    }

    /// All others against one of them, in the order of the record.
    fn against(&self, below: usize, kind: ComparisonKind) -> impl Iterator<Item = Comparison> {
        let others = (0..self.series.len()).filter(move |above| *above != below);
        others.filter_map(move |above| self.compare(above, below, kind))
    }
}

/// All comparisons of one workload at both metrics: the twins, the ranked cells against the best, and against the
/// baseline, which does not change from run to run. A twin stands for itself: it decides about no model.
pub(super) fn comparisons(sheet: &Sheet, workload: &WorkloadRecord, sure: &[Sure]) -> Vec<Comparison> {
    let mut all: Vec<Comparison> = Vec::new();
    for &sure in sure {
        let metric = sure.metric;
        all.extend(twins(sheet, &workload.name, metric));
        let field = Field::of(sheet, &workload.name, sure);
        let baseline = field.position(|cell| cell.family == Family::Baseline);
        for (kind, below) in [(metric.contrast(), field.best), (metric.gain(), baseline)] {
            all.extend(below.into_iter().flat_map(|below| field.against(below, kind)));
        }
    }
    all
}

/// The fastest ranked cell of a model in a workload.
pub(crate) fn best_of<'a>(sheet: &'a Sheet, workload: &str, model: &str) -> Option<&'a SheetCell> {
    let of_model = contenders(sheet, workload).into_iter().filter(|cell| cell.model == model);
    fastest(of_model, Metric::Steady)
}

/// The id of the fastest cell of a model in a workload, and every other ranked cell against it, in steady state, the
/// fastest first; nothing where the model was not measured. The intervals are those of the ranking: those to all but the
/// best hold together whoever chooses the model, and after whatever was seen.
pub(crate) fn against(sheet: &Sheet, workload: &str, model: &str) -> (String, Vec<Comparison>) {
    let Some(reference) = best_of(sheet, workload, model) else { return (String::new(), Vec::new()) };
    let field = Field::of(sheet, workload, Sure::of(sheet, workload, Metric::Steady));
    let below = field.position(|cell| cell.id == reference.id);
    let found = below.into_iter().flat_map(|below| field.against(below, Metric::Steady.contrast()));
    let mut all: Vec<Comparison> = found.collect();
    all.sort_by(|left, right| left.ratio.total_cmp(&right.ratio));
    (format!("{}@{}", reference.model, reference.workers), all)
}

/// Each twin against the cell that it repeats.
fn twins(sheet: &Sheet, workload: &str, metric: Metric) -> Vec<Comparison> {
    let measured = |cell: &&SheetCell| cell.workload == workload && cell.status == Status::Ok;
    let twins = sheet.cells.iter().filter(measured).filter(|cell| cell.twin);
    twins
        .filter_map(|twin| {
            let original = twin.id.strip_suffix(TWIN_MARK)?;
            let of = sheet.cells.iter().filter(measured).find(|cell| cell.id == original)?;
            compare(sheet, &Series::of(twin, metric), &Series::of(of, metric), metric.twin(), CONFIDENCE)
        })
        .collect()
}

/// How the ranked cells of a workload stand to each other.
pub(super) struct Standing<'a> {
    /// Those of which none is surely slower than any other, the lowest median first: one of them is the best.
    pub(super) leaders: Vec<&'a SheetCell>,
    /// Those that are surely slower than another, in the order of the record.
    pub(super) behind: Vec<&'a SheetCell>,
    /// Whether every two of the leaders are known to differ by less than the margin.
    pub(super) tie: bool,
    /// Whether the timers of two leaders explain how far they are apart.
    pub(super) by_timers: bool,
}

impl<'a> Standing<'a> {
    /// Compares every two ranked cells of a workload.
    pub(super) fn of(sheet: &'a Sheet, workload: &str, sure: Sure) -> Self {
        let (metric, field) = (sure.metric, Field::of(sheet, workload, sure));
        let cells: Vec<&SheetCell> = field.series.iter().map(|series| series.cell).collect();
        let mut is_behind = vec![false; cells.len()];
        let mut verdicts = Vec::new();
        for place in 0..cells.len() {
            for other in place + 1..cells.len() {
                let Some(found) = field.compare(place, other, metric.contrast()) else { continue };
                if matches!(found.verdict, Verdict::Different | Verdict::Slight | Verdict::Indicative) {
                    is_behind[if found.ratio > 1.0 { place } else { other }] = true;
                }
                verdicts.push((place, other, found.verdict));
            }
        }
        verdicts.retain(|(a, b, _)| !is_behind[*a] && !is_behind[*b]);
        let tie = verdicts.iter().all(|(.., verdict)| *verdict == Verdict::Equivalent);
        let by_timers = verdicts.iter().any(|(.., verdict)| *verdict == Verdict::Timers);
        let of = |wanted: bool| {
            let cells = cells.iter().zip(&is_behind).filter(move |(_, behind)| **behind == wanted);
            cells.map(|(cell, _)| *cell).collect::<Vec<&SheetCell>>()
        };
        let (mut leaders, behind) = (of(false), of(true));
        // Stable, so that equal medians stay in the order of the record.
        leaders.sort_by(|left, right| median(left, metric).total_cmp(&median(right, metric)));
        Self { leaders, behind, tie, by_timers }
    }
}

/// The comparison of a cell with the best of its workload.
pub(super) fn contrast<'a>(
    sheet: &'a Sheet,
    workload: &str,
    metric: Metric,
    id: &str,
) -> Option<&'a Comparison> {
    sheet
        .comparisons
        .iter()
        .find(|found| found.workload == workload && found.kind == metric.contrast() && found.a == id)
}
