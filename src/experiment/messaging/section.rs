//! What handing a message over costs, as sentences, charts and tables.

mod charts;
mod sentences;

use concbench_charts::{Table, columns};
use concbench_messaging::{Capacity, Cores, MANY};
use concbench_text::figures::{self as units, Measure};
use itertools::Itertools as _;

use super::analyse::{BETWEEN, at, base, channels, median};
use super::plan::SIZES;
use super::{Cell, Contrast, Messaging, Observation, word};
use crate::experiment::{Experiment, RecordOf};
use crate::record::{CellRecord, Status};
use crate::report::{Element, ReportError, Section, TextTable, Unmeasured, status, text};

type Point = CellRecord<Cell, Observation>;

/// The section.
pub(super) fn section(record: &RecordOf<Messaging>) -> Result<Section, ReportError> {
    let heading = "What does handing over a message cost?";
    let mut section = Section::new(Messaging::ID, "Messaging", heading);
    section.findings = sentences::findings(record);
    section.body = vec![
        Element::Note(format!(
            "Producers write each word of a message and consumers look at each, so that a message that is lost, doubled, \
             reordered or damaged fails its cell. Between processes its bytes are copied; within a process its address is \
             handed over, and messages of 8 bytes by value. Several are {MANY}. On two cores, producers are bound to one \
             and consumers to the other; tasks may use both. CPU is that of all processes and threads, spinning and the \
             process in the middle included."
        )),
        Element::Charts(charts::charts(&record.cells)?),
        Element::Table("Small messages and large ones".to_owned(), table(&record.cells)),
        Element::Folded("How much a channel holds".to_owned(), capacities(&record.cells)),
        Element::Folded("Every combination".to_owned(), everything(&record.cells)),
        Element::Without(without(&record.cells)),
    ];
    let (title, sentences) = ("messaging".to_owned(), section.findings.clone());
    // A terminal has 80 columns; the kinds of channels stand in the order of the rows.
    let mut narrow = table(&record.cells);
    narrow.columns.pop();
    narrow.rows.iter_mut().for_each(|row| drop(row.pop()));
    section.tables.push(TextTable { title, sentences, table: narrow });
    Ok(section)
}

/// The cells without a figure; one line for a channel of which several have none for the same reason.
fn without(cells: &[Point]) -> Vec<Unmeasured> {
    let without = cells.iter().filter(|cell| cell.status != Status::Ok);
    let fates =
        without.unique_by(|cell| (cell.factors.channel.as_str(), cell.status, cell.reason.as_deref()));
    fates.map(Unmeasured::of).collect()
}

fn figure(cell: Option<&Point>, response: &str, shown: fn(f64) -> String) -> String {
    match cell {
        Some(cell) => median(cell, response).map_or("no figure".into(), shown),
        None => "not measured".into(),
    }
}

/// A channel each, the fastest of its kind first.
fn table(cells: &[Point]) -> Table {
    let (small, large) = (SIZES[0], SIZES[SIZES.len() - 1]);
    let mut rows = Vec::new();
    for between in BETWEEN {
        let mut known: Vec<_> = channels(cells, between)
            .into_iter()
            .map(|channel| (base(cells, channel, small), base(cells, channel, large), channel))
            .filter(|(small, large, _)| small.is_some() || large.is_some())
            .collect();
        let time = |cell: Option<&Point>| cell.and_then(|cell| median(cell, "message_ns"));
        known.sort_by(|left, right| {
            time(left.0).unwrap_or(f64::INFINITY).total_cmp(&time(right.0).unwrap_or(f64::INFINITY))
        });
        rows.extend(known.into_iter().map(|(small, large, channel)| {
            vec![
                text::name(channel),
                figure(small, "messages_per_s", units::count),
                figure(small, "message_cpu_ns", units::time),
                figure(small, "round_trip_p50_ns", units::time),
                figure(small, "round_trip_p99_ns", units::time),
                figure(large, "bytes_per_s", units::bytes),
                word(between),
            ]
        }));
    }
    let heads = ["channel", "8 B a second", "CPU each", "round trip", "p99", "1 MiB, a second", "between"];
    Table { columns: columns(&heads), rows }
}

/// What a message of 8 bytes takes, by how many the channel holds.
fn capacities(cells: &[Point]) -> Table {
    let holding = [Capacity::Zero, Capacity::One, Capacity::Thousand, Capacity::Bytes, Capacity::Unbounded];
    let row = |channel: &str| {
        let of = |capacity| at(cells, channel, SIZES[0], capacity, Cores::Two);
        let mut row = vec![text::name(channel)];
        row.extend(holding.map(|capacity| figure(of(capacity), "message_ns", units::time)));
        row
    };
    let rows = BETWEEN.into_iter().flat_map(|between| channels(cells, between)).map(row);
    let heads = ["channel", "holds none", "one", "1000", "64 KiB", "any number"];
    Table { columns: columns(&heads), rows: rows.collect() }
}

/// A row for each cell.
fn everything(cells: &[Point]) -> Table {
    let row = |cell: &Point| {
        let Cell { channel, message_bytes, shape, capacity, cores, .. } = &cell.factors;
        let shown = |response, shown: fn(f64) -> String| match cell.status {
            Status::Ok => median(cell, response).map_or("none".into(), shown),
            other => status(other).to_owned(),
        };
        vec![
            text::name(channel),
            Measure::Memory.tick(*message_bytes as f64),
            word(shape),
            word(capacity),
            word(cores),
            cell.summary.get("message_ns").map_or_else(
                || status(cell.status).to_owned(),
                |found| format!("{} {}", units::median_time(found), units::time_interval(found)),
            ),
            shown("messages_per_s", units::count),
            shown("bytes_per_s", units::bytes),
            shown("message_cpu_ns", units::time),
            shown("round_trip_p50_ns", units::time),
            shown("round_trip_p99_ns", units::time),
        ]
    };
    let heads = [
        "channel",
        "message",
        "shape",
        "holds",
        "cores",
        "time a message, its interval",
        "messages a second",
        "bytes a second",
        "CPU a message",
        "round trip, p50",
        "p99",
    ];
    Table { columns: columns(&heads), rows: cells.iter().map(row).collect() }
}
