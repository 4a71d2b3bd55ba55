//! The decision map: which model wins for which kind and size of task.

use concbench_workloads::Class;

use crate::model::Family;
use crate::batch::{Comparison, ComparisonKind, Sheet, SheetCell, WorkloadVerdict};
use crate::record::{Granularity, Region};
use concbench_charts::{self, Chart, Key, Table, Tile, Tiles, columns};
use crate::experiment::matrix::view::View;
use concbench_text::figures as units;
use crate::report::{ReportError, text};

/// Where the answer flips.
pub(crate) struct Map {
    pub(crate) chart: Chart,
    /// One sentence for each range of task sizes.
    pub(crate) regions: Vec<String>,
}

/// The decision map, if the run swept the size of tasks.
pub(crate) fn map(view: &View<'_>) -> Result<Option<Map>, ReportError> {
    match &view.run.granularity {
        Some(sweep) if sweep.workloads.len() > 1 => {
            Ok(Some(Map { chart: map_chart(view, sweep)?, regions: regions(sweep) }))
        }
        _ => Ok(None),
    }
}

/// The regions of the answer for computing, for the verdict.
pub(super) fn by_size(sheet: &Sheet) -> Option<String> {
    let sentences = regions(run.granularity.as_ref()?);
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// From which size on which models win, in words.
fn regions(sweep: &Granularity) -> Vec<String> {
    let last = sweep.regions.len().saturating_sub(1);
    let range = |index: usize, from: f64, to: f64| match (index, last) {
        (0, 0) => "at every size".to_owned(),
        (0, _) => format!("up to {}", units::time(to)),
        (n, last) if n == last => format!("from {} on", units::time(from)),
        _ if from == to => format!("at {}", units::time(from)),
        _ => format!("from {} to {}", units::time(from), units::time(to)),
    };
    let sentence = |(index, region): (usize, &Region)| {
        let models: Vec<String> = region.models.iter().map(|model| text::name(model)).collect();
        format!("Tasks {}: {}.", range(index, region.from_ns, region.to_ns), text::list(&models, 4))
    };
    let mut sentences: Vec<String> = sweep.regions.iter().enumerate().map(sentence).collect();
    sentences.extend(ties(sweep));
    sentences
}

/// From which size on several models tie, if they do up to the largest.
fn ties(sweep: &Granularity) -> Option<String> {
    let mut sizes: Vec<(f64, usize)> = sweep
        .verdicts
        .iter()
        .filter_map(|answer| Some((task_ns(&sweep.cells, &answer.workload)?, answer.winners.len())))
        .collect();
    sizes.sort_by(|left, right| right.0.total_cmp(&left.0));
    let tied: Vec<_> = sizes.into_iter().take_while(|(_, winners)| *winners > 1).collect();
    let (from, _) = tied.last()?;
    let fewest = tied.iter().map(|(_, winners)| *winners).min()?;
    Some(format!("From {} on, at least {fewest} models tie, and any of them will do.", units::time(*from)))
}

/// A row of the map: a kind of work, and its squares.
struct Row {
    label: String,
    /// The task's size, and the cells, comparisons and answer at that size.
    squares: Vec<(f64, Square)>,
}

/// A square of the map: who wins by how much.
struct Square {
    workload: String,
    winners: Vec<String>,
    /// The next behind the winners, and its ratio.
    next: Option<(String, f64)>,
}

fn map_chart(view: &View<'_>, sweep: &Granularity) -> Result<Chart, ReportError> {
    let rows = rows(view, sweep);
    // The columns are the sizes of the sweep; other workloads stand in the nearest.
    let sizes: Vec<f64> = rows[0].squares.iter().map(|(size, _)| *size).collect();
    let nearest = |size: f64| {
        let apart = |index: &usize| (sizes[*index].ln() - size.ln()).abs();
        (0..sizes.len()).min_by(|a, b| apart(a).total_cmp(&apart(b))).unwrap_or(0)
    };
    let mut tiles: Vec<Tile> = Vec::new();
    let mut table =
        Table { columns: columns(&["work", "task size", "winners", "next", "behind by"]), rows: Vec::new() };
    for (row, of) in rows.iter().enumerate() {
        for (size, square) in &of.squares {
            let next = square.next.as_ref();
            let margin = next.map_or("none left".into(), |(_, ratio)| units::ratio(*ratio, None));
            let winners: Vec<String> = square.winners.iter().map(|model| text::name(model)).collect();
            table.rows.push(vec![
                of.label.clone(),
                units::time(*size),
                text::list(&winners, usize::MAX),
                next.map_or("none".into(), |(model, _)| text::name(model)),
                margin.clone(),
            ]);
            let Some(winner) = square.winners.first() else { continue };
            let index = view.index(winner);
            let look = &view.models[index];
            let tie = square.winners.len() > 1;
            tiles.push(Tile {
                row,
                column: nearest(*size),
                ink: look.ink,
                pale: true,
                hatched: tie,
                key: Some(Key { marker: look.marker, ink: look.ink, name: text::name(winner) }),
                lines: vec![if tie { format!("tie {}", square.winners.len()) } else { margin.clone() }],
                tip: format!(
                    "{}, tasks of {}: {}{}",
                    text::name(&square.workload),
                    units::time(*size),
                    text::list(&winners, 4),
                    next.map_or(String::new(), |(model, _)| format!(
                        "; next {} at {margin}",
                        text::name(model)
                    ))
                ),
                series: Some(index),
            });
        }
    }
    let name = "decision map".to_owned();
    let (size, body) = chart::tiles(&Tiles {
        name: name.clone(),
        rows: rows.iter().map(|row| row.label.clone()).collect(),
        columns: sizes.iter().map(|size| units::time(*size)).collect(),
        axis: "size of a task".into(),
        tiles,
    })?;
    Ok(Chart {
        slug: "map".into(),
        title: name,
        question: "Which model wins, for which tasks?".into(),
        reading: "A square has the marker of its winner, and how far behind the next one is. Hatched squares are ties: \
                  any of the winners will do."
            .into(),
        size,
        body,
        table,
    })
}

/// The sweep first, then the other workloads by the share of a task that is waiting.
fn rows(view: &View<'_>, sweep: &Granularity) -> Vec<Row> {
    let of_sweep = sweep.workloads.iter().filter_map(|work| {
        let size = task_ns(&sweep.cells, &work.name)?;
        let answer = sweep.verdicts.iter().find(|verdict| verdict.workload == work.name)?;
        Some((size, square(&sweep.cells, &sweep.comparisons, answer)))
    });
    let mut squares: Vec<_> = of_sweep.collect();
    squares.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut rows = vec![Row { label: "sweep, no waiting".into(), squares }];
    let mut others: Vec<(f64, Row)> = Vec::new();
    for work in view.sheet.workloads.iter().filter(|work| work.class != Class::Creation) {
        let (Some(size), Some(answer)) = (task_ns(&view.sheet.cells, &work.name), view.verdict(&work.name))
        else {
            continue;
        };
        let share = (work.wait_ns as f64 / size).min(1.0);
        let waiting =
            if share == 0.0 { "no waiting".into() } else { format!("{} waiting", units::percent(share)) };
        let label = format!("{}, {waiting}", text::clip(&work.name, 14));
        let square = square(&view.sheet.cells, &view.sheet.comparisons, answer);
        others.push((share, Row { label, squares: vec![(size, square)] }));
    }
    others.sort_by(|left, right| left.0.total_cmp(&right.0));
    rows.extend(others.into_iter().map(|(_, row)| row));
    rows
}

/// The time of a task when it is all there is: its share of a sequential batch.
fn task_ns(cells: &[SheetCell], workload: &str) -> Option<f64> {
    let baseline = cells
        .iter()
        .find(|cell| cell.workload == workload && cell.family == Family::Baseline && !cell.twin)?;
    let size = baseline.summary.as_ref()?.steady.median / baseline.tasks.max(1) as f64;
    (size.is_finite() && size > 0.0).then_some(size)
}

fn square(cells: &[SheetCell], comparisons: &[Comparison], answer: &WorkloadVerdict) -> Square {
    let model = |id: &String| cells.iter().find(|cell| cell.id == *id).map(|cell| cell.model.clone());
    let mut winners: Vec<String> = answer.winners.iter().filter_map(model).collect();
    winners.dedup();
    let behind = comparisons.iter().filter(|found| {
        found.workload == answer.workload
            && found.kind == ComparisonKind::Steady
            && !answer.winners.contains(&found.a)
    });
    let next = behind
        .min_by(|left, right| left.ratio.total_cmp(&right.ratio))
        .and_then(|found| Some((model(&found.a)?, found.ratio)));
    Square { workload: answer.workload.clone(), winners, next }
}
