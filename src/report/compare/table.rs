//! The table of a comparison, for a terminal, for Markdown, as CSV.

use comfy_table::{CellAlignment, ContentArrangement, TableComponent, presets};

use super::words;
use crate::analyse::{Across, CellAcross};
use crate::record::Estimate;
use crate::report::table::Format;
use crate::report::{csv, text, units};

/// The answers, and a row for each common cell (CSV: plain figures alone; times in nanoseconds).
pub fn compare_table(across: &Across, format: Format) -> String {
    match format {
        Format::Table => terminal(across),
        Format::Md => pasted(across),
        Format::Csv => plain(across),
    }
}

/// What is said before the table, one line each.
fn lines(across: &Across) -> Vec<String> {
    let mut lines: Vec<String> = (1..across.places.len()).map(|place| words::answer(across, place)).collect();
    lines.extend((1..across.places.len()).filter_map(|place| words::money(across, place)));
    for objection in &across.objections {
        lines.push(text::sentence(&format!("Caution: {}: {}", objection.what, objection.remedy)));
    }
    let regressions = words::regressions(across);
    if !regressions.is_empty() {
        let share = units::percent(across.threshold);
        lines.push(format!(
            "Slower by more than {share}: {}.",
            text::plural(regressions.len() as u64, "cell")
        ));
        lines.extend(regressions);
    }
    if !across.missing.is_empty() {
        let missing = text::plural(across.missing.len() as u64, "cell");
        lines.push(format!("{missing} not compared, since some run has no figure for it."));
    }
    lines
}

fn heads(across: &Across) -> Vec<String> {
    let mut heads = vec!["workload".to_owned(), "model".to_owned()];
    heads.extend(across.places.iter().map(|place| text::name(&place.name)));
    for place in &across.places[1..] {
        heads.push(format!("{}, time over the first", text::name(&place.name)));
        heads.push("verdict".into());
    }
    heads
}

fn row(across: &Across, cell: &CellAcross) -> Vec<String> {
    let mut row = vec![text::name(&cell.workload), words::label(across, cell)];
    row.extend(
        cell.steady
            .iter()
            .map(|steady| format!("{} {}", units::median_time(steady), units::time_interval(steady))),
    );
    for contrast in &cell.contrasts {
        let interval = Some((contrast.low, contrast.high));
        let (figure, range) =
            (units::ratio(contrast.ratio, interval), units::ratio_interval(contrast.ratio, interval));
        row.push(format!("{figure} {range}"));
        row.push(words::verdict(contrast).into());
    }
    row
}

fn terminal(across: &Across) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_style(TableComponent::HeaderLines, '─');
    table.set_header(heads(across));
    for cell in &across.cells {
        table.add_row(row(across, cell));
    }
    for column in table.column_iter_mut().skip(2).take(across.places.len() + 1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n\n{table}\n", lines(across).join("\n"))
}

fn pasted(across: &Across) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<_> = cells.iter().map(|cell| text::markdown(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut out = String::new();
    for said in lines(across) {
        out += &format!("- {}\n", text::markdown(&said));
    }
    let heads = heads(across);
    let rule = " --- |".repeat(heads.len());
    out += &format!("\n{}|{rule}\n", line(heads));
    for cell in &across.cells {
        out += &line(row(across, cell));
    }
    out
}

fn plain(across: &Across) -> String {
    let heads = [
        "workload",
        "model",
        "workers_rule",
        "run",
        "steady_ns",
        "low_ns",
        "high_ns",
        "ratio",
        "ratio_low",
        "ratio_high",
        "verdict",
    ];
    let row = |cell: &CellAcross, place: usize, steady: &Estimate| {
        let contrast = place.checked_sub(1).map(|index| &cell.contrasts[index]);
        let ratio = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
        [
            cell.workload.clone(),
            cell.model.clone(),
            cell.workers_rule.clone(),
            across.places[place].name.clone(),
            format!("{:.0}", steady.median),
            format!("{:.0}", steady.low),
            format!("{:.0}", steady.high),
            ratio(contrast.map(|c| c.ratio)),
            ratio(contrast.map(|c| c.low)),
            ratio(contrast.map(|c| c.high)),
            contrast.map_or("reference", words::verdict).to_owned(),
        ]
    };
    let rows = across
        .cells
        .iter()
        .flat_map(|cell| cell.steady.iter().enumerate().map(move |(place, steady)| row(cell, place, steady)));
    csv::written(&heads, rows)
}
