//! Sweeps beside the matrix: sizes of tasks, loads, and which worker ran which task.

use std::collections::BTreeMap;

use concbench::batch::{Observation, SheetCell, WorkloadRecord};
use concbench::model::Family;
use concbench::record::{Histogram, RawCell, RawExperiment, Status};
use concbench_workloads::{Count, Kernel};
use serde_json::{Value, json};

use super::matrix::{MODELS, ModelSample, cell as batch_cell, compute_ns, default_workers};
use super::observations::observe;
use super::sections::{cell, experiment};
use super::sheet::observed;
use super::{BLOCKS, CORES, Random};

/// Tasks from 1 us to 10 ms, under every model that can carry them.
pub(super) fn granularity(random: &mut Random, slower: &impl Fn(&str, &str) -> f64) -> RawExperiment {
    const SIZES: [(&str, u64); 7] = [
        ("1us", 1_000),
        ("4us", 4_000),
        ("16us", 16_000),
        ("64us", 64_000),
        ("256us", 256_000),
        ("1ms", 1_000_000),
        ("10ms", 10_000_000),
    ];
    let work = |&(size, task_ns): &(&str, u64)| {
        let kernel = Kernel::Count(Count { n: (task_ns as f64 / 0.275) as u64 });
        WorkloadRecord {
            name: size.into(),
            class: kernel.class(),
            teaches: String::new(),
            why_this_size: String::new(),
            // As many as the program takes: 30 ms for each core.
            tasks: (30_000_000 / task_ns).max(3) * CORES,
            wait_ns: 0,
            timer_ns: 0,
            kernel: Some(kernel),
            hash: String::new(),
        }
    };
    let works: Vec<WorkloadRecord> = SIZES.iter().map(work).collect();
    let carries = |work: &WorkloadRecord, model: &ModelSample| compute_ns(work) * 60.0 > model.task_ns;
    let mut cells: Vec<SheetCell> = Vec::new();
    for work in &works {
        for model in MODELS.iter().filter(|model| carries(work, model)) {
            let workers = default_workers(work, model);
            cells.push(batch_cell(work, model, workers, true, false));
            if model.id == "tokio-multi-thread" {
                cells.push(batch_cell(work, model, workers, true, true));
            }
        }
    }
    observe(&mut cells, &works, random, slower);
    let raw = |made: &SheetCell| {
        let (_, task_ns) = SIZES.iter().find(|(size, _)| *size == made.workload).expect("one of the sizes");
        let factors = json!({
            "size": made.workload, "task_ns": task_ns, "model": made.model, "family": made.family,
            "workers": made.workers, "twin": made.twin,
        });
        RawCell {
            id: format!("granularity/{}", made.id),
            factors,
            status: Status::Ok,
            reason: None,
            stderr_tail: None,
            observations: made.observations.iter().map(observed).collect(),
            summary: BTreeMap::new(),
        }
    };
    // Four tasks that count to a million.
    let step =
        Observation { cold_ns: 1_100_000, warm_ns: vec![1_100_000; 5], tasks: 4, ..Observation::default() };
    let calibrations = BTreeMap::from([("step".to_owned(), observed(&step).responses)]);
    RawExperiment { calibrations, ..experiment(Value::Null, cells.iter().map(raw).collect()) }
}

/// The loads of the cells that ask a server: queues grow with the load, and a stall of the server shows in one model.
pub(super) fn latency(random: &mut Random, cells: &[SheetCell]) -> RawExperiment {
    const SHARES: [(&str, f64); 5] =
        [("25%", 0.25), ("50%", 0.5), ("75%", 0.75), ("95%", 0.95), ("poisson-50%", 0.5)];
    const RATE: f64 = 20.0;
    let mut calibrations = BTreeMap::new();
    let mut loads = Vec::new();
    for asks in cells.iter().filter(|cell| cell.workload == "http" && cell.ranked && !cell.twin) {
        let sustained = asks.concurrency as f64 * 90.0;
        let refused = asks.model == "process-spawn";
        let mut load = |rate: Option<f64>, tasks: u64, capacity: Option<Value>| {
            let busy = rate.map_or(0.0, |rate| rate / sustained).min(0.98);
            let mut one = |task: u64| {
                let stalled = asks.model == "thread-pool" && rate.is_some() && task % 400 < 20;
                let waits = if stalled { 200e6 } else { 3e6 * busy / (1.0 - busy) };
                (16e6 * random.factor(0.05) + waits * random.unit()) as u64
            };
            let latency: Histogram = (0..tasks).map(&mut one).collect();
            json!({
                "rate_per_s": rate,
                "tasks": tasks,
                "elapsed_ns": (tasks as f64 * 1e9 / rate.unwrap_or(sustained)) as u64,
                "done_per_s": rate.unwrap_or(sustained),
                "late": 0,
                "late_p99_ns": rate.map(|_| 80_000),
                "queued": (tasks as f64 * busy * busy) as u64,
                "cpu_ns": tasks * 90_000,
                "target_busy": 0.4 * busy,
                "idle_cpu": capacity.as_ref().map(|_| 0.002),
                "capacity": capacity,
                "latency": latency,
            })
        };
        let prefix = format!("latency/{}", asks.id);
        if !refused {
            let probes = json!([
                { "rate_per_s": sustained, "done_per_s": sustained },
                { "rate_per_s": 2.0 * sustained, "done_per_s": sustained },
            ]);
            let capacity = json!({ "sustained_per_s": sustained, "reason": null, "probes": probes });
            calibrations.insert(format!("{prefix}/capacity"), load(Some(sustained), 200, Some(capacity)));
        }
        let shares = SHARES.iter().map(|&(name, share)| (name, Some(share), None));
        let fixed = [("closed", None, None), ("20/s", None, Some(RATE))];
        for (name, share, rate) in fixed.into_iter().chain(shares) {
            let at = share.map(|share| share * sustained).or(rate);
            let seen = match refused {
                true => Err((Status::Skipped, "it was not to be seen under load")),
                false => Ok((0..3).map(|_| load(at, 400, None)).collect()),
            };
            let factors = json!({
                "workload": asks.workload, "model": asks.model, "family": asks.family, "workers": asks.workers,
                "load": name, "share": share, "rate_per_s": rate,
            });
            loads.push(cell(format!("{prefix}/{name}"), factors, seen));
        }
    }
    assert!(BLOCKS >= 3 && !loads.is_empty());
    RawExperiment { calibrations, ..experiment(Value::Null, loads) }
}

/// A batch of `factorial` on four workers, and the same on one.
pub(super) fn timelines() -> RawExperiment {
    let batch = |model: &str, family: Family, workers: u64| {
        let span = |task: u64| {
            let start_ns = task / workers * 5_350_000 + task % workers * 40_000;
            json!({ "task": task, "lane": task % workers, "start_ns": start_ns, "end_ns": start_ns + 5_300_000 })
        };
        let spans: Vec<Value> = (0..12).map(span).collect();
        let last = spans.iter().filter_map(|span| span["end_ns"].as_u64()).max().unwrap_or(0);
        let lanes: Vec<String> = (0..workers).map(|worker| format!("worker {worker}")).collect();
        let seen = json!({ "batch_ns": last + 50_000, "lanes": lanes, "spans": spans });
        let factors =
            json!({ "workload": "factorial", "model": model, "family": family, "workers": workers });
        cell(format!("timelines/factorial/{model}@{workers}"), factors, Ok(vec![seen]))
    };
    let cells =
        vec![batch("rayon", Family::Pools, CORES), batch("tokio-current-thread", Family::Coroutines, 1)];
    experiment(Value::Null, cells)
}
