//! The matrix: every workload under every model, ranked.

mod against;
mod analyse;
mod compare;
mod criterion;
mod ideal;
mod merit;
mod section;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, Stage, Subject, Trial, View,
};
use crate::batch::analyse::{ClassRanking, TaskCost};
use crate::batch::observe::{self, serve};
use crate::batch::{
    BatchCell, BatchObservation, Comparison, Pace, Warm, WorkloadRecord, WorkloadVerdict, noise_floors,
    work_of,
};
use crate::experiment::compare::{Beside, ComparedCell};
use crate::experiment::gallery::Merit;
use crate::experiment::json::to_value;
use crate::model::{Family, Sizing};
use crate::record::Factors;
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use crate::spec::{CellSpec, TWIN_MARK};
use crate::time::nanoseconds;
pub(crate) use against::reference_tables;
pub(crate) use analyse::sheet_of;

/// How long an observation takes beside its batches: a runner that starts and ends.
const OBSERVATION: Duration = Duration::from_millis(30);
/// About how long it takes to start a worker, and what a task costs that has a process or a thread of its own.
const WORKER: Duration = Duration::from_micros(300);
const PROCESS: Duration = Duration::from_micros(600);
const THREAD: Duration = Duration::from_micros(100);

/// Every workload under every model.
#[derive(Debug)]
pub(crate) struct Matrix;

/// What the matrix began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Setup {
    /// The workloads, in the order of the definitions.
    pub(crate) workloads: Vec<WorkloadRecord>,
    /// Criterion's medians, in nanoseconds a batch, by the cell's id; `null` where criterion has not measured.
    pub(crate) criterion_median_ns: Option<BTreeMap<String, f64>>,
}

/// What a runner is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Start the model, run one cold batch, and warm ones until it is known how long they take; stop.
    Preflight,
    /// Start the model, run one cold batch and so many warm ones, stop.
    Observe(Warm),
    /// Start the model and run the cold batch; then whatever criterion asks for.
    Serve,
}

/// What follows from the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Findings {
    /// The least time that a batch of a cell can take with its workers on these cores, in nanoseconds, by the cell's id.
    pub(crate) ideal_ns: BTreeMap<String, u64>,
    /// Ratios of two cells of one workload.
    pub(crate) comparisons: Vec<Comparison>,
    /// One answer for each workload.
    pub(crate) verdicts: Vec<WorkloadVerdict>,
    /// What a task costs that does nothing, and what a batch; empty where batches have one size only.
    pub(crate) task_costs: Vec<TaskCost>,
    /// How the models stand in each class of work.
    pub(crate) rankings: Vec<ClassRanking>,
}

impl Experiment for Matrix {
    const ID: &'static str = "matrix";
    const QUESTION: &'static str = "which model is fastest at this work?";
    const DEFAULT: bool = true;
    const HEADLINES: &'static [&'static str] = &["steady_ns", "one_off_ns", "cpu_ns", "peak_rss_bytes"];

    type Setup = Setup;
    type Cell = BatchCell;
    type Order = Order;
    type Observation = BatchObservation;
    type Findings = Findings;

    fn cells(scope: &Scope) -> Vec<BatchCell> {
        scope.spec.cells.iter().map(|cell| BatchCell::of(&scope.spec, cell)).collect()
    }

    fn select(_: &Scope, cells: Vec<BatchCell>, keeps: &dyn Fn(&str) -> bool) -> Vec<BatchCell> {
        // A twin goes with its cell.
        cells.into_iter().filter(|cell| keeps(cell.id().trim_end_matches(TWIN_MARK))).collect()
    }

    fn estimate(scope: &Scope, cells: &[BatchCell]) -> Duration {
        let block: Duration = cells.iter().filter_map(|cell| observation_takes(scope, cell)).sum();
        block * (scope.settings.blocks + 1)
    }

    fn setup(scope: &Scope, cells: &[BatchCell]) -> Setup {
        let used = |name: &str| cells.iter().any(|cell| cell.workload == name);
        let workloads = scope.spec.workloads.iter().filter(|workload| used(&workload.definition.name));
        let record = |workload| WorkloadRecord::of(workload, scope.reference(&workload.definition.name));
        Setup { workloads: workloads.map(record).collect(), criterion_median_ns: None }
    }

    fn next(scope: &Scope, seen: &Seen<Self>) -> Vec<Block<Order>> {
        match Block::of_calibrations(preflight(scope, seen)) {
            none if none.is_empty() => seen.blocks(scope, |cell| observation(scope, seen, cell).map(Ok)),
            preflight => preflight,
        }
    }

    fn observe(order: Order, desk: &mut Desk<'_>) -> Result<BatchObservation, CellError> {
        match order {
            Order::Preflight => observe::preflight(desk),
            Order::Observe(warm) => observe::observe(warm, desk),
            Order::Serve => serve(desk),
        }
    }

    fn cargo_bench(stage: &mut Stage<'_>, scope: &Scope, seen: &mut Seen<Self>) {
        criterion::pass(stage, scope, seen);
    }

    fn analyse(measured: &MeasuredOf<Self>, context: &Context<'_>) -> Findings {
        analyse::analyse(measured, context)
    }

    fn noise_floors(findings: &Findings) -> Vec<(String, f64)> {
        noise_floors(&findings.verdicts)
    }

    fn fingerprints(setup: &Setup) -> BTreeMap<String, String> {
        setup.workloads.iter().map(|work| (work.name.clone(), work.hash.clone())).collect()
    }

    fn tasks(setup: &Setup) -> BTreeMap<String, u64> {
        setup.workloads.iter().map(|work| (work.name.clone(), work.tasks)).collect()
    }

    fn compare_findings(runs: &[RecordOf<Self>], cells: &[ComparedCell]) -> Value {
        to_value(&compare::findings(runs, cells))
    }

    fn compare_sections(runs: &[RecordOf<Self>], beside: &Beside<'_>) -> Result<Vec<Section>, ReportError> {
        compare::sections(runs, beside)
    }

    fn merits(record: &RecordOf<Self>, view: &View<'_>) -> Vec<Merit> {
        merit::merits(record, view)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        section::sections(&analyse::sheet(record, view.record, &view.facts.timers), view)
    }
}

