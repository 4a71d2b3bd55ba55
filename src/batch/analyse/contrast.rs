//! Which cells of a workload are compared, with which margin, and who wins.

use super::compare::{MARGIN, Pair, compare_family, noise_floor};
use super::ranking::{best, contenders};
use super::sample::Metric;
use crate::batch::{Comparison, Sheet, SheetCell, Verdict, WorkloadRecord};
use crate::record::Status;
use crate::spec::TWIN_MARK;

/// All comparisons of one workload: the twins at both metrics, then the ranked cells against the best at each.
///
/// The two metrics have a noise floor and a margin each, since a one-off job is one sample and a steady batch a median of
/// several. What is corrected together is what decides together: the contrasts of one metric, which name its winners. The
/// twins of a metric are a family of their own: they decide about no model, and one that counted with the contrasts would
/// make alarms about the noise rarer and true differences harder to find.
pub(super) fn contrasts(sheet: &Sheet, workload: &WorkloadRecord) -> Vec<Comparison> {
    let mut all: Vec<Comparison> = Vec::new();
    let mut margins = Vec::new();
    for metric in [Metric::Steady, Metric::OneOff] {
        let twins = twins(sheet, &workload.name, metric);
        margins.push((metric, twins.iter().map(noise_floor).fold(MARGIN, f64::max)));
        all.extend(twins);
    }
    for (metric, margin) in margins {
        all.extend(against_best(sheet, &workload.name, metric, margin));
    }
    all
}

/// Each twin against the cell that it repeats; the margin is the least one, since this is where the margin comes from.
fn twins(sheet: &Sheet, workload: &str, metric: Metric) -> Vec<Comparison> {
    let measured = |cell: &&SheetCell| cell.workload == workload && cell.status == Status::Ok;
    let pairs: Vec<Pair<'_>> = sheet
        .cells
        .iter()
        .filter(measured)
        .filter(|cell| cell.twin)
        .filter_map(|twin| {
            let original = twin.id.strip_suffix(TWIN_MARK)?;
            let b = sheet.cells.iter().filter(measured).find(|cell| cell.id == original)?;
            Some(Pair { a: twin, b })
        })
        .collect();
    compare_family(&pairs, metric.twin(), metric, MARGIN)
}

fn against_best(sheet: &Sheet, workload: &str, metric: Metric, margin: f64) -> Vec<Comparison> {
    let Some(best) = best(sheet, workload, metric) else {
        return Vec::new();
    };
    let others = contenders(sheet, workload).into_iter().filter(|cell| cell.id != best.id);
    let pairs: Vec<Pair<'_>> = others.map(|a| Pair { a, b: best }).collect();
    compare_family(&pairs, metric.contrast(), metric, margin)
}

/// The ranked cells that nothing is known to be faster than, by their medians, lowest first.
pub(super) fn winners<'a>(sheet: &'a Sheet, workload: &str, metric: Metric) -> Vec<&'a SheetCell> {
    let Some(best) = best(sheet, workload, metric) else {
        return Vec::new();
    };
    let mut cells = contenders(sheet, workload);
    cells.retain(|cell| {
        cell.id == best.id
            || contrast(sheet, workload, metric, &cell.id).is_none_or(|found| !known_slower(found))
    });
    // Stable, so that equal medians stay in the order of the record.
    cells.sort_by(|left, right| {
        let median = |cell| metric.estimate(cell).map_or(f64::INFINITY, |estimate| estimate.median);
        median(left).total_cmp(&median(right))
    });
    cells
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

fn known_slower(contrast: &Comparison) -> bool {
    matches!(contrast.verdict, Verdict::Different | Verdict::Indicative) && contrast.ratio > 1.0
}
