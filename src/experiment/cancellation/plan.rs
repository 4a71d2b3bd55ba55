//! How many tasks are cancelled in which way.

use std::time::Duration;

use concbench_cancellation::{ABSENT, CONSTRUCTS, Construct, Promise, Scene};

use super::{Cell, Doing, Order};
use crate::experiment::{Ask, Scope};
use crate::model::{Family, ModelInfo};
use crate::models::{BuiltIn, Catalogue};
use crate::record::Failure;

/// How many wait, each as far as a way goes.
const WAITING: [u64; 5] = [10, 100, 1_000, 10_000, 100_000];
/// With `--quick` the largest numbers are left out.
const QUICK: usize = 4;
/// How many compute.
const COMPUTING: u64 = 8;
/// How long an observation takes beside its tasks.
const START: Duration = Duration::from_millis(15);
/// About what a task costs that is started and cancelled.
const TASK: Duration = Duration::from_nanos(1_500);
const THREAD: Duration = Duration::from_micros(40);
const PROCESS: Duration = Duration::from_micros(400);

/// Every cell.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let infos = BuiltIn::infos();
    let family = |model| {
        let known = infos.iter().find(|info: &&ModelInfo| info.id == model);
        known.map_or(Family::Hybrids, |info| info.family)
    };
    let cell = |construct: &str, model, doing, tasks| Cell {
        construct: construct.to_owned(),
        model: String::from(model),
        family: family(model),
        doing,
        tasks,
        workers: scope.cores(),
    };
    let numbers = if scope.is_quick() { &WAITING[..QUICK] } else { &WAITING[..] };
    let of = |construct: &'static Construct| {
        let waiting = numbers.iter().filter(|&&tasks| tasks <= construct.most);
        let waiting = waiting.map(move |&tasks| (Doing::Waiting, tasks));
        waiting
            .chain([(Doing::Computing, COMPUTING)])
            .map(move |(doing, tasks)| cell(construct.id, construct.model, doing, tasks))
    };
    let absent = ABSENT.map(|(model, _)| cell(model, model, Doing::Waiting, WAITING[0]));
    CONSTRUCTS.iter().flat_map(of).chain(absent).collect()
}

/// About how long these take.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let one = |cell: &Cell| {
        let promise = cell.way()?.promise;
        let each = match promise {
            Promise::Asked | Promise::Nothing => THREAD,
            Promise::Killed => PROCESS,
            Promise::Unwound | Promise::Queued => TASK,
        };
        let stubborn = match promise {
            Promise::Nothing | Promise::Queued => Scene::SHORT * 2,
            _ => Duration::ZERO,
        };
        Some(START + stubborn + each * u32::try_from(cell.tasks).unwrap_or(u32::MAX))
    };
    cells.iter().filter_map(one).sum::<Duration>() * scope.settings.blocks
}

/// How a cell is measured.
pub(super) fn ask(scope: &Scope, cell: &Cell) -> Result<Ask<Order>, Failure> {
    if let Some((_, absence)) = ABSENT.iter().find(|(model, _)| *model == cell.construct) {
        return Err(Failure::absent(*absence));
    }
    let Cell { construct, doing, tasks, workers, .. } = cell.clone();
    let order = Order { construct, doing, tasks, workers };
    Ok(Ask { order, work: None, deadline: scope.settings.deadline })
}
