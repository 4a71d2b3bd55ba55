//! Which batches are traced.

use std::time::Duration;

use concbench_workloads::Class;

use super::{Cell, Timelines};
use crate::batch::work_of;
use crate::experiment::{Ask, Block, Scope, Seen, Subject, Trial};
use crate::record::{Failure, Status};
use crate::spec::CellSpec;

/// The most workloads that are traced: a page holds no more, and two of one class look alike.
const WORKLOADS: usize = 3;
/// How many batches the tracing of a cell takes.
const BATCHES: u32 = 2;
/// About how long the computing of a batch takes.
const COMPUTING: Duration = Duration::from_millis(10);
/// How long all of them may take together.
const BUDGET: Duration = Duration::from_secs(20);
const QUICK_BUDGET: Duration = Duration::from_secs(5);

/// In up to three workloads, of different classes if there are so many, each model with the first number of workers that
/// it is ranked with.
pub(super) fn cells(scope: &Scope) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for workload in workloads(scope) {
        let of_workload = |cell: &&CellSpec| cell.workload == workload && cell.ranked && !cell.twin;
        for spec in scope.spec.cells.iter().filter(of_workload) {
            let cell = Cell {
                workload: scope.spec.workload_of(spec).definition.name.clone(),
                model: spec.model.id.to_owned(),
                family: spec.model.family,
                workers: spec.workers,
            };
            let same = |other: &Cell| (&other.workload, &other.model) == (&cell.workload, &cell.model);
            if !cells.iter().any(same) {
                cells.push(cell);
            }
        }
    }
    cells
}

/// Those in which something can be seen. Tasks that do nothing are told by figures better.
fn workloads(scope: &Scope) -> Vec<usize> {
    let class = |index: usize| scope.spec.workloads[index].definition.class;
    let all = 0..scope.spec.workloads.len();
    let candidates: Vec<usize> = all.filter(|&index| class(index) != Class::Creation).collect();
    let is_first =
        |place: usize| candidates[..place].iter().all(|&before| class(before) != class(candidates[place]));
    // The first of each class, and then the others.
    let (firsts, others): (Vec<usize>, Vec<usize>) =
        (0..candidates.len()).partition(|&place| is_first(place));
    let mut chosen: Vec<usize> = firsts.into_iter().chain(others).take(WORKLOADS).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|place| candidates[place]).collect()
}

/// About how long it takes to trace these, as far as the budget goes.
pub(super) fn estimate(scope: &Scope, cells: &[Cell]) -> Duration {
    let times = within_budget(scope, cells.iter()).into_iter().zip(cells);
    times.filter(|(within, _)| *within).map(|(_, cell)| takes(scope, cell)).sum()
}

/// All of them in one block; those that are beyond the budget are refused.
pub(super) fn next(scope: &Scope, seen: &Seen<Timelines>) -> Vec<Block<()>> {
    let within = within_budget(scope, seen.cells.iter().map(|cell| &cell.factors));
    let trial = |(number, within): (usize, bool)| {
        let spec = scope.cell(&seen.cells[number].factors.ranked())?;
        let work = Some(work_of(&scope.spec, spec));
        let ask = match within {
            true => Ok(Ask { order: (), work, deadline: scope.settings.deadline }),
            false => Err(beyond(scope)),
        };
        Some(Trial { subject: Subject::Cell(number), ask, padding: 0 })
    };
    let trials = within.into_iter().enumerate().filter_map(trial).collect();
    vec![Block { number: 0, group: String::new(), gated: true, trials }]
}

/// Which of these cells can be traced within the budget, if the ones before them are.
fn within_budget<'a>(scope: &Scope, cells: impl Iterator<Item = &'a Cell>) -> Vec<bool> {
    let mut left = budget(scope);
    let within = |cell: &Cell| match left.checked_sub(takes(scope, cell)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    cells.map(within).collect()
}

fn budget(scope: &Scope) -> Duration {
    if scope.is_quick() { QUICK_BUDGET } else { BUDGET }
}

fn beyond(scope: &Scope) -> Failure {
    let limit = budget(scope).as_secs();
    Failure::new(
        Status::Skipped,
        format!("it would take longer than the {limit} s that all timelines may take"),
    )
}

/// About how long it takes to trace a cell: what its tasks wait, as many of them at once as can, and a little.
fn takes(scope: &Scope, cell: &Cell) -> Duration {
    let Some(spec) = scope.cell(&cell.ranked()) else { return Duration::ZERO };
    let workload = scope.spec.workload_of(spec);
    let turns = workload.tasks.div_ceil(spec.concurrency.max(1));
    (COMPUTING + Duration::from_nanos(workload.wait_ns().saturating_mul(turns))) * BATCHES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, rehearsal};
    use crate::models::{BuiltIn, Catalogue};
    use crate::record::{Factors, Mode};
    use crate::spec::{BatchSize, Definition, default_definitions};

    fn scope(definitions: Vec<Definition>, mode: Mode) -> Scope {
        let mut scope = rehearsal::scope(definitions, 2, false, 7);
        scope.settings.mode = mode;
        scope
    }

    fn names(cells: &[Cell]) -> Vec<&str> {
        let mut names: Vec<_> = cells.iter().map(|cell| cell.workload.as_str()).collect();
        names.dedup();
        names
    }

    #[test]
    fn each_class_has_one_workload_and_each_model_one_cell() {
        let scope = scope(default_definitions(), Mode::Default);
        let cells = cells(&scope);
        let models = BuiltIn::infos().iter().filter(|model| model.default).count();
        assert_eq!(cells.len(), 3 * models);
        assert_eq!(names(&cells), ["factorial", "sleep", "mixed"]);
        assert!(cells.iter().any(|cell| cell.id() == "timelines/sleep/rayon@2"));
        assert!(
            cells.iter().all(|cell| scope.cell(&cell.ranked()).is_some_and(|spec| spec.ranked && !spec.twin))
        );
    }

    #[test]
    fn where_classes_are_few_there_are_several_workloads_of_one() {
        let definitions = default_definitions().into_iter().filter(|one| one.class != Class::Mixed);
        let cells = cells(&scope(definitions.collect(), Mode::Default));
        assert_eq!(names(&cells), ["factorial", "count", "sleep"]);
        let nothing = default_definitions().into_iter().filter(|one| one.class == Class::Creation);
        assert_eq!(super::cells(&scope(nothing.collect(), Mode::Default)), []);
    }

    #[test]
    fn what_takes_too_long_is_refused_and_the_others_are_traced() {
        let mut definitions = default_definitions();
        for definition in definitions.iter_mut().filter(|definition| definition.name == "sleep") {
            definition.size = BatchSize::Tasks(3_000);
        }
        let scope = scope(definitions, Mode::Default);
        let seen = Seen::<Timelines>::new(&scope, Timelines::cells(&scope));
        let [block] = &next(&scope, &seen)[..] else { panic!("all are one block") };
        assert!(block.gated && block.trials.len() == seen.cells.len());
        for (cell, trial) in seen.cells.iter().zip(&block.trials) {
            let long = takes(&scope, &cell.factors) > BUDGET;
            assert_eq!(trial.ask.is_err(), long, "{}", cell.id);
            if let Err(failure) = &trial.ask {
                assert_eq!(failure.status, Status::Skipped);
                assert!(failure.reason.contains("the 20 s that all timelines"), "{}", failure.reason);
            }
        }
        assert!(block.trials.iter().any(|trial| trial.ask.is_err()));
    }
}
