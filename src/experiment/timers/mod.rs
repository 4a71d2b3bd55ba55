//! Timers: how late tasks wake that asked their model to wake them.

mod observe;
mod section;

use std::collections::HashSet;
use std::time::Duration;

use concbench_models::instrument::Timer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ask, Block, Context, Experiment, Facts, MeasuredOf, RecordOf, Scope, Seen, View};
use crate::batch::{ModelTimer, Slept};
use crate::model::{Family, ModelInfo};
use crate::models::TaskSpec;
use crate::record::{CellRecord, Factors, Failure, Response, Responses, Status};
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk, Work};
use crate::spec::CellSpec;

/// About how long an observation takes.
const OBSERVATION: Duration = Duration::from_millis(120);

/// How late tasks wake.
#[derive(Debug)]
pub(crate) struct Timers;

/// The timer of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cell {
    /// The model's id.
    pub(crate) model: String,
    /// Its family.
    pub(crate) family: Family,
    /// How many workers it has.
    pub(crate) workers: u64,
}

impl Factors for Cell {
    fn id(&self) -> String {
        format!("timers/{}@{}", self.model, self.workers)
    }

    fn blocks(&self, _: u32) -> u32 {
        1
    }
}

/// What the tasks of a model slept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// What they asked for and got, by ascending length.
    pub(crate) slept: Vec<Slept>,
}

impl Responses for Observation {
    fn responses(&self) -> Vec<Response> {
        let name = |slept: &Slept| match slept.asked_ns {
            1_000 => "late_after_1us_ns",
            1_000_000 => "late_after_1ms_ns",
            _ => "late_after_10ms_ns",
        };
        let late = |slept: &Slept| slept.late_ns.iter().map(|&late| late as f64).collect::<Vec<_>>();
        self.slept.iter().map(|slept| Response::several(name(slept), late(slept))).collect()
    }
}

impl Experiment for Timers {
    const ID: &'static str = "timers";
    const QUESTION: &'static str = "how late do tasks wake?";
    const DEFAULT: bool = true;
    const HEADLINES: &'static [&'static str] =
        &["late_after_1us_ns", "late_after_1ms_ns", "late_after_10ms_ns"];

    type Setup = ();
    type Cell = Cell;
    type Order = ();
    type Observation = Observation;
    type Findings = Vec<ModelTimer>;

    fn cells(scope: &Scope) -> Vec<Cell> {
        let cell = |model: &ModelInfo| Cell {
            model: model.id.to_owned(),
            family: model.family,
            workers: scope.workers_of(model),
        };
        scope.models.iter().map(cell).collect()
    }

    fn select(scope: &Scope, cells: Vec<Cell>, keeps: &dyn Fn(&str) -> bool) -> Vec<Cell> {
        // Whoever chooses tasks that sleep needs to know how late the timers of their models are.
        // Whether a registered workload sleeps is seen only once it has been run; a filter leaves its timers out.
        let sleeps = |cell: &&CellSpec| {
            let kernel = &scope.spec.workload_of(cell).definition.kernel;
            kernel.as_ref().is_some_and(|kernel| kernel.timer_ns() > 0) && keeps(&cell.id)
        };
        let chosen: HashSet<&str> =
            scope.spec.cells.iter().filter(sleeps).map(|cell| cell.model.id).collect();
        cells.into_iter().filter(|cell| keeps(&cell.id()) || chosen.contains(cell.model.as_str())).collect()
    }

    fn estimate(_: &Scope, cells: &[Cell]) -> Duration {
        OBSERVATION * cells.len() as u32
    }

    fn setup(_: &Scope, _: &[Cell]) {}

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<()>> {
        seen.blocks(scope, |cell| Some(ask(scope, cell)))
    }

    fn observe((): (), desk: &mut Desk<'_>) -> Result<Observation, CellError> {
        observe::observe(desk)
    }

    fn analyse(measured: &MeasuredOf<Self>, _: &Context<'_>) -> Vec<ModelTimer> {
        measured.cells.iter().map(timer).collect()
    }

    fn facts(measured: &MeasuredOf<Self>) -> Facts {
        Facts { timers: measured.cells.iter().map(timer).collect() }
    }

    fn sections(record: &RecordOf<Self>, _: &View<'_>) -> Result<Vec<Section>, ReportError> {
        Ok(vec![section::section(record)])
    }
}

/// What follows from the observation of a cell.
fn timer(cell: &CellRecord<Cell, Observation>) -> ModelTimer {
    let slept = match cell.observations.first() {
        Some(made) => Ok(made.responses.slept.as_slice()),
        None => Err(cell.reason.clone().unwrap_or_default()),
    };
    ModelTimer::new(&cell.factors.model, cell.factors.workers, slept)
}

fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<()>, Failure> {
    let model =
        *scope.model(&cell.model).ok_or_else(|| Failure::new(Status::Skipped, "there is no such model"))?;
    if model.family == Family::Processes {
        let same = "a task in a process of its own sleeps as a thread does: see thread-spawn";
        return Err(Failure::new(Status::Skipped, same));
    }
    let task_spec = TaskSpec { name: Timers::ID.to_owned(), ..TaskSpec::default() };
    let work = Work { task_spec, tasks: Timer::TASKS, model, workers: cell.workers, checked: false };
    Ok(Ask { order: (), work: Some(work), deadline: scope.settings.deadline })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::rehearsal::scope;
    use crate::spec::default_definitions;

    #[test]
    fn whoever_chooses_tasks_that_sleep_gets_the_timers_of_their_models() {
        let scope = scope(default_definitions(), 2, false, 7);
        let select = |keeps: &dyn Fn(&str) -> bool| -> Vec<String> {
            let cells = Timers::select(&scope, Timers::cells(&scope), keeps);
            cells.into_iter().map(|cell| cell.model).collect()
        };
        assert_eq!(select(&|id| id == "sleep/smol@2"), ["smol"]);
        assert_eq!(select(&|id| id.starts_with("count/") || id.starts_with("http/")), [""; 0]);
        assert_eq!(select(&|id| id == "timers/rayon@2"), ["rayon"]);
    }
}
