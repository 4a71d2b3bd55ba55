//! Which limits there are, and with how many workers computing is put under each.

use std::time::Duration;

use concbench_sizing::{SIZERS, Sizer};
use concbench_stats::FEWEST_FOR_P99;
use concbench_workloads::{Count, Kernel};

use super::{Cell, Cores, Limit, Observation, Order, Sizing};
use crate::batch::steps;
use crate::experiment::{Ask, Block, Experiment, Scope, Seen, Subject, Trial};
use crate::model::ModelInfo;
use crate::models::TaskSpec;
use crate::record::Failure;
use crate::runner::Work;
use crate::time::nanoseconds;

/// How often each cell is measured at most: the range of six values holds their median with 97 %.
const MOST_ROUNDS: u32 = 6;
/// The quotas, in cores, as far as the machine has more.
const QUOTAS: [f64; 9] = [0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// How many of these a quick run has.
const QUICK_QUOTAS: usize = 2;
/// How long a task computes.
const TASK: Duration = Duration::from_millis(1);
/// How many tasks make a batch for each core that the limit leaves, and at least: they take as long as is computed at least,
/// and have a 99th percentile.
const TASKS_PER_CORE: u64 = 305;
const _: () = assert!(TASKS_PER_CORE >= FEWEST_FOR_P99);
/// How long is computed, at least: three periods of a quota, and two in a quick run.
const TIME: Duration = Duration::from_millis(300);
const QUICK_TIME: Duration = Duration::from_millis(200);
/// How long a runner takes to start and end.
const START: Duration = Duration::from_millis(30);
/// The names of calibrations: how long counting takes, and whether a group can be made.
const STEP: &str = "step";
const GROUP: &str = "group";

/// The limits of a machine with so many cores.
fn limits(cores: u64, quick: bool) -> Vec<Limit> {
    let mut cpus: Vec<u64> = std::iter::successors(Some(1), |cpus: &u64| cpus.checked_mul(2))
        .take_while(|cpus| *cpus < cores)
        .collect();
    cpus.push(cores);
    let most = if quick { QUICK_QUOTAS } else { QUOTAS.len() };
    let quotas = QUOTAS[..most].iter().filter(|quota| **quota < cores as f64);
    cpus.into_iter().map(Limit::Cpus).chain(quotas.map(|quota| Limit::Quota(*quota))).collect()
}

/// Every way to size under every limit, as far as its model is measured. An affinity is seen by all, and not held against
/// other numbers of workers.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let mut cells = Vec::new();
    for limit in limits(scope.cores(), scope.is_quick()) {
        let sizings: &[Sizing] = match limit {
            Limit::Cpus(_) => &[Sizing::Own],
            Limit::Quota(_) => &[Sizing::Own, Sizing::Fitting, Sizing::Machine],
        };
        for (sizer, model) in sizers(scope) {
            cells.extend(sizings.iter().map(|&sizing| Cell {
                limit: limit.to_string(),
                cores: limit.cores(),
                quota: matches!(limit, Limit::Quota(_)),
                sizer: sizer.id.to_owned(),
                model: model.id.to_owned(),
                family: model.family,
                sizing,
            }));
        }
    }
    cells
}

fn sizers(scope: &Scope) -> impl Iterator<Item = (&'static Sizer, ModelInfo)> {
    SIZERS.iter().filter_map(|sizer| Some((sizer, *scope.model(sizer.model)?)))
}

/// How often each cell is measured in a run of so many blocks.
pub(super) fn rounds(of_run: u32) -> u32 {
    of_run.div_ceil(2).min(MOST_ROUNDS)
}

fn time(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_TIME } else { TIME }
}

/// How many tasks make a batch.
fn tasks(limit: Limit) -> u64 {
    (limit.cores().max(1.0) * TASKS_PER_CORE as f64) as u64
}

