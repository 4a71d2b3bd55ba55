//! The table of a run: for a terminal, for Markdown, as CSV.

use comfy_table::{CellAlignment, ContentArrangement, TableComponent, presets};

use super::chart;
use super::page::{sentence, switching_sentence, switching_table, waiting_sentence, waiting_table};
use super::text::{clip, markdown, name, plural};
use super::view::{View, family, measured, reason, status};
use super::{csv, units};
use crate::record::ComparisonKind;
use crate::record::{CellRecord, Run, WorkloadRecord};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal, without colours.
    Table,
    /// A table of Markdown.
    Md,
    /// Comma-separated values; times in nanoseconds, memory in bytes.
    Csv,
}

const HEADS: [&str; 8] = [
    "model",
    "workers",
    "steady, a batch",
    "ratio to the best",
    "one-off",
    "CPU time, a batch",
    "peak memory",
    "status",
];

/// A table for each workload of the run, with one sentence of verdict, and one for each cost that it has looked at (CSV:
/// one table of the workloads' plain figures).
pub fn table(run: &Run, format: Format) -> String {
    let view = View::new(run);
    match format {
        Format::Table => {
            let works = run.workloads.iter().map(|work| terminal(&view, work));
            works.chain(costs(run).map(|cost| cost.terminal())).collect::<Vec<_>>().join("\n")
        }
        Format::Md => {
            let works = run.workloads.iter().map(|work| pasted(&view, work));
            works.chain(costs(run).map(|cost| cost.pasted())).collect::<Vec<_>>().join("\n")
        }
        Format::Csv => plain(&view),
    }
}

/// The ranked cells of a workload: the measured ones from fast to slow, then those without a figure.
fn cells<'a>(view: &View<'a>, work: &WorkloadRecord) -> Vec<&'a CellRecord> {
    let fast = view.measured(&work.name).into_iter().map(|(cell, _)| cell);
    let without = view.ranked(&work.name).filter(|cell| measured(cell).is_none());
    fast.chain(without).collect()
}

fn row(view: &View<'_>, cell: &CellRecord) -> [String; 8] {
    let model = name(&cell.model);
    let workers = cell.workers.to_string();
    let Some((_, summary)) = measured(cell) else {
        let why = format!("{}: {}", status(cell.status), clip(&reason(cell), 100));
        return [model, workers, "-".into(), "-".into(), "-".into(), "-".into(), "-".into(), why];
    };

    let steady = summary.steady;
    let ratio = view.ratio(ComparisonKind::Steady, cell).map_or("-".into(), |ratio| match ratio.interval {
        Some(_) => format!("{} {}", ratio.figure(), ratio.range()),
        None => ratio.figure(),
    });
    [
        model,
        workers,
        format!("{} {}", units::median_time(&steady), units::time_interval(&steady)),
        ratio,
        units::median_time(&summary.one_off),
        summary.cpu.map_or("not recorded".into(), |cpu| units::median_time(&cpu)),
        summary.peak_rss.map_or("not recorded".into(), |peak| units::bytes(peak.median)),
        status(cell.status).into(),
    ]
}

fn terminal(view: &View<'_>, work: &WorkloadRecord) -> String {
    let rows = cells(view, work).into_iter().map(|cell| row(view, cell));
    let (name, sentence, noise) = (name(&work.name), sentence(view, &work.name), noise(view, work));
    format!("{name}\n{sentence}\n{noise}\n{}\n", aligned(&HEADS, rows))
}

