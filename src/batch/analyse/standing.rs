//! Who may be the best of a workload, and who is surely behind.

use concbench_stats::pairwise_confidence;

use super::compare::compare;
use super::levels::CONFIDENCE;
use super::sample::{Metric, Series};
use crate::batch::{Comparison, Sheet, SheetCell, Verdict, WorkloadRecord};
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

/// The confidence of each interval between two of so many cells, so that all of them hold together.
fn together(contenders: &[&SheetCell]) -> f64 {
    pairwise_confidence(contenders.len(), CONFIDENCE)
}

/// All comparisons of one workload at both metrics: the twins, the ranked cells against the best, and against the
/// baseline, which does not change from run to run.
///
/// The intervals between the ranked cells hold together, whichever two of them the data picks out: one of them is at fault
/// in one of 20 runs (Tukey, 1953). A twin stands for itself: it decides about no model.
pub(super) fn comparisons(sheet: &Sheet, workload: &WorkloadRecord) -> Vec<Comparison> {
    let contenders = contenders(sheet, &workload.name);
    let mut all: Vec<Comparison> = Vec::new();
    for metric in [Metric::Steady, Metric::OneOff] {
        all.extend(twins(sheet, &workload.name, metric));
        let series: Vec<Series<'_>> = contenders.iter().map(|cell| Series::of(cell, metric)).collect();
        let best = fastest(contenders.iter().copied(), metric);
        let baseline = contenders.iter().copied().find(|cell| cell.family == Family::Baseline);
        for (kind, below) in [(metric.contrast(), best), (metric.gain(), baseline)] {
            let Some(below) = below.map(|cell| Series::of(cell, metric)) else { continue };
            let others = series.iter().filter(|above| above.cell.id != below.cell.id);
            all.extend(others.filter_map(|above| compare(sheet, above, &below, kind, together(&contenders))));
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
/// fastest first; nothing where the model was not measured. The intervals hold together with those between all other
/// pairs, whoever chooses the model, and after whatever was seen.
pub(crate) fn against(sheet: &Sheet, workload: &str, model: &str) -> (String, Vec<Comparison>) {
    let Some(reference) = best_of(sheet, workload, model) else { return (String::new(), Vec::new()) };
    let (contenders, below) = (contenders(sheet, workload), Series::of(reference, Metric::Steady));
    let others = contenders.iter().filter(|cell| cell.id != reference.id);
    let found = |cell: &&SheetCell| {
        let above = Series::of(cell, Metric::Steady);
        compare(sheet, &above, &below, Metric::Steady.contrast(), together(&contenders))
    };
    let mut all: Vec<Comparison> = others.filter_map(found).collect();
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
    pub(super) fn of(sheet: &'a Sheet, workload: &str, metric: Metric) -> Self {
        let cells = contenders(sheet, workload);
        let confidence = together(&cells);
        let series: Vec<Series<'_>> = cells.iter().map(|cell| Series::of(cell, metric)).collect();
        let mut is_behind = vec![false; cells.len()];
        let mut verdicts = Vec::new();
        for (place, a) in series.iter().enumerate() {
            for (other, b) in series.iter().enumerate().skip(place + 1) {
                let Some(found) = compare(sheet, a, b, metric.contrast(), confidence) else { continue };
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
