//! What is measured: workloads, models, and the cells that they make.

use concbench::batch::{SheetCell, WorkloadRecord};
use concbench::model::{Dispatch, Family};
use concbench::record::Status;
use concbench_workloads::{Count, Factorial, Http, Kernel, Mixed, Noop, Sleep};

use super::CORES;

/// A model of the sample: what a task costs under it.
pub(super) struct ModelSample {
    pub(super) id: &'static str,
    pub(super) family: Family,
    /// Creating and collecting one task, in nanoseconds.
    pub(super) task_ns: f64,
    pub(super) startup_ns: f64,
    pub(super) rss: f64,
    /// How many tasks wait at once: `None` means as many as there are.
    pub(super) waits: Option<u64>,
    pub(super) parallel: bool,
}

pub(super) const MODELS: [ModelSample; 15] = [
    model("sequential", Family::Baseline, 0.4, 800.0, 3.1, Some(1), false),
    model("process-spawn", Family::Processes, 1_100_000.0, 1_200.0, 3.3, None, true),
    model("process-fork", Family::Processes, 160_000.0, 900.0, 3.2, None, true),
    model("process-pool", Family::Pools, 9_000.0, 1_400_000.0, 3.6, Some(CORES), true),
    model("process-pool-shm", Family::Pools, 90.0, 1_500_000.0, 4.1, Some(CORES), true),
    model("thread-spawn", Family::Threads, 38_000.0, 700.0, 3.9, None, true),
    model("thread-pool", Family::Pools, 420.0, 160_000.0, 3.5, Some(CORES), true),
    model("rayon", Family::Pools, 130.0, 210_000.0, 3.7, Some(CORES), true),
    model("tokio-current-thread", Family::Coroutines, 210.0, 60_000.0, 4.0, None, false),
    model("tokio-multi-thread", Family::Coroutines, 480.0, 240_000.0, 4.6, None, true),
    model("async-std", Family::Coroutines, 390.0, 310_000.0, 4.8, None, true),
    model("smol", Family::Coroutines, 260.0, 200_000.0, 4.2, None, true),
    model("join-all", Family::Coroutines, 60.0, 50_000.0, 3.9, None, false),
    model("tokio-blocking", Family::Hybrids, 5_200.0, 260_000.0, 6.9, None, true),
    model("process-async", Family::Hybrids, 9_800.0, 2_100_000.0, 4.9, None, true),
];

const fn model(
    id: &'static str,
    family: Family,
    task_ns: f64,
    startup_ns: f64,
    rss: f64,
    waits: Option<u64>,
    parallel: bool,
) -> ModelSample {
    ModelSample { id, family, task_ns, startup_ns, rss, waits, parallel }
}

pub(super) fn workloads() -> Vec<WorkloadRecord> {
    let work = |name: &str, tasks, kernel: Kernel, teaches: &str, why: &str| WorkloadRecord {
        name: name.into(),
        class: kernel.class(),
        teaches: teaches.into(),
        why_this_size: why.into(),
        tasks,
        wait_ns: kernel.wait_ns(),
        timer_ns: kernel.timer_ns(),
        kernel: Some(kernel),
        hash: format!("{name}-hash"),
    };
    vec![
        work(
            "noop",
            1000,
            Kernel::Noop(Noop {}),
            "What it costs to create a task and collect it.",
            "Enough tasks to see the cost of one.",
        ),
        work(
            "factorial",
            12,
            Kernel::Factorial(Factorial { n: 8_000 }),
            "Threads compute in parallel here, unlike under a global lock.",
            "Long enough that the cost of a task does not show.",
        ),
        work(
            "count",
            64,
            Kernel::Count(Count { n: 200_000 }),
            "The same without an allocator between the tasks.",
            "Short enough that the cost of a task begins to show.",
        ),
        work(
            "sleep",
            100,
            Kernel::Sleep(Sleep { wait_us: 10_000 }),
            "Waiting needs no core.",
            "Ten times the resolution of the slowest timer.",
        ),
        work(
            "http",
            100,
            Kernel::Http(Http {
                requests: 3,
                delay_us: 5_000,
                body_bytes: 2_048,
                target: None,
                path: None,
                delay_tail: None,
            }),
            "Sockets instead of timers.",
            "As many clients as a small service has.",
        ),
        work(
            "mixed",
            48,
            Kernel::Mixed(Mixed { n: 50_000, wait_us: 8_000 }),
            "Compute, wait, compute: what services do.",
            "Half of the time is waiting.",
        ),
    ]
}

pub(super) fn compute_ns(work: &WorkloadRecord) -> f64 {
    match &work.kernel {
        Some(Kernel::Factorial(_)) => 5_300_000.0,
        Some(Kernel::Count(count)) => count.n as f64 * 0.275,
        Some(Kernel::Http(_)) => 45_000.0,
        Some(Kernel::Mixed(_)) => 4_000_000.0,
        _ => 0.3,
    }
}

pub(super) fn default_workers(work: &WorkloadRecord, model: &ModelSample) -> u64 {
    match model.family {
        Family::Baseline => 1,
        Family::Processes | Family::Threads => work.tasks,
        _ if !model.parallel => 1,
        _ => CORES,
    }
}

pub(super) fn cell(
    work: &WorkloadRecord,
    model: &ModelSample,
    workers: u64,
    ranked: bool,
    twin: bool,
) -> SheetCell {
    SheetCell {
        id: format!("{}/{}@{workers}{}", work.name, model.id, if twin { "+twin" } else { "" }),
        workload: work.name.clone(),
        model: model.id.into(),
        family: model.family,
        dispatch: match model.id {
            "process-pool-shm" | "process-async" => Dispatch::Chunked,
            _ => Dispatch::Single,
        },
        workers,
        workers_rule: if workers == CORES { "cores".into() } else { workers.to_string() },
        concurrency: model.waits.map_or(work.tasks, |_| workers),
        twin,
        ranked,
        tasks: work.tasks,
        status: Status::Ok,
        reason: None,
        stderr_tail: None,
        ideal_ns: None,
        criterion_median_ns: None,
        observations: Vec::new(),
        summary: None,
    }
}

pub(super) fn break_some(cells: &mut [SheetCell]) {
    let faults = [
        (
            "noop",
            "process-spawn",
            Status::Unsupported,
            "1000 processes at once need 1000 of the limit nproc, which allows 512",
            None,
        ),
        (
            "http",
            "process-fork",
            Status::Failed,
            "task 17: connection reset by the target after 2 of 3 requests",
            Some("concbench: task 17 failed\nconnection reset by peer (os error 104)"),
        ),
        (
            "mixed",
            "async-std",
            Status::TimedOut,
            "no answer within 30 s; the last batch had completed 31 of 48 tasks",
            None,
        ),
        (
            "sleep",
            "process-async",
            Status::Crashed,
            "its runner was killed by signal 9 (SIGKILL)",
            Some("worker 3: starting event loop"),
        ),
    ];
    for (workload, model, status, reason, tail) in faults {
        for cell in cells.iter_mut().filter(|cell| cell.workload == workload && cell.model == model) {
            cell.status = status;
            cell.reason = Some(reason.into());
            cell.stderr_tail = tail.map(str::to_owned);
        }
    }
}
