//! The cells as a sheet, which the analysis of batches reads: a workload for each language and kernel.

use concbench_workloads::Class;

use super::{Cell, Measured, Observation, Setup};
use crate::batch::analyse::summarise;
use crate::batch::{self, Sheet, SheetCell, WorkloadRecord};
use crate::experiment::Context;
use crate::model::Dispatch;
use crate::record::{CellRecord, Observed, Status};

/// The name of a language's kernel among workloads.
pub(super) fn workload(cell: &Cell) -> String {
    format!("{} {}", cell.runner, cell.kernel)
}

/// The sheet of these cells: within a language every two that run the same kernel can be compared.
pub(super) fn sheet(setup: &Setup, cells: &[CellRecord<Cell, Observation>], context: &Context<'_>) -> Sheet {
    let mut workloads: Vec<WorkloadRecord> = Vec::new();
    for cell in cells {
        let name = workload(&cell.factors);
        if cell.status == Status::Ok && workloads.iter().all(|other| other.name != name) {
            workloads.push(record(setup, &cell.factors, name));
        }
    }
    let mut cells: Vec<SheetCell> = cells.iter().map(of).collect();
    cells.iter_mut().for_each(summarise);
    Sheet {
        cores: context.machine.cores,
        blocks: context.run.blocks,
        margin: context.run.margin,
        workloads,
        cells,
        noise: context.blocks.to_vec(),
        ..Sheet::default()
    }
}

fn record(setup: &Setup, cell: &Cell, name: String) -> WorkloadRecord {
    let kernel =
        setup.kernels.iter().find(|kernel| kernel.name == cell.kernel).map(|found| found.kernel.clone());
    WorkloadRecord {
        name,
        class: kernel.as_ref().map_or(Class::Mixed, |kernel| kernel.class()),
        teaches: String::new(),
        why_this_size: String::new(),
        tasks: cell.tasks,
        wait_ns: 0,
        timer_ns: 0,
        kernel,
        hash: String::new(),
    }
}

fn of(cell: &CellRecord<Cell, Observation>) -> SheetCell {
    let factors = &cell.factors;
    SheetCell {
        id: cell.id.clone(),
        workload: workload(factors),
        model: factors.id_there().to_owned(),
        family: factors.family,
        dispatch: Dispatch::Single,
        workers: factors.workers,
        workers_rule: factors.workers_rule.clone(),
        concurrency: factors.workers,
        twin: false,
        ranked: true,
        tasks: factors.tasks,
        status: cell.status,
        reason: cell.reason.clone(),
        stderr_tail: cell.stderr_tail.clone(),
        ideal_ns: None,
        criterion_median_ns: None,
        observations: cell.observations.iter().filter_map(observation).collect(),
        summary: None,
    }
}

/// What was measured, in an observation.
pub(super) fn measured(observed: &Observed<Observation>) -> Option<&Measured> {
    match &observed.responses {
        Observation::Measured(measured) => Some(measured),
        Observation::Described(_) => None,
    }
}

fn observation(observed: &Observed<Observation>) -> Option<batch::Observation> {
    let seen = measured(observed)?;
    Some(batch::Observation {
        block: observed.block,
        position: observed.position,
        startup_ns: seen.startup_ns,
        cold_ns: seen.cold_ns,
        warm_ns: seen.warm_ns.clone(),
        warm_each: seen.warm_each,
        shutdown_ns: seen.shutdown_ns,
        wall_ns: seen.one_off_ns(),
        peak_rss_bytes: seen.resident_bytes,
        peak_rss_reason: seen.memory_reason.clone(),
        tasks: seen.tasks,
        digest: seen.digest.clone(),
        ..batch::Observation::default()
    })
}
