//! What becomes of tasks that are cancelled, as sentences.

use concbench_cancellation::Promise;
use concbench_text::figures as units;

use super::points::{Point, figure, how, promise, wasted_ns};
use super::{Cancellation, Doing, charts, tables};
use crate::experiment::{Experiment, RecordOf};
use crate::record::{Estimate, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, text};

/// The section.
pub(super) fn section(record: &RecordOf<Cancellation>) -> Result<Section, ReportError> {
    let cells = &record.cells;
    let mut section =
        Section::new(Cancellation::ID, "Cancellation", "What happens when tasks are cancelled?");
    section.findings = sentences(cells);
    let table = tables::at_a_glance(cells);
    section.body = vec![
        Element::Note(
            "Tasks begin, and wait or compute; then all are asked to end at once, in the way that the construct has. The \
             time runs from the request until the last has ended. Destructors are counted in each task, and threads, \
             descriptors and processes before and after: what is left behind fails the cell."
                .to_owned(),
        ),
        Element::Charts(charts::all(cells)?),
        Element::Table("How long until the last of so many waiting tasks has ended, and what becomes of computing ones".to_owned(), table.clone()),
        Element::Folded("Every cell".to_owned(), tables::whole(cells)),
        Element::Without(cells.iter().filter(|cell| cell.status != Status::Ok).map(Unmeasured::of).collect()),
    ];
    let (title, sentences) = ("cancellation".to_owned(), section.findings.clone());
    // A terminal is narrow; what a way promises stands on the page.
    let mut narrow = table;
    narrow.columns.pop();
    narrow.rows.iter_mut().for_each(|row| drop(row.pop()));
    section.tables.push(TextTable { title, sentences, table: narrow });
    Ok(section)
}

fn sentences(cells: &[Point]) -> Vec<String> {
    let known = [fastest(cells), killed(cells), stubborn(cells)];
    let known: Vec<String> = known.into_iter().flatten().collect();
    match known.is_empty() {
        true => vec![
            "It is not known what happens when tasks are cancelled: no cell could be measured.".to_owned(),
        ],
        false => known,
    }
}

/// How long the fastest and the slowest way take for as many waiting tasks as several ways can carry.
fn fastest(cells: &[Point]) -> Option<String> {
    let unwound = |cell: &&Point| {
        promise(cell) == Some(Promise::Unwound)
            && cell.factors.doing == Doing::Waiting
            && cell.status == Status::Ok
    };
    let tasks = cells.iter().filter(unwound).map(|cell| cell.factors.tasks).max()?;
    let of = |cell: &&Point| unwound(cell) && cell.factors.tasks == tasks;
    let mut known: Vec<(&Point, &Estimate)> =
        cells.iter().filter(of).filter_map(|cell| Some((cell, figure(cell, "ended_ns")?))).collect();
    known.sort_by(|left, right| left.1.median.total_cmp(&right.1.median));
    let part = |(cell, took): &(&Point, &Estimate)| {
        format!("{} by {} ({})", units::median_time(took), how(cell), text::name(&cell.factors.model))
    };
    let tasks = units::plain(tasks as f64);
    match known.as_slice() {
        [] => None,
        [only] => Some(format!("To cancel {tasks} waiting tasks takes {}.", part(only))),
        [first, .., last] => Some(format!(
            "To cancel {tasks} waiting tasks takes {} up to {}; each of them runs its destructors.",
            part(first),
            part(last)
        )),
    }
}

/// That no destructor runs in what is killed.
fn killed(cells: &[Point]) -> Option<String> {
    let killed = |cell: &&Point| promise(cell) == Some(Promise::Killed) && cell.status == Status::Ok;
    let cell = cells.iter().filter(killed).max_by_key(|cell| cell.factors.tasks)?;
    let none = cell.observations.iter().all(|made| made.responses.destructors == 0 && made.responses.held);
    let took = units::median_time(figure(cell, "ended_ns")?);
    none.then(|| {
        format!(
            "{} processes are killed in {took}, and run no destructor: what one held outside of its memory is still held.",
            units::plain(cell.factors.tasks as f64)
        )
    })
}

/// What cannot be cancelled.
fn stubborn(cells: &[Point]) -> Option<String> {
    let stubborn = |cell: &&Point| {
        promise(cell) == Some(Promise::Nothing)
            && cell.factors.doing == Doing::Computing
            && cell.status == Status::Ok
    };
    let cell = cells.iter().find(stubborn)?;
    let wasted = wasted_ns(cell)?;
    (wasted > 0.0).then(|| {
        format!(
            "A closure that was handed to spawn_blocking cannot be cancelled once it has begun: {} of them went on for {} \
             of computing that nobody wanted.",
            cell.factors.tasks,
            units::time(wasted)
        )
    })
}
