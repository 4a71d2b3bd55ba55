//! What becomes of tasks that are cancelled, as tables.

use concbench_cancellation::Promise;
use concbench_charts::{Table, columns};
use concbench_text::figures as units;
use itertools::Itertools as _;

use super::Doing;
use super::points::{self, Point, figure, how, promise, wasted_ns};
use crate::record::Status;
use crate::report::{status, text};

fn promised(promise: Promise) -> &'static str {
    match promise {
        Promise::Unwound => "ends where it waits",
        Promise::Asked => "ends where it looks at a flag",
        Promise::Queued => "goes on; what is queued does not begin",
        Promise::Killed => "is gone at once",
        Promise::Nothing => "cannot be cancelled",
    }
}

/// Whether it is no model that has no way; one of another version's ways has been measured.
fn has_a_way(cell: &&Point) -> bool {
    cell.factors.way().is_some() || cell.status == Status::Ok
}

/// A row for each way.
pub(super) fn at_a_glance(cells: &[Point]) -> Table {
    let known = || cells.iter().filter(has_a_way);
    let ways = known().unique_by(|cell| cell.factors.construct.as_str());
    let waiting = |cell: &&Point| cell.factors.doing == Doing::Waiting;
    let numbers: Vec<u64> = known().filter(waiting).map(|cell| cell.factors.tasks).sorted().dedup().collect();
    let row = |way: &Point| {
        let construct = &way.factors.construct;
        let ended = |tasks: &u64| {
            let mut of_way = known().filter(waiting).filter(|cell| cell.factors.construct == *construct);
            let cell = of_way.find(|cell| cell.factors.tasks == *tasks);
            let took = cell.and_then(|cell| figure(cell, "ended_ns"));
            took.map_or("none".to_owned(), units::median_time)
        };
        let computing = points::computing(cells, construct);
        let mut row = vec![how(way).to_owned(), text::name(&way.factors.model)];
        row.extend(numbers.iter().map(ended));
        row.push(computing.map_or("none".to_owned(), |cell| {
            format!("{} of {}", count(cell, "destructors"), count(cell, "begun"))
        }));
        row.push(computing.map_or("none".to_owned(), wasted));
        row.push(computing.map_or("none", held).to_owned());
        row.push(promise(way).map_or("unknown", promised).to_owned());
        row
    };
    let mut heads = columns(&["cancelled by", "model"]);
    heads.extend(numbers.iter().map(|tasks| units::plain(*tasks as f64)));
    heads.extend(columns(&["destructors", "for nothing", "still held", "a task that has begun"]));
    Table { columns: heads, rows: ways.map(row).collect() }
}

fn count(cell: &Point, response: &str) -> String {
    figure(cell, response).map_or("none".to_owned(), |of| units::plain(of.median))
}

/// How long was computed after the request.
fn wasted(cell: &Point) -> String {
    wasted_ns(cell).map_or("none".to_owned(), units::time)
}

/// Whether what a task held was still held.
fn held(cell: &Point) -> &'static str {
    figure(cell, "still_held").map_or("none", |held| if held.median > 0.0 { "yes" } else { "no" })
}

/// A row for each cell.
pub(super) fn whole(cells: &[Point]) -> Table {
    let row = |cell: &Point| {
        let ended = match cell.status {
            Status::Ok => figure(cell, "ended_ns").map_or("none".to_owned(), |took| {
                format!("{} {}", units::median_time(took), units::time_interval(took))
            }),
            other => status(other).to_owned(),
        };
        vec![
            how(cell).to_owned(),
            text::name(&cell.factors.model),
            cell.factors.doing.to_string(),
            cell.factors.tasks.to_string(),
            promise(cell).map_or("unknown", promised).to_owned(),
            ended,
            count(cell, "destructors"),
            wasted(cell),
            held(cell).to_owned(),
        ]
    };
    let heads = [
        "cancelled by",
        "model",
        "tasks that are",
        "tasks",
        "a task that has begun",
        "until the last had ended",
        "destructors run",
        "computed for nothing",
        "still held",
    ];
    Table { columns: columns(&heads), rows: cells.iter().filter(has_a_way).map(row).collect() }
}
