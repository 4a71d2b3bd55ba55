//! The least time that a batch can take: what no model can beat.

use concbench_stats::{median, sorted};
use concbench_workloads::{Class, Kernel};

use crate::batch::analyse::Metric;
use crate::batch::{Sheet, SheetCell, WorkloadRecord};
use crate::model::Family;

/// Fills in the ideal time of every cell. It follows from the sequential time of the same run and from how many tasks
/// can wait and compute at once: whoever has most of them to do is the last.
pub(super) fn fill(sheet: &mut Sheet) {
    for workload in &sheet.workloads {
        if workload.class == Class::Creation {
            continue;
        }
        let (waits, tasks) = (BatchWaits::of(workload), workload.tasks.max(1));
        let baseline = |cell: &&SheetCell| {
            cell.workload == workload.name && cell.family == Family::Baseline && cell.ranked && !cell.twin
        };
        let sequential = sheet.cells.iter().find(baseline).and_then(steady_ns);
        // What is left of the sequential time without the waiting is computing.
        let task_computes = match workload.class {
            Class::Io => Some(0.0),
            _ => sequential.map(|total| ((total - waits.total_ns as f64) / tasks as f64).max(0.0)),
        };
        for cell in sheet.cells.iter_mut().filter(|cell| cell.workload == workload.name) {
            let waiting = waits.least_ns(cell.concurrency.max(1));
            let share = tasks.div_ceil(cell.workers.min(sheet.cores).max(1)) as f64;
            cell.ideal_ns = task_computes
                .map(|task| waiting.max((share * task).round() as u64))
                .filter(|&ideal| ideal > 0);
        }
    }
}

/// How many delays are drawn at most, of those that differ: a record can claim any number of tasks.
const MOST_DELAYS: u64 = 1_000_000;

/// What the tasks of a batch wait for.
struct BatchWaits {
    tasks: u64,
    shortest_ns: u64,
    longest_ns: u64,
    total_ns: u64,
}

impl BatchWaits {
    fn of(workload: &WorkloadRecord) -> Self {
        let tasks = workload.tasks;
        match &workload.kernel {
            Some(Kernel::Http(http))
                if http.delay_tail.is_some() && tasks.saturating_mul(http.requests) <= MOST_DELAYS =>
            {
                let waits = (0..tasks).map(|index| http.wait_of_us(index).saturating_mul(1000));
                Self {
                    tasks,
                    shortest_ns: waits.clone().min().unwrap_or(0),
                    longest_ns: waits.clone().max().unwrap_or(0),
                    total_ns: waits.fold(0, u64::saturating_add),
                }
            }
            _ => Self {
                tasks,
                shortest_ns: workload.wait_ns,
                longest_ns: workload.wait_ns,
                total_ns: workload.wait_ns.saturating_mul(tasks),
            },
        }
    }

    /// The least time in which all have waited of which so many can at once: no less than the longest wait, than the
    /// waits of whoever has most tasks, and than an equal share of all waits.
    fn least_ns(&self, at_once: u64) -> u64 {
        let most_tasks = self.tasks.div_ceil(at_once);
        let share = self.total_ns.div_ceil(at_once);
        self.longest_ns.max(most_tasks.saturating_mul(self.shortest_ns)).max(share)
    }
}

/// A batch of a cell in steady state: what its observations say, in the middle.
fn steady_ns(cell: &SheetCell) -> Option<f64> {
    median(&sorted(&Metric::Steady.series(cell)))
}

#[cfg(test)]
mod tests {
    use super::BatchWaits;
    use crate::experiment::rehearsal::Rehearsal;
    use concbench_workloads::Class;

    use crate::record::Record;
    use crate::runner::Work;
    use crate::spec::{Definition, default_definitions};

    const MS: u64 = 1_000_000;

