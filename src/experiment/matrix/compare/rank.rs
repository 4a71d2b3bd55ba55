use std::collections::{BTreeMap, BTreeSet};

use concbench_stats::geometric_mean;
use serde::Serialize;

use crate::experiment::compare::ComparedCell;

/// How a model ranks in each run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ModelRanks {
    /// The model's id.
    pub(super) model: String,
    /// The geometric mean of its times over those of the best model, in each run, over the workloads that all have.
    pub(super) means: Vec<f64>,
    /// Its place in each run, from 1; models of the same mean share one.
    pub(super) ranks: Vec<u64>,
}

/// The ranks of the models that have a common cell in every workload that is compared; ordered as in the first run.
/// A model with several cells in a workload is represented by the fastest.
pub(super) fn ranks(runs: usize, cells: &[ComparedCell]) -> Vec<ModelRanks> {
    let workloads: BTreeSet<&str> = cells.iter().map(|cell| cell.group.as_str()).collect();
    let mut times: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for cell in cells {
        let Some(model) = &cell.model else { continue };
        let of_model = times.entry(model).or_default();
        let here = of_model.entry(&cell.group).or_insert_with(|| vec![f64::INFINITY; runs]);
        for (least, steady) in here.iter_mut().zip(&cell.first().estimates) {
            *least = least.min(steady.median);
        }
    }
    times.retain(|_, of_model| of_model.len() == workloads.len());
    let best = |workload: &str, place: usize| {
        times.values().map(|of_model| of_model[workload][place]).fold(f64::INFINITY, f64::min)
    };
    let bests: BTreeMap<&str, Vec<f64>> = workloads
        .iter()
        .map(|workload| (*workload, (0..runs).map(|place| best(workload, place)).collect()))
        .collect();
    let mean = |of_model: &BTreeMap<&str, Vec<f64>>, place: usize| {
        let ratios = of_model.iter().map(|(workload, of_place)| of_place[place] / bests[workload][place]);
        geometric_mean(&ratios.collect::<Vec<f64>>())
    };
    let of = |(model, of_model): (&&str, &BTreeMap<&str, Vec<f64>>)| {
        let means: Option<Vec<f64>> = (0..runs).map(|place| mean(of_model, place)).collect();
        Some(ModelRanks { model: (*model).to_owned(), means: means?, ranks: Vec::new() })
    };
    let mut found: Vec<ModelRanks> = times.iter().filter_map(of).collect();
    found.sort_by(|left, right| left.means[0].total_cmp(&right.means[0]));
    let means: Vec<Vec<f64>> = found.iter().map(|model| model.means.clone()).collect();
    for model in &mut found {
        let better =
            |place: usize| means.iter().filter(|other| other[place] < model.means[place]).count() as u64;
        model.ranks = (0..runs).map(|place| 1 + better(place)).collect();
    }
    found
}
