//! Which cell is the best, and how the models stand over all workloads.

use std::collections::BTreeMap;

use concbench_stats::geometric_mean;
use concbench_workloads::Class;
use serde::Serialize;

use super::sample::Metric;
use crate::batch::{Sheet, SheetCell};
use crate::model::Family;
use crate::record::Status;

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
    let median = |cell| metric.estimate(cell).map_or(f64::INFINITY, |estimate| estimate.median);
    cells.min_by(|left, right| median(left).total_cmp(&median(right)))
}

/// How a model stands over several workloads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelMean {
    /// The model's id.
    pub model: String,
    /// Its family.
    pub family: Family,
    /// The geometric mean of the ratios of its times to the best of each workload; 1 is the best everywhere.
    pub mean: f64,
    /// How many workloads are in the mean.
    pub cases: u64,
    /// How many could have been: the workloads of this class that some model finished.
    pub of: u64,
}

/// The geometric mean of each model's ratios to the best, over the workloads of one class, or over all of them.
///
/// A model with several ranked numbers of workers in a workload is represented by the one that did best there. Models
/// without a single case are left out. Ordered by mean, then by id; means over different numbers of cases compare
/// different things, so show [`ModelMean::cases`] beside them.
pub fn geometric_means(sheet: &Sheet, metric: Metric, class: Option<Class>) -> Vec<ModelMean> {
    let mut ratios: BTreeMap<&str, (Family, Vec<f64>)> = BTreeMap::new();
    let mut of = 0;
    let unranked =
        |name: &str| sheet.verdicts.iter().any(|found| found.workload == name && found.unranked.is_some());
    for workload in
        sheet.workloads.iter().filter(|workload| class.is_none_or(|class| workload.class == class))
    {
        if unranked(&workload.name) {
            continue;
        }
        let Some(best) = best(sheet, &workload.name, metric) else {
            continue;
        };
        of += 1;
        let mut here: BTreeMap<&str, (Family, f64)> = BTreeMap::new();
        for cell in contenders(sheet, &workload.name) {
            let Some(ratio) = ratio_to(sheet, cell, best, metric) else {
                continue;
            };
            let entry = here.entry(&cell.model).or_insert((cell.family, ratio));
            entry.1 = entry.1.min(ratio);
        }
        for (model, (family, ratio)) in here {
            ratios.entry(model).or_insert_with(|| (family, Vec::new())).1.push(ratio);
        }
    }
    let mut means: Vec<ModelMean> = ratios
        .into_iter()
        .filter_map(|(model, (family, ratios))| {
            let mean = geometric_mean(&ratios)?;
            Some(ModelMean { model: model.to_owned(), family, mean, cases: ratios.len() as u64, of })
        })
        .collect();
    means.sort_by(|left, right| left.mean.total_cmp(&right.mean));
    means
}

fn ratio_to(sheet: &Sheet, cell: &SheetCell, best: &SheetCell, metric: Metric) -> Option<f64> {
    if cell.id == best.id {
        return Some(1.0);
    }
    let contrast = sheet
        .comparisons
        .iter()
        .find(|found| found.kind == metric.contrast() && found.a == cell.id && found.b == best.id)?;
    Some(contrast.ratio)
}
