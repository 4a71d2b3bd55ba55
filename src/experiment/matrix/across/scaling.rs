use std::collections::BTreeMap;

use serde::Serialize;

use super::is_measured;
use crate::batch::analyse::sample::Price;
use crate::batch::{Sheet, SheetCell};

/// Throughput over workers, of one model in one workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveAcross {
    /// The workload's name.
    pub workload: String,
    /// The model's id.
    pub model: String,
    /// The points of each run, by ascending workers; empty where there are fewer than three.
    pub places: Vec<Vec<Throughput>>,
}

/// How much work a number of workers gets done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Throughput {
    /// How many workers.
    pub workers: u64,
    /// Tasks a second, from the median time of a batch.
    pub per_second: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Fewer points than this make no curve.
const FEWEST: usize = 3;

/// The models that at least two runs measured with several numbers of workers, in workloads that are the same.
pub(super) fn curves(runs: &[Run]) -> Vec<CurveAcross> {
    let mut curves = Vec::new();
    for work in &runs[0].workloads {
        let same =
            |sheet: &Sheet| sheet.workloads.iter().any(|other| other.name == work.name && other.hash == work.hash);
        let mut models: Vec<&str> = Vec::new();
        for cell in runs[0].cells.iter().filter(|cell| cell.workload == work.name) {
            if !models.contains(&cell.model.as_str()) {
                models.push(&cell.model);
            }
        }
        for model in models {
            let points = |sheet: &Sheet| if same(run) { points(sheet, &work.name, model) } else { Vec::new() };
            let places: Vec<Vec<Throughput>> = runs.iter().map(points).collect();
            if places.iter().filter(|points| !points.is_empty()).count() > 1 {
                curves.push(CurveAcross { workload: work.name.clone(), model: model.to_owned(), places });
            }
        }
    }
    curves
}

fn points(sheet: &Sheet, workload: &str, model: &str) -> Vec<Throughput> {
    let of_model = |cell: &&SheetCell| cell.workload == workload && cell.model == model && !cell.twin;
    let mut points: BTreeMap<u64, Throughput> = BTreeMap::new();
    for cell in sheet.cells.iter().filter(of_model).filter(|cell| is_measured(cell)) {
        let Some(steady) = Price::Steady.estimate(cell) else { continue };
        let rate = |ns: f64| cell.tasks as f64 * 1e9 / ns;
        points.entry(cell.workers).or_insert(Throughput {
            workers: cell.workers,
            per_second: rate(steady.median),
            low: rate(steady.high),
            high: rate(steady.low),
        });
    }
    if points.len() < FEWEST { Vec::new() } else { points.into_values().collect() }
}