/// Columns of which all but the first and the last hold figures.
fn aligned<R: IntoIterator<Item = String>>(heads: &[&str], rows: impl Iterator<Item = R>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_style(TableComponent::HeaderLines, '─');
    table.set_header(heads);
    for row in rows {
        table.add_row(row.into_iter().collect::<Vec<_>>());
    }
    for column in table.column_iter_mut().skip(1).take(heads.len().saturating_sub(2)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// What this workload's own twin and its own blocks say about how far its figures go.
fn noise(view: &View<'_>, work: &WorkloadRecord) -> String {
    let verdict = view.verdict(&work.name);
    let floor = verdict.and_then(|verdict| verdict.noise_floor);
    let effect = verdict.and_then(|verdict| verdict.smallest_effect);
    let blocks: Vec<_> = view.run.noise.blocks.iter().filter(|block| block.workload == work.name).collect();
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

fn pasted(view: &View<'_>, work: &WorkloadRecord) -> String {
    let rows = cells(view, work).into_iter().map(|cell| row(view, cell));
    let (title, sentence) = (markdown(&name(&work.name)), markdown(&sentence(view, &work.name)));
    let noise = markdown(&noise(view, work));
    format!("### {title}\n\n{sentence}\n\n{noise}\n\n{}", piped(&HEADS, rows))
}

fn piped<R: IntoIterator<Item = String>>(heads: &[&str], rows: impl Iterator<Item = R>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(heads.iter().map(|&head| head.to_owned()).collect());
    out += &format!("| :-- |{} :-- |\n", " --: |".repeat(heads.len().saturating_sub(2)));
    for row in rows {
        out += &line(row.into_iter().map(|field| markdown(&field)).collect());
    }
    out
}

/// Something that was measured beside the matrix.
struct Cost {
    title: &'static str,
    sentence: String,
    table: chart::Table,
}

impl Cost {
    fn heads(&self) -> Vec<&str> {
        self.table.columns.iter().map(String::as_str).collect()
    }

    fn terminal(self) -> String {
        let rows = self.table.rows.iter().map(|row| row.iter().map(|field| clip(field, 100)));
        format!("{}\n{}\n{}\n", self.title, self.sentence, aligned(&self.heads(), rows))
    }

    fn pasted(self) -> String {
        let rows = self.table.rows.iter().cloned();
        format!("### {}\n\n{}\n\n{}", self.title, markdown(&self.sentence), piped(&self.heads(), rows))
    }
}

fn costs(run: &Run) -> impl Iterator<Item = Cost> {
    let waiting = run.memory.as_ref().map(|memory| Cost {
        title: "waiting tasks",
        sentence: waiting_sentence(memory),
        table: waiting_table(memory),
    });
    let switching = run.switches.as_ref().map(|switches| Cost {
        title: "switches",
        sentence: switching_sentence(switches),
        table: switching_table(switches),
    });
    waiting.into_iter().chain(switching)
}

fn plain(view: &View<'_>) -> String {
    let heads = [
        "workload",
        "model",
        "family",
        "workers",
        "status",
        "reason",
        "steady_ns",
        "steady_low_ns",
        "steady_high_ns",
        "ratio",
        "ratio_low",
        "ratio_high",
        "one_off_ns",
        "cpu_ns",
        "peak_rss_bytes",
    ];
    let row = |work: &WorkloadRecord, cell: &CellRecord| {
        let summary = measured(cell).map(|(_, summary)| summary);
        let ratio = view.ratio(ComparisonKind::Steady, cell);
        let whole = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.0}"));
        let exact = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
        [
            work.name.clone(),
            cell.model.clone(),
            family(cell.family).to_owned(),
            cell.workers.to_string(),
            status(cell.status).to_owned(),
            cell.reason.clone().unwrap_or_default(),
            whole(summary.map(|s| s.steady.median)),
            whole(summary.map(|s| s.steady.low)),
            whole(summary.map(|s| s.steady.high)),
            exact(ratio.map(|r| r.value)),
            exact(ratio.and_then(|r| r.interval).map(|i| i.0)),
            exact(ratio.and_then(|r| r.interval).map(|i| i.1)),
            whole(summary.map(|s| s.one_off.median)),
            whole(summary.and_then(|s| s.cpu).map(|e| e.median)),
            whole(summary.and_then(|s| s.peak_rss).map(|e| e.median)),
        ]
    };
    let rows = view
        .run
        .workloads
        .iter()
        .flat_map(|work| cells(view, work).into_iter().map(move |cell| row(work, cell)));
    csv::written(&heads, rows)
}
