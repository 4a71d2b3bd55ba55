//! The matrix as tables of text.

use concbench_charts::Table;
use concbench_text::figures as units;

use super::ranking::{RankCell, RankRow, Ranking};
use super::verdict::{ClassVerdict, WorkVerdict, sentence};
use crate::batch::analyse::Metric;
use crate::batch::{SheetCell, WorkloadRecord};
use crate::experiment::matrix::view::{SheetView, measured, reason};
use crate::report::text::{clip, name, plural};
use crate::report::{Summarised, TextTable, status};

const COLUMNS: [&str; 8] = [
    "model",
    "workers",
    "steady, a batch",
    "ratio to the best",
    "one-off",
    "CPU time, a batch",
    "peak memory",
    "status",
];

/// A table for each workload, with its verdict.
pub(super) fn of_workloads(view: &SheetView<'_>) -> Vec<TextTable> {
    let table = |work: &WorkloadRecord| TextTable {
        title: name(&work.name),
        sentences: vec![sentence(view, &work.name), noise(view, work)],
        table: Table {
            columns: COLUMNS.map(str::to_owned).to_vec(),
            rows: cells(view, work).into_iter().map(|cell| row(view, cell)).collect(),
        },
    };
    view.sheet.workloads.iter().map(table).collect()
}

/// The ranked cells of a workload: the measured ones from fast to slow, then those without a figure.
fn cells<'a>(view: &SheetView<'a>, work: &WorkloadRecord) -> Vec<&'a SheetCell> {
    let fast = view.measured(&work.name).into_iter().map(|(cell, _)| cell);
    let without = view.ranked(&work.name).filter(|cell| measured(cell).is_none());
    fast.chain(without).collect()
}

fn row(view: &SheetView<'_>, cell: &SheetCell) -> Vec<String> {
    let (model, workers) = (name(&cell.model), cell.workers.to_string());
    let Some((_, summary)) = measured(cell) else {
        let why = format!("{}: {}", status(cell.status), clip(&reason(cell), 100));
        let none = std::iter::repeat_n("-".to_owned(), 5);
        return [model, workers].into_iter().chain(none).chain([why]).collect();
    };
    let ratio = view.ratio(Metric::Steady, cell).map_or("-".into(), |ratio| match ratio.interval {
        Some(_) => format!("{} {}", ratio.figure(), ratio.range()),
        None => ratio.figure(),
    });
    let unknown = || "not recorded".to_owned();
    vec![
        model,
        workers,
        format!("{} {}", units::median_time(&summary.steady), units::time_interval(&summary.steady)),
        ratio,
        units::median_time(&summary.one_off),
        summary.cpu.map_or_else(unknown, |cpu| units::median_time(&cpu)),
        summary.peak_rss.map_or_else(unknown, |peak| units::bytes(peak.median)),
        status(cell.status).into(),
    ]
}

/// What this workload's own twin and its own blocks say about how far its figures go.
fn noise(view: &SheetView<'_>, work: &WorkloadRecord) -> String {
    let verdict = view.verdict(&work.name);
    let floor = verdict.and_then(|verdict| verdict.noise_floor);
    let effect = verdict.and_then(|verdict| verdict.smallest_effect);
    let blocks: Vec<_> = view.sheet.noise.iter().filter(|block| block.group == work.name).collect();
    let breached = blocks.iter().filter(|block| block.breach.is_some()).count();
    let repeats: u64 = blocks.iter().map(|block| u64::from(block.repeats)).sum();
    let mut parts = vec![match floor {
        Some(floor) => format!("noise floor {}", units::percent(floor)),
        None => "no noise floor, since there is no twin".to_owned(),
    }];
    parts.extend(effect.map(|effect| format!("smallest effect called different {}", units::percent(effect))));
    parts.push(format!("{breached} of {} not quiet", plural(blocks.len() as u64, "block")));
    parts.extend((repeats > 0).then(|| format!("{repeats} measured again")));
    parts.join(", ")
}

/// The answers, for the summary.
pub(super) fn answer(class: &ClassVerdict) -> Summarised {
    let line = |work: &WorkVerdict| (work.name.clone(), work.sentence.clone());
    Summarised::Answer(class.finding(), class.workloads.iter().map(line).collect())
}

/// The ranking, for the summary.
pub(super) fn of_ranking(ranking: &Ranking) -> Summarised {
    let mut columns = vec!["model".to_owned()];
    columns.extend(ranking.classes.iter().map(|class| class.to_lowercase()));
    columns.extend(ranking.workloads.iter().cloned());
    columns.extend(["CPU time".to_owned(), "peak memory".to_owned()]);
    let field = |cell: &RankCell| match cell {
        RankCell::Figure { figure, .. } => figure.clone(),
        RankCell::Why { status, .. } => status.clone(),
    };
    let row = |row: &RankRow| std::iter::once(row.name.clone()).chain(row.cells.iter().map(field)).collect();
    let best = |(number, row): (usize, &RankRow)| {
        let best = row.cells.iter().enumerate().filter(|(_, cell)| cell.is_best());
        // The first column is that of the names.
        best.map(|(column, _)| (number, column + 1)).collect::<Vec<_>>()
    };
    Summarised::Table {
        table: Table { columns, rows: ranking.rows.iter().map(row).collect() },
        strong: ranking.rows.iter().enumerate().flat_map(best).collect(),
        note: "Ratio of the time of a batch to that of the best model; bold: none is surely faster."
            .to_owned(),
    }
}
