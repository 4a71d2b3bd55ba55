//! The decision map: which model wins at which size of a task.

use concbench_charts::{Chart, Key, Table, Tile, Tiles, columns, tiles};
use concbench_text::figures as units;

use super::analyse::sizes;
use super::findings::{Findings, Region};
use crate::batch::{ComparisonKind, Sheet, WorkloadVerdict};
use crate::experiment::View;
use crate::report::{ReportError, text};

/// What was found, in one sentence for each thing that it is about.
pub(super) fn finding(sheet: &Sheet, found: &Findings) -> Vec<String> {
    let known = found.models.iter().filter_map(|model| Some((model.metg?.granularity_ns, &model.model)));
    let mut known: Vec<_> = known.collect();
    known.sort_by(|left, right| left.0.total_cmp(&right.0));
    let part = |(time, model): &(f64, &String)| format!("{} ({})", units::time(*time), text::name(model));
    let metg = match known.as_slice() {
        [] => None,
        [only] => {
            Some(format!("Half of the peak is reached by tasks that take a core at least {}.", part(only)))
        }
        [first, .., last] => {
            let (first, last) = (part(first), part(last));
            Some(format!("Half of the peak is reached by tasks that take a core at least {first} to {last}."))
        }
    };
    let by_size = match regions(sheet, found).as_slice() {
        [] => "No answer by task size, since no size was measured with its baseline.".to_owned(),
        regions => regions.join(" "),
    };
    std::iter::once(by_size).chain(metg).collect()
}

/// From which size on which models win, in words.
fn regions(sheet: &Sheet, found: &Findings) -> Vec<String> {
    let last = found.regions.len().saturating_sub(1);
    let range = |index: usize, from: f64, to: f64| match (index, last) {
        (0, 0) => "of any size".to_owned(),
        (0, _) => format!("up to {}", units::time(to)),
        (n, last) if n == last => format!("from {} on", units::time(from)),
        _ if from == to => format!("of {}", units::time(from)),
        _ => format!("from {} to {}", units::time(from), units::time(to)),
    };
    let sentence = |(index, region): (usize, &Region)| {
        let models: Vec<String> = region.models.iter().map(|model| text::name(model)).collect();
        let range = range(index, region.from_ns, region.to_ns);
        format!("For tasks {range} nothing is known to be faster than {}.", text::list(&models, 4))
    };
    found.regions.iter().enumerate().map(sentence).chain(ties(sheet)).collect()
}

/// From which size on several models tie, if they do up to the largest.
fn ties(sheet: &Sheet) -> Option<String> {
    let squares = squares(sheet);
    let tied: Vec<_> = squares.iter().rev().take_while(|(_, square)| square.winners.len() > 1).collect();
    let (from, _) = tied.last()?;
    let fewest = tied.iter().map(|(_, square)| square.winners.len()).min()?;
    Some(format!("From {} on, at least {fewest} models tie, and any of them will do.", units::time(*from)))
}

/// A square of the map: who wins by how much.
struct Square {
    winners: Vec<String>,
    /// The next behind the winners, and its ratio.
    next: Option<(String, f64)>,
}

/// A square for each size of a task, ascending.
fn squares(sheet: &Sheet) -> Vec<(f64, Square)> {
    let known = sizes(sheet);
    let sized =
        |answer: &WorkloadVerdict| Some((*known.get(answer.workload.as_str())?, square(sheet, answer)));
    let mut squares: Vec<(f64, Square)> = sheet.verdicts.iter().filter_map(sized).collect();
    squares.sort_by(|left, right| left.0.total_cmp(&right.0));
    squares
}

fn square(sheet: &Sheet, answer: &WorkloadVerdict) -> Square {
    let model = |id: &String| sheet.cells.iter().find(|cell| cell.id == *id).map(|cell| cell.model.clone());
    let behind = sheet.comparisons.iter().filter(|found| {
        found.workload == answer.workload
            && found.kind == ComparisonKind::Steady
            && !answer.winners.contains(&found.a)
    });
    let next = behind
        .min_by(|left, right| left.ratio.total_cmp(&right.ratio))
        .and_then(|found| Some((model(&found.a)?, found.ratio)));
    Square { winners: answer.winners.iter().filter_map(model).collect(), next }
}

/// The map, if there are sizes to choose between.
pub(super) fn chart(sheet: &Sheet, view: &View<'_>) -> Result<Option<Chart>, ReportError> {
    let squares = squares(sheet);
    if squares.len() < 2 {
        return Ok(None);
    }
    let mut drawn: Vec<Tile> = Vec::new();
    let mut table =
        Table { columns: columns(&["task size", "winners", "next", "behind by"]), rows: Vec::new() };
    for (column, (size, square)) in squares.iter().enumerate() {
        let next = square.next.as_ref();
        let margin = next.map_or("none left".into(), |(_, ratio)| units::ratio(*ratio, None));
        let winners: Vec<String> = square.winners.iter().map(|model| text::name(model)).collect();
        table.rows.push(vec![
            units::time(*size),
            text::list(&winners, usize::MAX),
            next.map_or("none".into(), |(model, _)| text::name(model)),
            margin.clone(),
        ]);
        let Some(look) = square.winners.first().and_then(|winner| view.looks.of(winner)) else { continue };
        let behind =
            next.map_or(String::new(), |(model, _)| format!("; next {} at {margin}", text::name(model)));
        let tie = winners.len() > 1;
        drawn.push(Tile {
            row: 0,
            column,
            ink: look.ink,
            pale: true,
            hatched: tie,
            key: Some(Key { marker: look.marker, ink: look.ink, name: text::name(&look.id) }),
            lines: vec![if tie { format!("tie {}", winners.len()) } else { margin }],
            tip: format!("tasks of {}: {}{behind}", units::time(*size), text::list(&winners, 4)),
            series: view.looks.index(&look.id),
        });
    }
    let name = "decision map".to_owned();
    let (size, body) = tiles(&Tiles {
        name: name.clone(),
        rows: vec!["computing".to_owned()],
        columns: squares.iter().map(|(size, _)| units::time(*size)).collect(),
        axis: "size of a task".into(),
        tiles: drawn,
    })?;
    Ok(Some(Chart {
        slug: "map".into(),
        title: name,
        question: "Which model wins, for which tasks?".into(),
        reading: "A square has the marker of its winner, and how far behind the next one is. Hatched squares are ties: \
                  any of the winners will do."
            .into(),
        size,
        body,
        table,
    }))
}
