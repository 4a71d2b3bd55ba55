//! What is measured beside the matrix: memory, switches, latency, timers.

use std::collections::BTreeMap;

use concbench::model::Family;
use concbench::record::{
    CellRecord, Histogram, Latency, LatencyCell, LoadObservation, LoadRecord, Memory, ModelMemory,
    ModelTimer, Placement, Slept, Status, SwitchObservation, SwitchPair, Switches, WaitingPoint,
};

use super::matrix::{MODELS, ModelSample};
use super::{BLOCKS, CORES, Random};

/// A sweep over waiting tasks: one to its end, one that a limit ended, one that could not be read.
pub(super) fn memory() -> Memory {
    let point = |tasks: u64, bytes: Option<u64>, status, reason: Option<&str>| WaitingPoint {
        tasks,
        status,
        reason: reason.map(str::to_owned),
        stderr_tail: None,
        gathered_ns: (status == Status::Ok).then_some(2_000_000 + 900 * tasks),
        processes: bytes.map(|_| 1),
        resident_bytes: bytes,
        page_table_bytes: bytes.map(|bytes| 90_000 + bytes / 512),
        missing: match (status, bytes) {
            (Status::Ok, None) => [("resident_bytes".to_owned(), "no smaps_rollup".to_owned())].into(),
            _ => BTreeMap::new(),
        },
    };
    let model = |id: &str, family, points| ModelMemory {
        model: id.into(),
        family,
        workers: 1,
        points,
        per_task: None,
        refusal: None,
    };
    let line = |base: u64, each: u64, counts: &[u64]| {
        let ok = |&tasks: &u64| point(tasks, Some(base + each * tasks), Status::Ok, None);
        counts.iter().map(ok).collect::<Vec<_>>()
    };
    let why = "vm.max_map_count is 65530, which allows about 16332 threads and not 30000; raise it with `sudo sysctl vm.max_map_count=120200`";
    let mut threads = line(3_100_000, 9_900, &[100, 300, 1_000, 3_000, 10_000]);
    threads.push(point(30_000, None, Status::Unsupported, Some(why)));
    Memory {
        models: vec![
            model("process-spawn", Family::Processes, line(3_000_000, 800_000, &[10, 25, 50, 100, 200])),
            model("process-fork", Family::Processes, vec![point(10, None, Status::Ok, None)]),
            model("thread-spawn", Family::Threads, threads),
            model("smol", Family::Coroutines, line(4_200_000, 410, &[1_000, 10_000, 100_000, 1_000_000])),
        ],
    }
}

/// Games of some pairs: one that failed when it was free.
pub(super) fn switches(random: &mut Random) -> Switches {
    let mut pairs = Vec::new();
    for (model, channel, time_ns) in [
        ("generator-stackless", "a future polled by hand", 3.0),
        ("smol", "smol::channel", 130.0),
        ("thread-spawn", "std::sync::mpsc", 1_700.0),
    ] {
        for placement in [Placement::Pinned, Placement::Free] {
            let fails = model == "thread-spawn" && placement == Placement::Free;
            let game = |block: u32| SwitchObservation {
                block,
                position: block % 6,
                rounds: 10_000,
                elapsed_ns: (20_000.0 * time_ns * random.factor(0.03)) as u64,
                digest: "00000000000000aa".into(),
            };
            pairs.push(SwitchPair {
                id: format!("switch/{model}@{placement}"),
                model: model.into(),
                channel: channel.into(),
                placement,
                status: if fails { Status::Crashed } else { Status::Ok },
                reason: fails.then(|| "the other side left before the game was over".into()),
                stderr_tail: None,
                observations: if fails { Vec::new() } else { (0..BLOCKS).map(game).collect() },
                per_switch: None,
            });
        }
    }
    Switches { pairs }
}

/// The loads of the cells that ask a server: queues grow with the load, and a stall of the server shows in one model.
pub(super) fn latency(random: &mut Random, cells: &[CellRecord]) -> Latency {
    let of = |cell: &CellRecord| {
        let capacity = cell.concurrency as f64 * 90.0;
        let mut load = |share: Option<f64>| {
            let mut observation = |round| {
                let busy = share.unwrap_or(0.0).min(0.98);
                let mut one = |task: u64| {
                    let stalled = cell.model == "thread-pool" && share.is_some() && task % 400 < 20;
                    let waits = if stalled { 200e6 } else { 3e6 * busy / (1.0 - busy) };
                    (16e6 * random.factor(0.05) + waits * random.unit()) as u64
                };
                let latency: Histogram = (0..400).map(&mut one).collect();
                LoadObservation {
                    round,
                    tasks: 400,
                    elapsed_ns: (400e9 / (capacity * share.unwrap_or(0.97).min(1.0))) as u64,
                    queued: (400.0 * busy * busy) as u64,
                    late: 0,
                    target_busy: Some(0.4 * busy),
                    latency,
                }
            };
            LoadRecord {
                share,
                rate_per_s: share.map(|share| share * capacity),
                observations: (0..3).map(&mut observation).collect(),
                summary: None,
            }
        };
        let (mut closed, open) =
            (load(None), [0.2, 0.5, 0.75, 0.9, 1.2].map(|share| load(Some(share))).into());
        let refused = cell.family == Family::Processes;
        if refused {
            closed.observations.clear();
        }
        LatencyCell {
            cell: cell.id.clone(),
            workload: cell.workload.clone(),
            model: cell.model.clone(),
            workers: cell.workers,
            status: if refused { Status::Unsupported } else { Status::Ok },
            reason: refused.then(|| "a process for each task would have to be there before".into()),
            capacity_per_s: (!refused).then_some(capacity),
            closed,
            open: if refused { Vec::new() } else { open },
            knee: None,
            refusal: None,
        }
    };
    let asks = |cell: &&CellRecord| cell.workload == "http" && cell.ranked && !cell.twin;
    Latency { rounds: 3, cells: cells.iter().filter(asks).map(of).collect() }
}

/// Timers of every model that keeps its tasks in one process: those of tokio in steps, the others fine.
pub(super) fn timers() -> Vec<ModelTimer> {
    let of = |model: &ModelSample| {
        let grain = if model.id.contains("tokio") { 600_000 } else { 55_000 };
        let known = model.family != Family::Processes;
        let slept = |asked_ns: u64, count: i64| Slept {
            asked_ns,
            late_ns: (0..count).map(|step| grain + 37 * step).collect(),
        };
        ModelTimer {
            model: model.id.into(),
            workers: CORES,
            slept: if known { vec![slept(1_000, 100), slept(10_000_000, 20)] } else { Vec::new() },
            lateness: Vec::new(),
            resolution_ns: None,
            reason: (!known).then(|| "a task in a process of its own sleeps as a thread does".into()),
        }
    };
    MODELS.iter().map(of).collect()
}