    /// The default matrix on four cores, on which the sequential batch of `mixed` takes 880 ms and every other batch
    /// takes 10 ms.
    fn measured() -> Record {
        let truth = |id: &str, _: &_| if id == "mixed/sequential@1" { 880e6 } else { 10e6 };
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
        assert_eq!(ideal(&record, "count/thread-spawn@96"), Some(10 * MS / 4));
    }

    #[test]
    fn computing_takes_as_long_as_the_longest_share() {
        // 10 tasks of a millisecond on four cores: somebody has three of them.
        let ten = |definition: Definition| definition.tasks(10);
        let definitions = default_definitions().into_iter().filter(|one| one.name == "count").map(ten);
        let record = Rehearsal { cores: 4, ..Rehearsal::new(1) }.run(definitions.collect());
        assert_eq!(ideal(&record, "count/sequential@1"), Some(10 * MS));
        assert_eq!(ideal(&record, "count/rayon@4"), Some(3 * MS));
    }

    #[test]
    fn a_perfect_model_is_at_its_ideal_whatever_the_cores() {
        // Nothing but the tasks takes any time, and the worker that has most of them is the last.
        let perfect = |_: &str, work: &Work| {
            let kernel = work.task_spec.kernel.as_ref().expect("it is one of the default matrix");
            let task_ns = kernel.about_compute_ns() + kernel.wait_ns();
            (work.tasks.div_ceil(work.workers) * task_ns) as f64
        };
        let two = |definition: Definition| definition.models(["sequential", "rayon"]);
        let computes = |definition: &Definition| definition.class == Class::Cpu;
        for cores in [2, 3, 16, 24, 64, 128] {
            let definitions = default_definitions().into_iter().filter(computes).map(two);
            let definitions = definitions.map(|one| Definition { twin: None, scaling: Vec::new(), ..one });
            let record = Rehearsal { cores, truth: perfect, ..Rehearsal::new(1) }.run(definitions.collect());
            for name in ["count", "factorial"] {
                let steady = |id: &str| {
                    let cells = &record.experiments["matrix"].cells;
                    let cell = cells.iter().find(|cell| cell.id == id).expect("it was measured");
                    cell.observations[0].responses["warm_ns"][0].as_u64().expect("a time") as f64
                };
                let (alone, all) = (format!("{name}/sequential@1"), format!("{name}/rayon@{cores}"));
                let bound = ideal(&record, &all).expect("computing has a bound") as f64;
                assert!((steady(&all) / bound - 1.0).abs() < 0.05, "{all}");
                // The sizes leave no core idle: the longest share is what each has.
                assert!(steady(&all) * cores as f64 / steady(&alone) < 1.05, "{all}");
            }
        }
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
    fn waits_that_differ_are_bounded_by_the_longest_and_by_the_share_of_all() {
        let waits = BatchWaits { tasks: 10, shortest_ns: 1, longest_ns: 40, total_ns: 60 };
        assert_eq!([1, 2, 10, 100].map(|at_once| waits.least_ns(at_once)), [60, 40, 40, 40]);
        let alike = BatchWaits { tasks: 10, shortest_ns: 5, longest_ns: 5, total_ns: 50 };
        assert_eq!([1, 3, 10].map(|at_once| alike.least_ns(at_once)), [50, 20, 5]);
    }

    #[test]
    fn a_mixture_is_bounded_by_the_longer_of_both_and_what_does_nothing_by_nothing() {
        let record = measured();
        // 32 tasks wait 20 ms each, one after the other 640 of the 880 ms: 240 ms are computing.
        assert_eq!(ideal(&record, "mixed/sequential@1"), Some(640 * MS));
        assert_eq!(ideal(&record, "mixed/tokio-multi-thread@4"), Some(60 * MS));
        assert_eq!(ideal(&record, "mixed/tokio-current-thread@1"), Some(240 * MS));
        assert_eq!(ideal(&record, "mixed/thread-pool@4"), Some(8 * 20 * MS));
        assert_eq!(ideal(&record, "noop/rayon@4"), None);
    }
}
