//! What sharing costs, as sentences, charts and tables.

mod charts;
mod sentences;
mod tables;

use concbench_sharing::contention::Protection;
use itertools::Itertools as _;

use super::{Cell, Observation, Sharing};
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Estimate, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured};

type Point = CellRecord<Cell, Observation>;

/// The section.
pub(super) fn section(record: &RecordOf<Sharing>, view: &View<'_>) -> Result<Section, ReportError> {
    let cells = &record.cells;
    let mut section = Section::new(
        Sharing::ID,
        "Sharing",
        "What does protecting shared state cost, and what is lost without?",
    );
    section.findings = sentences::all(cells);
    let table = tables::at_a_glance(cells);
    section.body = vec![
        Element::Note(
            "Tasks of one model update something that they share, again and again for some milliseconds. An acquisition \
             takes the elapsed time over all of them together; the CPU time is that of the whole batch, starting its tasks \
             included. What is protected is checked and must be exact. Without protection the number is read and written \
             apart, by relaxed atomics, and what is lost is the result."
                .to_owned(),
        ),
        Element::Charts(charts::all(cells, view)?),
        Element::Table("What an acquisition takes where tasks contend, and how many of a million updates are lost".to_owned(), table.clone()),
        Element::Folded("Every cell".to_owned(), tables::whole(cells)),
        Element::Folded("What is shared is made of".to_owned(), tables::made_of(cells)),
        Element::Without(without(cells)),
    ];
    let (title, sentences) = ("sharing".to_owned(), section.findings.clone());
    section.tables.push(TextTable { title, sentences, table });
    Ok(section)
}

/// The cell of this object and model with so many contenders, and nothing to do inside.
fn find<'a>(cells: &'a [Point], object: Protection, model: &str, contenders: u64) -> Option<&'a Point> {
    cells.iter().find(|cell| {
        let Cell { compute_ns, wait_ns, .. } = cell.factors;
        (cell.factors.object, cell.factors.contenders, compute_ns, wait_ns) == (object, contenders, 0, 0)
            && cell.factors.model == model
    })
}

fn figure<'a>(cell: &'a Point, response: &str) -> Option<&'a Estimate> {
    cell.summary.get(response)
}

/// What an object is called in a sentence.
pub(super) fn named(object: Protection) -> &'static str {
    match object {
        Protection::Nothing => "nothing",
        Protection::Atomic => "an atomic",
        Protection::Lock => "a lock",
        Protection::ThreadLock => "a lock of the thread's",
        Protection::Reentrant => "a re-entrant lock, taken twice",
        Protection::Semaphore => "one of five permits",
        Protection::ReadWrite => "a read-write lock, one write in 16",
        Protection::Event => "an event",
        Protection::Condition => "a condition, in turns",
        Protection::File => "nothing: tickets in a file",
        Protection::FileLock => "a lock on the file of tickets",
        Protection::Manager => "a manager process",
        Protection::Deadlock => "two locks in opposite order",
    }
}

/// What has no figure: each reason once for a model and an object.
fn without(cells: &[Point]) -> Vec<Unmeasured> {
    let without = cells.iter().filter(|cell| cell.status != Status::Ok);
    let fates =
        without.unique_by(|cell| (cell.factors.model.as_str(), cell.factors.object, cell.reason.as_deref()));
    fates.map(Unmeasured::of).collect()
}
