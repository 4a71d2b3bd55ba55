//! The least time that a batch can take: what no model can beat.

use concbench_workloads::Class;

use crate::batch::{Sheet, SheetCell};

/// Fills in the ideal time of every cell. It follows from the sequential time of the same run and from how many tasks
/// can wait and compute at once.
pub(super) fn fill(sheet: &mut Sheet) {
    for workload in &sheet.workloads {
        if workload.class == Class::Creation {
            continue;
        }
        let waiting = workload.wait_ns;
        let sequential = sheet
            .cells
            .iter()
            .find(|cell| cell.workload == workload.name && cell.model == "sequential" && cell.ranked)
            .and_then(sequential_ns);
        // What is left of the sequential time without the waiting is computing.
        let computing = match workload.class {
            Class::Io => Some(0),
            _ => sequential.map(|total| total.saturating_sub(waiting.saturating_mul(workload.tasks))),
        };
        for cell in sheet.cells.iter_mut().filter(|cell| cell.workload == workload.name) {
            let rounds = workload.tasks.div_ceil(cell.concurrency.max(1));
            let waits = rounds.saturating_mul(waiting);
            let cores = cell.workers.min(sheet.cores).max(1);
            cell.ideal_ns =
                computing.map(|computing| waits.max(computing / cores)).filter(|&ideal| ideal > 0);
        }
    }
}

fn sequential_ns(cell: &SheetCell) -> Option<u64> {
    let mut times: Vec<u64> =
        cell.observations.iter().flat_map(|observation| &observation.warm_ns).copied().collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}
