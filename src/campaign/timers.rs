//! How late tasks wake: measured once for each model of a run whose tasks sleep, before its blocks.

use super::console::Console;
use crate::model::{Family, ModelInfo};
use crate::record::{ModelTimer, Slept};
use crate::runner::process::Silence;
use crate::runner::schedule::Outcome;
use crate::runner::supervisor::Supervisor;
use crate::spec::{CellSpec, Spec};

/// Measures the timers that are not known yet; those of the others stay. A signal is left in the outcome.
pub(super) fn measure(
    supervisor: &mut Supervisor,
    spec: &Spec,
    deadline: std::time::Duration,
    outcome: &mut Outcome,
    console: &mut Console,
    timers: &mut Vec<ModelTimer>,
) {
    let cells: Vec<usize> = one_for_each_model(spec)
        .into_iter()
        .filter(|&cell| timers.iter().all(|known| known.model != spec.cells[cell].model.id))
        .collect();
    if !cells.is_empty() {
        console.begin_timers(cells.len());
    }
    for number in cells {
        let cell = &spec.cells[number];
        let failed = outcome.cells[number].failure.as_ref().map(|failure| failure.reason.clone());
        let slept = match failed.or_else(|| known_of(&cell.model)) {
            Some(reason) => Err(reason),
            None => match supervisor.time(spec, number, deadline) {
                Ok(slept) => Ok(slept),
                Err(Silence::Failure(failure)) => Err(failure.reason),
                Err(Silence::Interrupted) => {
                    outcome.interrupted = true;
                    return;
                }
            },
        };
        let timer = timer(cell, slept);
        console.keep_timer(&timer);
        timers.push(timer);
    }
}

/// The first ranked cell of each model in a workload whose tasks sleep.
fn one_for_each_model(spec: &Spec) -> Vec<usize> {
    let sleeps = |cell: &CellSpec| {
        let kernel = spec.workload_of(cell).definition.kernel.as_ref();
        cell.ranked && !cell.twin && kernel.is_some_and(|kernel| kernel.timer_ns() > 0)
    };
    let mut found: Vec<usize> = Vec::new();
    for (number, cell) in spec.cells.iter().enumerate().filter(|(_, cell)| sleeps(cell)) {
        if found.iter().all(|&other| spec.cells[other].model.id != cell.model.id) {
            found.push(number);
        }
    }
    found
}

/// Why the timer of a model is not measured, since it is known.
fn known_of(model: &ModelInfo) -> Option<String> {
    let same = "a task in a process of its own sleeps as a thread does: see thread-spawn";
    (model.family == Family::Processes).then(|| same.to_owned())
}

fn timer(cell: &CellSpec, slept: Result<Vec<Slept>, String>) -> ModelTimer {
    let (slept, reason) = match slept {
        Ok(slept) => (slept, None),
        Err(reason) => (Vec::new(), Some(reason)),
    };
    ModelTimer {
        model: cell.model.id.to_owned(),
        workers: cell.workers,
        slept,
        lateness: Vec::new(),
        resolution_ns: None,
        reason,
    }
}
