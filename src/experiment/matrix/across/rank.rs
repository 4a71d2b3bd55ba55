use std::collections::BTreeMap;

use serde::Serialize;

use super::CellAcross;
use concbench_stats::geometric_mean;
use crate::model::Family;
use crate::batch::Sheet;

/// How a model ranks in each run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRanks {
    /// The model's id.
    pub model: String,
    /// Its family.
    pub family: Family,
    /// The geometric mean of its times over those of the best model, in each run, over the workloads that all have.
    pub means: Vec<f64>,
    /// Its place in each run, from 1; models of the same mean share one.
    pub ranks: Vec<u64>,
}

/// The ranks of the models that have a common cell in every workload that is compared; ordered as in the first run.
/// A model with several cells in a workload is represented by the fastest.
pub(super) fn ranks(runs: &[Run], cells: &[CellAcross]) -> Vec<ModelRanks> {
    let mut times: BTreeMap<&str, (Family, BTreeMap<&str, Vec<f64>>)> = BTreeMap::new();
    let mut workloads: Vec<&str> = Vec::new();
    for cell in cells {
        if !workloads.contains(&cell.workload.as_str()) {
            workloads.push(&cell.workload);
        }
        let of_model = &mut times.entry(&cell.model).or_insert_with(|| (cell.family, BTreeMap::new())).1;
        let here = of_model.entry(&cell.workload).or_insert_with(|| vec![f64::INFINITY; runs.len()]);
        for (least, steady) in here.iter_mut().zip(&cell.steady) {
            *least = least.min(steady.median);
        }
    }
    times.retain(|_, (_, of_model)| of_model.len() == workloads.len());
    let best = |workload: &str, place: usize| {
        times.values().map(|(_, of_model)| of_model[workload][place]).fold(f64::INFINITY, f64::min)
    };
    let mean = |of_model: &BTreeMap<&str, Vec<f64>>, place: usize| {
        let ratios: Vec<f64> =
            of_model.iter().map(|(workload, of_place)| of_place[place] / best(workload, place)).collect();
        geometric_mean(&ratios)
    };
    let mut found: Vec<ModelRanks> = times
        .iter()
        .filter_map(|(model, (family, of_model))| {
            let means: Option<Vec<f64>> = (0..runs.len()).map(|place| mean(of_model, place)).collect();
            Some(ModelRanks { model: (*model).to_owned(), family: *family, means: means?, ranks: Vec::new() })
        })
        .collect();
    found.sort_by(|left, right| left.means[0].total_cmp(&right.means[0]));
    let means: Vec<Vec<f64>> = found.iter().map(|model| model.means.clone()).collect();
    for model in &mut found {
        let better =
            |place: usize| means.iter().filter(|other| other[place] < model.means[place]).count() as u64;
        model.ranks = (0..runs.len()).map(|place| 1 + better(place)).collect();
    }
    found
}
