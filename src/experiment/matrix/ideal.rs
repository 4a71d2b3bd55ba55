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

#[cfg(test)]
mod tests {
    use crate::experiment::rehearsal::Rehearsal;
    use crate::record::Record;
    use crate::spec::default_definitions;

    const MS: u64 = 1_000_000;

    /// The default matrix on four cores, on which the sequential batch of `mixed` takes 440 ms and every other batch
    /// takes 10 ms.
    fn measured() -> Record {
        let truth = |id: &str, _: &_| if id == "mixed/sequential@1" { 440e6 } else { 10e6 };
        Rehearsal { cores: 4, all: true, truth, ..Rehearsal::new(1) }.run(default_definitions())
    }

    fn ideal(record: &Record, id: &str) -> Option<u64> {
        let matrix = &record.experiments["matrix"];
        assert!(matrix.cells.iter().any(|cell| cell.id == id), "no cell {id}");
        matrix.findings["ideal_ns"][id].as_u64()
    }

    #[test]
    fn computing_is_bounded_by_the_cores_that_the_workers_can_use() {
        let record = measured();
        assert_eq!(ideal(&record, "count/sequential@1"), Some(10 * MS));
        assert_eq!(ideal(&record, "count/tokio-current-thread@1"), Some(10 * MS));
        assert_eq!(ideal(&record, "factorial/rayon@2"), Some(5 * MS));
        assert_eq!(ideal(&record, "count/rayon@4"), Some(10 * MS / 4));
        // More workers than cores help nothing.
        assert_eq!(ideal(&record, "factorial/rayon@8"), Some(10 * MS / 4));
        assert_eq!(ideal(&record, "count/thread-spawn@48"), Some(10 * MS / 4));
    }

    #[test]
    fn waiting_is_bounded_by_the_rounds_that_its_concurrency_leaves() {
        let record = measured();
        // 64 tasks of 20 ms, whatever the baseline took.
        assert_eq!(ideal(&record, "sleep/sequential@1"), Some(64 * 20 * MS));
        assert_eq!(ideal(&record, "sleep/thread-pool@4"), Some(16 * 20 * MS));
        assert_eq!(ideal(&record, "sleep/thread-pool@64"), Some(20 * MS));
        assert_eq!(ideal(&record, "sleep/tokio-current-thread@1"), Some(20 * MS));
        // Two requests of 5 ms each.
        assert_eq!(ideal(&record, "http/thread-pool@4"), Some(8 * 10 * MS));
    }

    #[test]
    fn a_mixture_is_bounded_by_the_longer_of_both_and_what_does_nothing_by_nothing() {
        let record = measured();
        // 16 tasks wait 20 ms each, one after the other 320 of the 440 ms: 120 ms are computing.
        assert_eq!(ideal(&record, "mixed/sequential@1"), Some(320 * MS));
        assert_eq!(ideal(&record, "mixed/tokio-multi-thread@4"), Some(30 * MS));
        assert_eq!(ideal(&record, "mixed/tokio-current-thread@1"), Some(120 * MS));
        assert_eq!(ideal(&record, "mixed/thread-pool@4"), Some(4 * 20 * MS));
        assert_eq!(ideal(&record, "noop/rayon@4"), None);
    }
}
