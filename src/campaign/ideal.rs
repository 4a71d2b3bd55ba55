//! The least time that a batch can take: what no model can beat.

use concbench_workloads::Class;

use crate::record::{CellRecord, Run};

/// Fills in the ideal time of every cell. It follows from the sequential time of the same run and from how many tasks
/// can wait and compute at once.
pub(super) fn fill(run: &mut Run) {
    for workload in &run.workloads {
        if workload.class == Class::Creation {
            continue;
        }
        let waiting = workload.wait_ns;
        let sequential = run
            .cells
            .iter()
            .find(|cell| cell.workload == workload.name && cell.model == "sequential" && cell.ranked)
            .and_then(sequential_ns);
        // What is left of the sequential time without the waiting is computing.
        let computing = match workload.class {
            Class::Io => Some(0),
            _ => sequential.map(|total| total.saturating_sub(waiting.saturating_mul(workload.tasks))),
        };
        for cell in run.cells.iter_mut().filter(|cell| cell.workload == workload.name) {
            let rounds = workload.tasks.div_ceil(cell.concurrency.max(1));
            let waits = rounds.saturating_mul(waiting);
            let cores = cell.workers.min(run.machine.cores).max(1);
            cell.ideal_ns =
                computing.map(|computing| waits.max(computing / cores)).filter(|&ideal| ideal > 0);
        }
    }
}

fn sequential_ns(cell: &CellRecord) -> Option<u64> {
    let mut times: Vec<u64> =
        cell.observations.iter().flat_map(|observation| &observation.warm_ns).copied().collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use crate::campaign::rehearsal::rehearse;
    use crate::model::{BuiltIn, Catalogue};
    use crate::record::Run;
    use crate::runner::schedule::mock::MockLauncher;
    use crate::spec::{Spec, default_definitions};

    const MS: u64 = 1_000_000;
    const CORES: u64 = 4;

    /// The default matrix on four cores, on which the sequential batch of `mixed` takes 440 ms and every other batch
    /// takes 10 ms.
    fn measured() -> Run {
        let spec = Spec::build(default_definitions(), &BuiltIn::infos(), true, CORES).expect("it is valid");
        let mut launcher = MockLauncher::new(1);
        launcher.truth = |spec, slot| match spec.cells[slot.cell].id.as_str() {
            "mixed/sequential@1" => 440.0 * MS as f64,
            _ => 10.0 * MS as f64,
        };
        rehearse(&spec, 1, CORES, &mut launcher)
    }

    fn ideal(run: &Run, id: &str) -> Option<u64> {
        run.cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("no cell {id}")).ideal_ns
    }

    #[test]
    fn computing_is_bounded_by_the_cores_that_the_workers_can_use() {
        let run = measured();
        assert_eq!(ideal(&run, "count/sequential@1"), Some(10 * MS));
        assert_eq!(ideal(&run, "count/tokio-current-thread@1"), Some(10 * MS));
        assert_eq!(ideal(&run, "factorial/rayon@2"), Some(5 * MS));
        assert_eq!(ideal(&run, "count/rayon@4"), Some(10 * MS / 4));
        // More workers than cores help nothing.
        assert_eq!(ideal(&run, "factorial/rayon@8"), Some(10 * MS / 4));
        assert_eq!(ideal(&run, "count/thread-spawn@48"), Some(10 * MS / 4));
    }

    #[test]
    fn waiting_is_bounded_by_the_rounds_that_its_concurrency_leaves() {
        let run = measured();
        // 64 tasks of 20 ms, whatever the baseline took.
        assert_eq!(ideal(&run, "sleep/sequential@1"), Some(64 * 20 * MS));
        assert_eq!(ideal(&run, "sleep/thread-pool@4"), Some(16 * 20 * MS));
        assert_eq!(ideal(&run, "sleep/thread-pool@64"), Some(20 * MS));
        assert_eq!(ideal(&run, "sleep/tokio-current-thread@1"), Some(20 * MS));
        // Two requests of 5 ms each.
        assert_eq!(ideal(&run, "http/thread-pool@4"), Some(8 * 10 * MS));
    }

    #[test]
    fn a_mixture_is_bounded_by_the_longer_of_both_and_what_does_nothing_by_nothing() {
        let run = measured();
        // 16 tasks wait 20 ms each, one after the other 320 of the 440 ms: 120 ms are computing.
        assert_eq!(ideal(&run, "mixed/sequential@1"), Some(320 * MS));
        assert_eq!(ideal(&run, "mixed/tokio-multi-thread@4"), Some(30 * MS));
        assert_eq!(ideal(&run, "mixed/tokio-current-thread@1"), Some(120 * MS));
        assert_eq!(ideal(&run, "mixed/thread-pool@4"), Some(4 * 20 * MS));
        assert_eq!(ideal(&run, "noop/rayon@4"), None);
    }
}
