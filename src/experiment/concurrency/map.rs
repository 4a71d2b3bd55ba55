//! The decision map: which model wins with how many tasks in flight, by how much of their time they wait.

use concbench_charts::{Chart, Key, Table, Tile, Tiles, columns, tiles};
use concbench_text::figures::{self as units, Measure};

use super::findings::{Findings, Square};
use crate::experiment::View;
use crate::report::{ReportError, text};

/// What a task does, in words.
pub(super) fn described(wait_ns: u64, compute_ns: u64) -> String {
    let wait = units::exact_time(wait_ns);
    match compute_ns {
        0 => format!("waits {wait}"),
        compute => format!("waits {wait} and computes {}", units::exact_time(compute)),
    }
}

/// The share of its time that a task waits when it is all there is.
fn waiting(square: &Square) -> f64 {
    square.wait_ns as f64 / (square.wait_ns + square.compute_ns).max(1) as f64
}

fn row_name(square: &Square) -> String {
    let wait = units::exact_time(square.wait_ns);
    let computes = match square.compute_ns {
        0 => String::new(),
        compute => format!("+{}", units::exact_time(compute)),
    };
    format!("{}: {wait}{computes}", share(waiting(square)))
}

/// A share close to one, with the digits that tell it from one.
fn share(share: f64) -> String {
    let percent = 100.0 * share;
    match percent {
        100.0 => "100 %".to_owned(),
        p if p < 99.05 => format!("{p:.0} %"),
        p => format!("{p:.1} %"),
    }
}

/// The rows and columns of the map: each kind of task, the one that waits most first, and each number of them.
fn places(found: &Findings) -> (Vec<&Square>, Vec<u64>) {
    let mut works: Vec<&Square> = Vec::new();
    for square in &found.squares {
        if works.iter().all(|known| known.work != square.work) {
            works.push(square);
        }
    }
    works.sort_by(|left, right| {
        waiting(right).total_cmp(&waiting(left)).then_with(|| right.wait_ns.cmp(&left.wait_ns))
    });
    let mut counts: Vec<u64> = found.squares.iter().map(|square| square.tasks).collect();
    counts.sort_unstable();
    counts.dedup();
    (works, counts)
}

/// The same for a terminal: who wins, and how far behind the next one is.
pub(super) fn table(found: &Findings) -> Table {
    let (works, counts) = places(found);
    let field = |work: &str, tasks: u64| {
        let square = found.squares.iter().find(|square| square.work == work && square.tasks == tasks);
        square.map_or("not in time".into(), |square| match (square.winners.as_slice(), &square.next) {
            ([only], Some(next)) => format!("{} {}", text::name(only), units::ratio(next.behind.ratio, None)),
            ([only], None) => text::name(only),
            (tied, _) => format!("tie of {}", tied.len()),
        })
    };
    let row = |square: &&Square| {
        let fields = counts.iter().map(|tasks| field(&square.work, *tasks));
        std::iter::once(described(square.wait_ns, square.compute_ns)).chain(fields).collect()
    };
    let heads = counts.iter().map(|tasks| format!("{tasks} in flight"));
    Table {
        columns: std::iter::once("a task".to_owned()).chain(heads).collect(),
        rows: works.iter().map(row).collect(),
    }
}

/// The map, if anything was measured.
pub(super) fn chart(found: &Findings, view: &View<'_>) -> Result<Option<Chart>, ReportError> {
    let (works, counts) = places(found);
    if works.is_empty() {
        return Ok(None);
    }
    let mut drawn: Vec<Tile> = Vec::new();
    let heads = ["a task", "tasks in flight", "winners", "next", "behind by", "its interval"];
    let mut table = Table { columns: columns(&heads), rows: Vec::new() };
    for square in &found.squares {
        let row = works.iter().position(|known| known.work == square.work).unwrap_or(0);
        let column = counts.iter().position(|tasks| *tasks == square.tasks).unwrap_or(0);
        table.rows.push(figures(square));
        drawn.extend(tile(square, (row, column), view));
    }
    let name = "tasks in flight".to_owned();
    let (size, body) = tiles(&Tiles {
        name: name.clone(),
        rows: works.iter().map(|square| row_name(square)).collect(),
        columns: counts.iter().map(|tasks| Measure::Count.tick(*tasks as f64)).collect(),
        axis: "tasks in flight; rows: the share of its time that a task waits".into(),
        tiles: drawn,
    })?;
    Ok(Some(Chart {
        slug: "in-flight".into(),
        title: name,
        question: "Threads or coroutines? Which model wins with so many tasks in flight?".into(),
        reading: "A square has the marker of its winner in time, and how far behind the next one is. Hatched squares are \
                  ties: any of the winners will do. A square is empty where no model could run so many in time."
            .into(),
        size,
        body,
        table,
    }))
}

fn names(square: &Square) -> Vec<String> {
    square.winners.iter().map(|model| text::name(model)).collect()
}

fn figures(square: &Square) -> Vec<String> {
    let next = square.next.as_ref();
    let ratio = next.map(|next| units::Ratio {
        value: next.behind.ratio,
        interval: Some((next.behind.low, next.behind.high)),
    });
    vec![
        described(square.wait_ns, square.compute_ns),
        square.tasks.to_string(),
        text::list(&names(square), usize::MAX),
        next.map_or("none".into(), |next| text::name(&next.model)),
        ratio.map_or("none left".into(), |ratio| ratio.figure()),
        ratio.map_or("none left".into(), |ratio| ratio.range()),
    ]
}

fn tile(square: &Square, (row, column): (usize, usize), view: &View<'_>) -> Option<Tile> {
    let look = view.looks.of(square.winners.first()?)?;
    let next = square.next.as_ref();
    let margin = next.map_or("alone".into(), |next| units::ratio(next.behind.ratio, None));
    let behind = next.map_or(String::new(), |next| format!("; next {} at {margin}", text::name(&next.model)));
    let tie = square.winners.len() > 1;
    Some(Tile {
        row,
        column,
        ink: look.ink,
        pale: true,
        hatched: tie,
        key: Some(Key { marker: look.marker, ink: look.ink, name: text::name(&look.id) }),
        lines: vec![if tie { format!("tie {}", square.winners.len()) } else { margin }],
        tip: format!(
            "{} tasks, each {}: {}{behind}",
            square.tasks,
            described(square.wait_ns, square.compute_ns),
            text::list(&names(square), 4)
        ),
        series: view.looks.index(&look.id),
    })
}
