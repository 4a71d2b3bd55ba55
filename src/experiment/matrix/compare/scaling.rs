use std::collections::BTreeMap;

use serde::Serialize;

use crate::experiment::RecordOf;
use crate::experiment::matrix::Matrix;
use crate::record::Status;

/// What was done at each number of workers, by workload and model.
type Points<'a> = BTreeMap<(&'a str, &'a str), Vec<Throughput>>;

/// Throughput over workers, of one model in one workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ComparedCurve {
    /// The workload's name.
    pub(super) workload: String,
    /// The model's id.
    pub(super) model: String,
    /// The points of each run, by ascending workers; empty where there are fewer than three.
    pub(super) places: Vec<Vec<Throughput>>,
}

/// How much work a number of workers gets done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Throughput {
    /// How many workers.
    pub(super) workers: u64,
    /// Tasks a second, from the median time of a batch.
    pub(super) per_second: f64,
    /// The lower end of its interval.
    pub(super) low: f64,
    /// The upper end.
    pub(super) high: f64,
}

/// Fewer points than this make no curve.
const FEWEST: usize = 3;

/// The models that at least two runs measured with several numbers of workers, in workloads that are the same.
pub(super) fn curves(runs: &[RecordOf<Matrix>]) -> Vec<ComparedCurve> {
    let mut points: Vec<BTreeMap<(&str, &str), Vec<Throughput>>> = runs.iter().map(points).collect();
    for of_run in &mut points {
        of_run.retain(|_, points| points.len() >= FEWEST);
    }
    let hash = |run: &RecordOf<Matrix>, workload: &str| {
        run.setup.workloads.iter().find(|other| other.name == workload).map(|other| other.hash.clone())
    };
    let curve = |(workload, model): &(&str, &str)| {
        let same = |run: &RecordOf<Matrix>| hash(run, workload) == hash(&runs[0], workload);
        let of_run = |(run, points): (&RecordOf<Matrix>, &Points<'_>)| {
            points.get(&(*workload, *model)).filter(|_| same(run)).cloned().unwrap_or_default()
        };
        let places: Vec<Vec<Throughput>> = runs.iter().zip(&points).map(of_run).collect();
        let several = places.iter().filter(|points| !points.is_empty()).count() > 1;
        several.then(|| ComparedCurve { workload: (*workload).into(), model: (*model).into(), places })
    };
    points
        .iter()
        .flat_map(BTreeMap::keys)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .filter_map(curve)
        .collect()
}

/// Each model in each workload, by ascending workers.
fn points(run: &RecordOf<Matrix>) -> BTreeMap<(&str, &str), Vec<Throughput>> {
    let mut found: BTreeMap<(&str, &str), Vec<Throughput>> = BTreeMap::new();
    for cell in run.cells.iter().filter(|cell| cell.status == Status::Ok && !cell.factors.twin) {
        let Some(steady) = cell.summary.get("steady_ns") else { continue };
        let factors = &cell.factors;
        let rate = |ns: f64| factors.tasks as f64 * 1e9 / ns;
        let of_model = found.entry((&factors.workload, &factors.model)).or_default();
        let workers = factors.workers;
        let (per_second, low, high) = (rate(steady.median), rate(steady.high), rate(steady.low));
        let at = of_model.partition_point(|known| known.workers < workers);
        if of_model.get(at).is_none_or(|known| known.workers != workers) {
            of_model.insert(at, Throughput { workers, per_second, low, high });
        }
    }
    found
}