/// A few batches of every cell of which nothing is known yet: which work at all, and how long they take.
fn preflight(scope: &Scope, seen: &Seen<Matrix>) -> Vec<Trial<Order>> {
    let unknown = seen.open().filter(|(_, cell)| !seen.calibrations.contains_key(&cell.id));
    unknown
        .filter_map(|(number, cell)| {
            let subject = Subject::Calibration { name: cell.id.clone(), cells: vec![number] };
            let spec = scope.cell(&cell.id)?;
            let ask = ask(scope, spec, Order::Preflight, scope.settings.deadline);
            Some(Trial { subject, ask: Ok(ask), padding: 0 })
        })
        .collect()
}

/// About how long an observation of a cell takes.
fn observation_takes(scope: &Scope, cell: &BatchCell) -> Option<Duration> {
    let spec = scope.cell(&cell.id())?;
    let workload = scope.spec.workload_of(spec);
    let rounds = |at_once: u64| cell.tasks.div_ceil(at_once.max(1));
    let waits = rounds(cell.concurrency).saturating_mul(workload.wait_ns());
    let computes = rounds(cell.workers.min(scope.cores())).saturating_mul(workload.about_compute_ns());
    let (creates, starts) = match (spec.model.sizing, cell.family) {
        (Sizing::PerTask, Family::Processes) => (PROCESS, 0),
        (Sizing::PerTask, _) => (THREAD, 0),
        _ => (Duration::ZERO, cell.workers),
    };
    // A batch of nothing takes something, too.
    let batch_ns = waits
        .max(computes)
        .saturating_add(nanoseconds(creates).saturating_mul(cell.tasks))
        .saturating_add(1_000);
    let batches = 1 + u64::from(Warm::filling(batch_ns).batches());
    let nanoseconds =
        batches.saturating_mul(batch_ns).saturating_add(nanoseconds(WORKER).saturating_mul(starts));
    Some(OBSERVATION + Duration::from_nanos(nanoseconds))
}

/// How a cell is measured, by how long its batches took in the preflight. A cell and its twin are measured alike.
fn observation(scope: &Scope, seen: &Seen<Matrix>, cell: &BatchCell) -> Option<Ask<Order>> {
    let id = cell.id();
    let base = id.trim_end_matches(TWIN_MARK);
    let pace = |id: &str| Some(Pace::from(seen.calibrations.get(id)?, scope.settings.deadline));
    let paces = [base.to_owned(), format!("{base}{TWIN_MARK}")];
    let pace = paces.iter().filter_map(|id| pace(id)).reduce(Pace::slower)?;
    Some(ask(scope, scope.cell(&id)?, Order::Observe(pace.warm), pace.deadline))
}

fn ask(scope: &Scope, cell: &CellSpec, order: Order, deadline: Duration) -> Ask<Order> {
    Ask { order, work: Some(work_of(&scope.spec, cell)), deadline }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::rehearsal;
    use crate::spec::default_definitions;

    fn planned(cores: u64) -> Duration {
        let scope = rehearsal::scope(default_definitions(), cores, false, 1);
        Matrix::estimate(&scope, &Matrix::cells(&scope))
    }

    #[test]
    fn a_run_takes_less_than_twice_as_long_on_many_cores_as_on_two() {
        let on_two = planned(2);
        assert!(on_two < Duration::from_secs(12 * 60), "{on_two:?}");
        for cores in [4, 8, 16, 32, 64, 128] {
            let time = planned(cores);
            assert!(time < 2 * on_two, "{cores} cores: {time:?}, two: {on_two:?}");
        }
    }
}
