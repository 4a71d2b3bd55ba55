//! From what was measured to the record.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::memory::Sweep;
use super::switches::Games;
use super::{Options, granularity, ideal};
use crate::machine;
use crate::record::{
    CellRecord, Grade, Latency, Machine, ModelTimer, Noise, Run, RunInfo, SCHEMA, Status, Timeline, Tool,
    Warning, WorkloadRecord,
};
use crate::runner::schedule::{Outcome, Progress};
use crate::spec::{CellSpec, Spec};
use crate::time::nanoseconds;

/// Criterion's median for a cell, in nanoseconds a batch, by the cell's id.
pub(crate) type CriterionMedians = HashMap<String, f64>;

/// What is known before anything is measured.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) machine: Machine,
    pub(super) warnings: Vec<Warning>,
    pub(super) started: Timestamp,
}

impl Facts {
    pub(super) fn gather() -> Self {
        let facts = machine::facts();
        let warnings = machine::preflight_warnings(&facts);
        Self { machine: facts, warnings, started: Timestamp::now() }
    }

    /// The time of the start, RFC 3339 in UTC.
    pub(super) fn started_utc(&self) -> String {
        self.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The time of the start, as it stands in the name of the run's folder.
    pub(super) fn folder_time(&self) -> String {
        self.started.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
}

/// A run that has been measured and not yet been written down.
pub(super) struct Measured<'a> {
    pub(super) spec: &'a Spec,
    pub(super) options: &'a Options,
    pub(super) outcome: Outcome,
    pub(super) timers: Vec<ModelTimer>,
    pub(super) latency: Option<Latency>,
    pub(super) waiting: Sweep,
    pub(super) switching: Games,
    pub(super) id: String,
    pub(super) elapsed: Duration,
    pub(super) timelines: Vec<Timeline>,
}

pub(super) fn assemble(measured: Measured<'_>, facts: Facts, criterion: &CriterionMedians) -> Run {
    let Measured { spec, options, outcome, timers, latency, waiting, switching, id, elapsed, timelines } =
        measured;
    let cells: Vec<CellRecord> = spec
        .cells
        .iter()
        .zip(outcome.cells)
        .map(|(cell, progress)| cell_record(spec, cell, progress, options.blocks, criterion))
        .collect();
    let mut run = Run {
        schema: SCHEMA,
        tool: tool(),
        run: RunInfo {
            id,
            label: options.label.clone(),
            started_utc: facts.started_utc(),
            elapsed_ns: nanoseconds(elapsed),
            seed: options.seed,
            blocks: options.blocks,
            mode: options.mode,
            indicative: u64::from(options.blocks) < crate::analyse::FEWEST_PAIRS,
            complete: !outcome.interrupted,
            track: options.track,
            filter: options.filter.clone(),
            command: options.command.clone(),
            notes: outcome.notes,
        },
        machine: facts.machine,
        noise: Noise { grade: Grade::Unknown, warnings: facts.warnings, blocks: outcome.blocks },
        workloads: spec.workloads.iter().map(workload_record).collect(),
        cells,
        comparisons: Vec::new(),
        verdicts: Vec::new(),
        granularity: None,
        latency,
        timers,
        memory: waiting.into_record(),
        switches: switching.into_record(),
        timelines,
    };
    ideal::fill(&mut run);
    run.granularity = granularity::section(spec, &mut run);
    crate::analyse::complete(&mut run);
    let floors: Vec<f64> = run.verdicts.iter().filter_map(|verdict| verdict.noise_floor).collect();
    run.noise.grade = machine::grade(&floors, &run.noise.blocks, &run.noise.warnings);
    run
}

fn workload_record(workload: &crate::spec::WorkloadSpec) -> WorkloadRecord {
    let definition = &workload.definition;
    WorkloadRecord {
        name: definition.name.clone(),
        class: definition.class,
        teaches: definition.teaches.clone(),
        why_this_size: definition.why_this_size.clone(),
        tasks: definition.tasks,
        kernel: definition.kernel.clone(),
        wait_ns: workload.wait_ns(),
        hash: workload.hash.clone(),
    }
}

fn cell_record(
    spec: &Spec,
    cell: &CellSpec,
    progress: Progress,
    blocks: u32,
    criterion: &CriterionMedians,
) -> CellRecord {
    let definition = &spec.workload_of(cell).definition;
    let (status, reason, stderr_tail) = match progress.failure {
        Some(failure) => (failure.status, Some(failure.reason), failure.stderr_tail),
        None if progress.observations.is_empty() => {
            (Status::Skipped, Some("the run ended before it was measured".to_owned()), None)
        }
        None => (Status::Ok, None, None),
    };
    let made = progress.observations.len();
    let reason = match status {
        Status::Ok if made < blocks as usize => {
            Some(format!("the run ended after {made} of {blocks} blocks"))
        }
        _ => reason,
    };
    CellRecord {
        id: cell.id.clone(),
        workload: definition.name.clone(),
        model: cell.model.id.to_owned(),
        family: cell.model.family,
        workers: cell.workers,
        workers_rule: cell.workers_rule.clone(),
        concurrency: cell.concurrency,
        twin: cell.twin,
        ranked: cell.ranked,
        tasks: definition.tasks,
        status,
        reason,
        stderr_tail,
        ideal_ns: None,
        criterion_median_ns: criterion.get(&cell.id).copied(),
        observations: progress.observations,
        summary: None,
    }
}

/// This build.
pub(super) fn tool() -> Tool {
    let commit = env!("CONCBENCH_COMMIT");
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: (!commit.is_empty()).then(|| commit.to_owned()),
        rustc: env!("CONCBENCH_RUSTC").to_owned(),
        target: env!("CONCBENCH_TARGET").to_owned(),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        allocator: "the system's (std::alloc::System)".to_owned(),
    }
}