/// About how long it takes to measure these cells: batches are whole, and the last begins before the time is over.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let observation = |cell: &Cell| {
        let batch = TASK.mul_f64(tasks(cell.limit()) as f64 / cell.cores.max(0.1));
        batch.mul_f64((time(scope).as_secs_f64() / batch.as_secs_f64()).ceil()) + START
    };
    let sizes = START * cells.iter().filter(|cell| cell.sizing == Sizing::Own).count() as u32;
    cells.iter().map(observation).sum::<Duration>() * rounds(scope.settings.blocks) + sizes
}

/// First how long counting takes and whether a group can be made, then how many workers each library chooses under each
/// limit, then the blocks.
pub(super) fn next(scope: &Scope, seen: &Seen<Cores>) -> Vec<Block<Order>> {
    let calibrations = match first(scope, seen) {
        none if none.is_empty() => sizes(scope, seen),
        first => first,
    };
    match Block::of_calibrations(calibrations) {
        none if none.is_empty() => seen.blocks(scope, |cell| ask(scope, seen, cell)),
        calibrations => calibrations,
    }
}

fn calibration(scope: &Scope, name: String, order: Order, cells: Vec<usize>) -> Trial<Order> {
    let ask = Ask { order, work: None, deadline: scope.settings.deadline };
    Trial { subject: Subject::Calibration { name, cells }, ask: Ok(ask), padding: 0 }
}

fn open(seen: &Seen<Cores>, of: impl Fn(&Cell) -> bool) -> Vec<usize> {
    seen.open().filter(|(_, cell)| of(&cell.factors)).map(|(number, _)| number).collect()
}

fn first(scope: &Scope, seen: &Seen<Cores>) -> Vec<Trial<Order>> {
    let wanted =
        [(STEP, Order::Step, open(seen, |_| true)), (GROUP, Order::Group, open(seen, |cell| cell.quota))];
    let left = wanted
        .into_iter()
        .filter(|(name, _, cells)| !seen.calibrations.contains_key(*name) && !cells.is_empty());
    left.map(|(name, order, cells)| calibration(scope, name.to_owned(), order, cells)).collect()
}

fn size_name(cell: &Cell) -> String {
    format!("size/{}/{}", cell.limit, cell.sizer)
}

fn sizes(scope: &Scope, seen: &Seen<Cores>) -> Vec<Trial<Order>> {
    let unknown = seen.open().map(|(_, cell)| &cell.factors).filter(|cell| cell.sizing == Sizing::Own);
    let unknown = unknown.filter(|cell| !seen.calibrations.contains_key(&size_name(cell)));
    let ask = |cell: &Cell| {
        let same = |other: &Cell| other.sizing == Sizing::Own && size_name(other) == size_name(cell);
        let order = Order::Size { limit: cell.limit(), sizer: cell.sizer.clone() };
        calibration(scope, size_name(cell), order, open(seen, same))
    };
    unknown.map(ask).collect()
}

/// How many workers a cell has.
fn workers(scope: &Scope, seen: &Seen<Cores>, cell: &Cell) -> Option<u64> {
    match cell.sizing {
        Sizing::Fitting => Some(cell.limit().fitting()),
        Sizing::Machine => Some(scope.cores()),
        Sizing::Own => match seen.calibrations.get(&size_name(cell))? {
            Observation::Size { workers } => Some(*workers),
            _ => None,
        },
    }
}

fn ask(scope: &Scope, seen: &Seen<Cores>, cell: &Cell) -> Option<Result<Ask<Order>, Failure>> {
    let Observation::Step { step_ns } = seen.calibrations.get(STEP)? else { return None };
    let (model, workers) = (*scope.model(&cell.model)?, workers(scope, seen, cell)?);
    let kernel = Kernel::Count(Count { n: steps(TASK, *step_ns) });
    let task_spec = TaskSpec { name: Cores::ID.to_owned(), kernel: Some(kernel), ..TaskSpec::default() };
    let work = Work { task_spec, tasks: tasks(cell.limit()), model, workers, checked: true };
    let order = Order::Run { limit: cell.limit(), time_ns: nanoseconds(time(scope)) };
    Some(Ok(Ask { order, work: Some(work), deadline: scope.settings.deadline }))
}
