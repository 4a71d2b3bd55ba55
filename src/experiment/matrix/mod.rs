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
use super::{Ask, Block, Context, Experiment, MeasuredOf, RecordOf, Scope, Seen, Shuffle, Stage, Subject, Trial, View};
use crate::batch::observe::{self, serve};
use crate::batch::{BatchCell, BatchObservation, Comparison, Pace, WorkloadRecord, WorkloadVerdict, work_of};
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

    fn select(cells: Vec<BatchCell>, keeps: &dyn Fn(&str) -> bool) -> Vec<BatchCell> {
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
        let preflight = preflight(scope, seen);
        match preflight.is_empty() {
            true => blocks(scope, seen),
            false => preflight,
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
        let floor = |verdict: &WorkloadVerdict| Some((verdict.workload.clone(), verdict.noise_floor?));
        findings.verdicts.iter().filter_map(floor).collect()
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
fn preflight(scope: &Scope, seen: &Seen<Matrix>) -> Vec<Block<Order>> {
    let unknown = seen.open().filter(|(_, cell)| !seen.calibrations.contains_key(&cell.id));
    let trials: Vec<_> = unknown
        .filter_map(|(number, cell)| {
            let subject = Subject::Calibration { name: cell.id.clone(), cells: vec![number] };
            let spec = spec_of(scope, &cell.id)?;
            let ask = ask(scope, spec, Order::Observe { warm: 0 }, scope.settings.deadline);
            Some(Trial { subject, ask: Ok(ask), padding: 0 })
        })
        .collect();
    let block = Block { number: 0, group: String::new(), gated: false, trials };
    (!block.trials.is_empty()).then_some(block).into_iter().collect()
}

/// Randomised complete blocks: every cell of a workload once. The workloads alternate, so that a drift of the machine over
/// the run meets all of them.
fn blocks(scope: &Scope, seen: &Seen<Matrix>) -> Vec<Block<Order>> {
    let of = |workload: &WorkloadRecord| {
        let cells = seen.cells.iter().enumerate();
        let cells = cells.filter(|(_, cell)| cell.factors.workload == workload.name);
        cells.map(|(number, _)| number).collect::<Vec<usize>>()
    };
    let groups: Vec<Vec<usize>> = seen.setup.workloads.iter().map(of).collect();
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let plan = Shuffle::new(scope.settings.seed, Matrix::ID).blocks(scope.settings.blocks, &sizes);
    let trial = |number: usize, padding| {
        let cell = &seen.cells[number];
        let pace = Pace::from(seen.calibrations.get(&cell.id)?, scope.settings.deadline);
        let order = Order::Observe { warm: pace.warm };
        let ask = ask(scope, spec_of(scope, &cell.id)?, order, pace.deadline);
        Some(Trial { subject: Subject::Cell(number), ask: Ok(ask), padding })
    };
    let block = |(number, group, places): (u32, usize, Vec<(usize, usize)>)| Block {
        number,
        group: seen.setup.workloads[group].name.clone(),
        gated: true,
        trials: places.into_iter().filter_map(|(place, padding)| trial(groups[group][place], padding)).collect(),
    };
    plan.into_iter().map(block).filter(|block| !block.trials.is_empty()).collect()
}

fn spec_of<'a>(scope: &'a Scope, id: &str) -> Option<&'a CellSpec> {
    scope.spec.cells.iter().find(|cell| cell.id == id)
}

fn ask(scope: &Scope, cell: &CellSpec, order: Order, deadline: Duration) -> Ask<Order> {
    Ask { order, work: Some(work_of(&scope.spec, cell)), deadline }
}
