//! Which counts go with the time of a workload. Pure.

use concbench_stats::monotone_trend;
use itertools::Itertools as _;

use super::{Association, COUNTS, Cell, Observation, Why};
use crate::record::CellRecord;

/// What goes with the time of each workload, over its models.
pub(super) fn analyse(cells: &[CellRecord<Cell, Observation>]) -> Vec<Why> {
    let workloads = cells.iter().map(|cell| cell.factors.workload.as_str()).unique();
    workloads.map(|workload| why(workload, cells)).collect()
}

fn why(workload: &str, cells: &[CellRecord<Cell, Observation>]) -> Why {
    let of_work = || cells.iter().filter(|cell| cell.factors.workload == workload);
    let association = |(name, ..): &(&str, &str, _)| {
        let median = |cell: &CellRecord<Cell, Observation>, name: &str| Some(cell.summary.get(name)?.median);
        let mut known: Vec<(f64, f64)> =
            of_work().filter_map(|cell| Some((median(cell, "counted_ns")?, median(cell, name)?))).collect();
        known.sort_by(|left, right| left.0.total_cmp(&right.0));
        let counts: Vec<f64> = known.into_iter().map(|(_, count)| count).collect();
        let trend = monotone_trend(&[counts])?;
        Some(Association { count: (*name).to_owned(), tau: trend.tau, p: trend.p, models: trend.count })
    };
    let mut associations: Vec<Association> = COUNTS.iter().filter_map(association).collect();
    associations.sort_by(|left, right| right.tau.abs().total_cmp(&left.tau.abs()));
    Why { workload: workload.to_owned(), associations }
}
