//! The matrix between a record and the sheet that analyses work on.

use std::collections::BTreeMap;

use concbench::batch::analyse::summarise;
use concbench::batch::{Observation, Sheet, SheetCell, WorkloadRecord};
use concbench::model::{Dispatch, Family};
use concbench::record::{Observed, RawCell, RawExperiment, Record, Usage};
use concbench::results;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The levels of a cell of the matrix, as a record has them.
#[derive(Serialize, Deserialize)]
struct Factors {
    workload: String,
    model: String,
    family: Family,
    dispatch: Dispatch,
    workers: u64,
    workers_rule: String,
    concurrency: u64,
    twin: bool,
    ranked: bool,
    tasks: u64,
}

fn is_single(each: &u64) -> bool {
    *each <= 1
}

/// The responses of an observation, likewise.
#[derive(Serialize, Deserialize)]
struct Responses {
    startup_ns: u64,
    cold_ns: u64,
    warm_ns: Vec<u64>,
    #[serde(default, skip_serializing_if = "is_single")]
    warm_each: u64,
    warm_cpu_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warm_cpu_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_cpu_ns: Option<u64>,
    probe_ns: u64,
    shutdown_ns: u64,
    wall_ns: u64,
    peak_rss_bytes: Option<u64>,
    tasks: u64,
    digest: String,
}

/// The matrix of these workloads and cells, of which nothing follows yet.
pub fn experiment(workloads: &[WorkloadRecord], cells: &[SheetCell]) -> RawExperiment {
    RawExperiment {
        setup: json!({ "workloads": workloads, "criterion_median_ns": null }),
        calibrations: BTreeMap::new(),
        cells: cells.iter().map(raw).collect(),
        findings: Value::Null,
    }
}

fn raw(cell: &SheetCell) -> RawCell {
    let SheetCell { concurrency, twin, ranked, tasks, .. } = *cell;
    let factors = Factors {
        workload: cell.workload.clone(),
        model: cell.model.clone(),
        family: cell.family,
        dispatch: cell.dispatch,
        workers: cell.workers,
        workers_rule: cell.workers_rule.clone(),
        concurrency,
        twin,
        ranked,
        tasks,
    };
    RawCell {
        id: cell.id.clone(),
        factors: json!(factors),
        status: cell.status,
        reason: cell.reason.clone(),
        stderr_tail: cell.stderr_tail.clone(),
        observations: cell.observations.iter().map(observed).collect(),
        summary: BTreeMap::new(),
    }
}

/// An observation of batches, as a record has it.
pub fn observed(made: &Observation) -> Observed<Value> {
    let usage = || {
        Some(Usage {
            user_ns: made.user_ns?,
            system_ns: made.system_ns?,
            voluntary_switches: made.voluntary_switches?,
            involuntary_switches: made.involuntary_switches?,
        })
    };
    let responses = Responses {
        startup_ns: made.startup_ns,
        cold_ns: made.cold_ns,
        warm_ns: made.warm_ns.clone(),
        warm_each: made.warm_each,
        warm_cpu_ns: made.warm_cpu_ns,
        warm_cpu_reason: made.warm_cpu_reason.clone(),
        target_cpu_ns: made.target_cpu_ns,
        probe_ns: made.probe_ns,
        shutdown_ns: made.shutdown_ns,
        wall_ns: made.wall_ns,
        peak_rss_bytes: made.peak_rss_bytes,
        tasks: made.tasks,
        digest: made.digest.clone(),
    };
    Observed {
        block: made.block,
        position: made.position,
        responses: json!(responses),
        usage: usage(),
        reason: made.usage_reason.clone(),
    }
}

/// The matrix of a record, with what it has found.
pub fn sheet(record: &Record) -> Sheet {
    let matrix = &record.experiments["matrix"];
    let part = |value: &Value| value.clone();
    let mut cells: Vec<SheetCell> = matrix.cells.iter().map(typed).collect();
    for cell in &mut cells {
        cell.ideal_ns = matrix.findings["ideal_ns"][&cell.id].as_u64();
        cell.criterion_median_ns = matrix.setup["criterion_median_ns"][&cell.id].as_f64();
        summarise(cell);
    }
    Sheet {
        cores: record.machine.cores,
        blocks: record.run.blocks,
        margin: record.run.margin,
        workloads: serde_json::from_value(part(&matrix.setup["workloads"])).expect("workloads"),
        cells,
        timers: Vec::new(),
        noise: record.noise.blocks.clone(),
        comparisons: serde_json::from_value(part(&matrix.findings["comparisons"])).expect("comparisons"),
        verdicts: serde_json::from_value(part(&matrix.findings["verdicts"])).expect("verdicts"),
        task_costs: serde_json::from_value(part(&matrix.findings["task_costs"])).expect("task_costs"),
        rankings: serde_json::from_value(part(&matrix.findings["rankings"])).expect("rankings"),
    }
}

fn typed(cell: &RawCell) -> SheetCell {
    let factors: Factors = serde_json::from_value(cell.factors.clone()).expect("factors of the matrix");
    SheetCell {
        id: cell.id.clone(),
        workload: factors.workload,
        model: factors.model,
        family: factors.family,
        dispatch: factors.dispatch,
        workers: factors.workers,
        workers_rule: factors.workers_rule,
        concurrency: factors.concurrency,
        twin: factors.twin,
        ranked: factors.ranked,
        tasks: factors.tasks,
        status: cell.status,
        reason: cell.reason.clone(),
        stderr_tail: cell.stderr_tail.clone(),
        ideal_ns: None,
        criterion_median_ns: None,
        observations: cell.observations.iter().map(observation).collect(),
        summary: None,
    }
}

fn observation(made: &Observed<Value>) -> Observation {
    let seen: Responses = serde_json::from_value(made.responses.clone()).expect("responses of the matrix");
    Observation {
        block: made.block,
        position: made.position,
        startup_ns: seen.startup_ns,
        cold_ns: seen.cold_ns,
        warm_ns: seen.warm_ns,
        warm_each: seen.warm_each,
        warm_cpu_ns: seen.warm_cpu_ns,
        warm_cpu_reason: seen.warm_cpu_reason,
        target_cpu_ns: seen.target_cpu_ns,
        probe_ns: seen.probe_ns,
        shutdown_ns: seen.shutdown_ns,
        wall_ns: seen.wall_ns,
        user_ns: made.usage.map(|usage| usage.user_ns),
        system_ns: made.usage.map(|usage| usage.system_ns),
        voluntary_switches: made.usage.map(|usage| usage.voluntary_switches),
        involuntary_switches: made.usage.map(|usage| usage.involuntary_switches),
        peak_rss_bytes: seen.peak_rss_bytes,
        usage_reason: made.reason.clone(),
        peak_rss_reason: None,
        tasks: seen.tasks,
        digest: seen.digest,
    }
}

/// Changes the workloads or the cells of a record's matrix, and analyses it again.
pub fn change(record: &mut Record, change: impl FnOnce(&mut Sheet)) {
    let mut changed = sheet(record);
    change(&mut changed);
    record.experiments.insert("matrix".to_owned(), experiment(&changed.workloads, &changed.cells));
    results::complete(record).expect("it is still a record");
}
