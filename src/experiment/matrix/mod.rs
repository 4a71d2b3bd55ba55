//! The matrix: every workload under every model, ranked.

mod analyse;
mod compare;
mod criterion;
mod ideal;
mod section;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use analyse::sheet_of;
use super::{Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, Stage, Subject, Trial, View};
use crate::batch::observe::{self, serve};
use crate::batch::analyse::ClassRanking;
use crate::batch::{BatchCell, BatchObservation, Comparison, Pace, WorkloadRecord, WorkloadVerdict, noise_floors, work_of};
use crate::experiment::compare::{Beside, ComparedCell};
use crate::experiment::json::to_value;
use crate::record::Factors;
use crate::report::{ReportError, Section};
use crate::runner::{CellError, Desk};
use crate::spec::{CellSpec, TWIN_MARK};

/// How long an observation of a cell takes beside its waiting: its warm batches, a start and a stop.
const OBSERVATION: Duration = Duration::from_millis(90);

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
    /// Start the model, run one cold batch and so many warm ones, stop.
    Observe { warm: u32 },
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
        let waits = |cell: &BatchCell| {
            let wait_ns = scope.workload(&cell.workload).map_or(0, |workload| workload.wait_ns());
            Duration::from_nanos(3 * wait_ns * cell.tasks.div_ceil(cell.concurrency.max(1)))
        };
        let block: Duration = cells.iter().map(|cell| OBSERVATION + waits(cell)).sum();
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
            Order::Observe { warm } => observe::observe(warm, desk),
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

    fn compare_findings(runs: &[RecordOf<Self>], cells: &[ComparedCell]) -> Value {
        to_value(&compare::findings(runs, cells))
    }

    fn compare_sections(runs: &[RecordOf<Self>], beside: &Beside<'_>) -> Result<Vec<Section>, ReportError> {
        compare::sections(runs, beside)
    }

    fn sections(record: &RecordOf<Self>, view: &View<'_>) -> Result<Vec<Section>, ReportError> {
        section::sections(&analyse::sheet(record, view.record, &view.facts.timers), view)
    }
}

/// One batch of every cell of which nothing is known yet: which work at all, and how long they take.
fn preflight(scope: &Scope, seen: &Seen<Matrix>) -> Vec<Trial<Order>> {
    let unknown = seen.open().filter(|(_, cell)| !seen.calibrations.contains_key(&cell.id));
    unknown
        .filter_map(|(number, cell)| {
            let subject = Subject::Calibration { name: cell.id.clone(), cells: vec![number] };
            let spec = scope.cell(&cell.id)?;
            let ask = ask(scope, spec, Order::Observe { warm: 0 }, scope.settings.deadline);
            Some(Trial { subject, ask: Ok(ask), padding: 0 })
        })
        .collect()
}

/// How a cell is measured, as long as its one batch took.
fn observation(scope: &Scope, seen: &Seen<Matrix>, cell: &BatchCell) -> Option<Ask<Order>> {
    let id = cell.id();
    let pace = Pace::from(seen.calibrations.get(&id)?, scope.settings.deadline);
    Some(ask(scope, scope.cell(&id)?, Order::Observe { warm: pace.warm }, pace.deadline))
}

fn ask(scope: &Scope, cell: &CellSpec, order: Order, deadline: Duration) -> Ask<Order> {
    Ask { order, work: Some(work_of(&scope.spec, cell)), deadline }
}
