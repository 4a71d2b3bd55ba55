//! What is measured beside the matrix: memory, switches, timers.

use std::collections::BTreeMap;

use concbench::model::Family;
use concbench::record::{Observed, RawCell, RawExperiment, Status};
use serde_json::{Value, json};

use super::matrix::{MODELS, ModelSample};
use super::{BLOCKS, CORES, Random};

/// An experiment of these cells, of which nothing follows yet.
pub(super) fn experiment(setup: Value, cells: Vec<RawCell>) -> RawExperiment {
    RawExperiment { setup, calibrations: BTreeMap::new(), cells, findings: Value::Null }
}

/// A cell with what was seen of it, block by block, or how it ended without.
pub(super) fn cell(id: String, factors: Value, seen: Result<Vec<Value>, (Status, &str)>) -> RawCell {
    let (status, reason) = match seen {
        Ok(_) => (Status::Ok, None),
        Err((status, reason)) => (status, Some(reason.to_owned())),
    };
    let observed = |(block, responses): (u32, Value)| Observed {
        block,
        position: block % 6,
        responses,
        usage: None,
        reason: Some("nothing was started".to_owned()),
    };
    let observations = (0..).zip(seen.unwrap_or_default()).map(observed).collect();
    let (stderr_tail, summary) = (None, BTreeMap::new());
    RawCell { id, factors, status, reason, stderr_tail, observations, summary }
}

/// Numbers of waiting tasks: all of them, some until a limit, one that could not be read.
pub(super) fn memory() -> RawExperiment {
    let point = |model: &str, family: Family, tasks: u64, seen: Result<Option<u64>, (Status, &str)>| {
        let responses = |bytes: Option<u64>| {
            vec![json!({
                "gathered_ns": 2_000_000 + 900 * tasks,
                "processes": bytes.map(|_| 1),
                "resident_bytes": bytes,
                "page_table_bytes": bytes.map(|bytes| 90_000 + bytes / 512),
                "reason": bytes.is_none().then_some("no smaps_rollup"),
            })]
        };
        let factors = json!({ "model": model, "family": family, "workers": 1, "tasks": tasks });
        cell(format!("memory/{model}@{tasks}"), factors, seen.map(responses))
    };
    let line = |model: &str, family: Family, base: u64, each: u64, counts: &[u64]| {
        counts
            .iter()
            .map(|&tasks| point(model, family, tasks, Ok(Some(base + each * tasks))))
            .collect::<Vec<_>>()
    };
    let why = "vm.max_map_count is 65530, which allows about 16332 threads and not 30000; raise it with `sudo sysctl vm.max_map_count=120200`";
    let mut cells = line("process-spawn", Family::Processes, 3_000_000, 800_000, &[10, 25, 50, 100, 200]);
    cells.push(point("process-fork", Family::Processes, 10, Ok(None)));
    cells.extend(line("thread-spawn", Family::Threads, 3_100_000, 9_900, &[100, 300, 1_000, 3_000, 10_000]));
    cells.push(point("thread-spawn", Family::Threads, 30_000, Err((Status::Unsupported, why))));
    cells.extend(line("smol", Family::Coroutines, 4_200_000, 410, &[1_000, 10_000, 100_000, 1_000_000]));
    let setup = json!({ "room_bytes": 8_u64 << 30, "room_limit": "MemAvailable", "room_reason": null });
    experiment(setup, cells)
}

/// Switches between the tasks of some pairs: one that failed when it was free.
pub(super) fn switches(random: &mut Random) -> RawExperiment {
    let mut cells = Vec::new();
    for (model, channel, time_ns) in [
        ("generator-stackless", "a future polled by hand", 3.0),
        ("smol", "smol::channel", 130.0),
        ("thread-spawn", "std::sync::mpsc", 1_700.0),
    ] {
        for placement in ["pinned", "free"] {
            let mut made = |_| {
                let elapsed_ns = (20_000.0 * time_ns * random.factor(0.03)) as u64;
                json!({ "rounds": 10_000, "elapsed_ns": elapsed_ns })
            };
            let seen = match (model, placement) {
                ("thread-spawn", "free") => Err((Status::Crashed, "the other side left before the end")),
                _ => Ok((0..BLOCKS).map(&mut made).collect()),
            };
            let factors = json!({ "model": model, "channel": channel, "placement": placement });
            cells.push(cell(format!("switches/{model}@{placement}"), factors, seen));
        }
    }
    experiment(Value::Null, cells)
}

/// Timers of every model that keeps its tasks in one process: those of tokio in steps, the others fine.
pub(super) fn timers() -> RawExperiment {
    let of = |model: &ModelSample| {
        let grain = if model.id.contains("tokio") { 600_000 } else { 55_000 };
        let slept = |asked_ns: u64, count: i64| {
            let late_ns: Vec<i64> = (0..count).map(|step| grain + 37 * step).collect();
            json!({ "asked_ns": asked_ns, "late_ns": late_ns })
        };
        let seen = match model.family {
            Family::Processes => {
                Err((Status::Skipped, "a task in a process of its own sleeps as a thread does"))
            }
            _ => Ok(vec![json!({ "slept": [slept(1_000, 100), slept(10_000_000, 20)] })]),
        };
        let factors = json!({ "model": model.id, "family": model.family, "workers": CORES });
        cell(format!("timers/{}@{CORES}", model.id), factors, seen)
    };
    experiment(Value::Null, MODELS.iter().map(of).collect())
}
