//! How late timers are, as a sentence and a table.

use concbench_charts::{Table, columns};
use concbench_text::figures as units;
use itertools::Itertools as _;

use super::{Cell, Observation, Timers};
use crate::batch::{Lateness, ModelTimer};
use crate::experiment::{Experiment, RecordOf};
use crate::record::CellRecord;
use crate::report::{Element, Section, TextTable, Unmeasured, text};

/// The section.
pub(super) fn section(record: &RecordOf<Timers>) -> Section {
    let timers = &record.findings;
    let mut section = Section::new(Timers::ID, "Timers", "How late do tasks wake?");
    let mut measured: Vec<(f64, &ModelTimer)> =
        timers.iter().filter_map(|timer| Some((timer.resolution_ns?, timer))).collect();
    measured.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (sentence, table) = (sentence(&measured, &record.cells), table(&measured));
    section.findings.push(sentence.clone());
    section.body = vec![
        Element::Note(
            "Tasks sleep under each model and look at the clock. The resolution is what a sleep of a microsecond takes. \
             Waits below ten times the coarsest resolution among the models of a workload are shown and not ranked: who \
             wins would be a matter of rounding."
                .to_owned(),
        ),
        Element::Table("Lateness of timers".to_owned(), table.clone()),
        Element::Without(without(&record.cells, timers)),
    ];
    let (title, sentences) = ("timers".to_owned(), vec![sentence]);
    section.tables.push(TextTable { title, sentences, table });
    section
}

/// The finest and the coarsest, in one sentence; or why there are none.
fn sentence(measured: &[(f64, &ModelTimer)], cells: &[CellRecord<Cell, Observation>]) -> String {
    let part = |(resolution, timer): &(f64, &ModelTimer)| {
        format!("{} ({})", units::time(*resolution), text::name(&timer.model))
    };
    match measured {
        [] => match cells.iter().filter_map(|cell| cell.reason.as_deref()).all_equal_value() {
            Ok(reason) => format!("No timer was measured: {reason}."),
            Err(_) => "It is not known how late tasks wake: no model could be measured.".into(),
        },
        [only] => format!("A sleep takes at least {}.", part(only)),
        [finest, .., coarsest] => format!("A sleep takes at least {} to {}.", part(finest), part(coarsest)),
    }
}

/// The cells whose timer has no figure, each under the name of its model.
fn without(cells: &[CellRecord<Cell, Observation>], timers: &[ModelTimer]) -> Vec<Unmeasured> {
    let known = |cell: &Cell| {
        let of = |timer: &&ModelTimer| (&timer.model, timer.workers) == (&cell.model, cell.workers);
        timers.iter().find(of).is_some_and(|timer| timer.resolution_ns.is_some())
    };
    let without = cells.iter().filter(|cell| !known(&cell.factors));
    without.map(|cell| Unmeasured::of(cell).named(&cell.factors.model)).collect()
}

/// The timers of a run, the finest first.
fn table(measured: &[(f64, &ModelTimer)]) -> Table {
    let lateness = measured.iter().flat_map(|(_, timer)| &timer.lateness);
    let mut asked: Vec<u64> = lateness.map(|lateness| lateness.asked_ns).collect();
    asked.sort_unstable();
    asked.dedup();
    // The shortest sleep is what the resolution comes from.
    let asked = asked.get(1..).unwrap_or_default();
    let mut heads = columns(&["model", "resolution"]);
    heads.extend(asked.iter().map(|&asked| format!("late after {}", units::time(asked as f64))));
    let rows = measured.iter().map(|(resolution, timer)| row(timer, *resolution, asked)).collect();
    Table { columns: heads, rows }
}

fn row(timer: &ModelTimer, resolution: f64, asked: &[u64]) -> Vec<String> {
    let late = |asked: &u64| {
        let found = timer.lateness.iter().find(|lateness| lateness.asked_ns == *asked);
        found.map_or("not measured".into(), figure)
    };
    let mut row = vec![text::name(&timer.model), units::time(resolution)];
    row.extend(asked.iter().map(late));
    row
}

/// The median, and as far into the tail as there are sleeps for.
fn figure(lateness: &Lateness) -> String {
    let tail = match lateness.p99_ns {
        Some(p99) => format!("p99 {}", units::time(p99)),
        None => format!("at most {} in {} sleeps", units::time(lateness.max_ns), lateness.count),
    };
    format!("{}, {tail}", units::time(lateness.median_ns))
}
