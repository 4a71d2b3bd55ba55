//! Tables as text: for a terminal, in Markdown, as CSV.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, ContentArrangement, TableComponent, presets};
use concbench_charts::Table;

use super::text::{clean, clip, code, inert, markdown};
use super::{Section, TextTable};

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal, without colours.
    Terminal,
    /// Markdown.
    Markdown,
}

/// The longest field on a terminal, in characters.
const LONGEST: usize = 100;

/// The tables of all sections, each below what it shows; and behind them what was found.
pub(crate) fn listing(sections: &[Section], format: Format) -> String {
    let tables = sections.iter().flat_map(|section| &section.tables);
    let mut parts: Vec<String> = tables.map(|table| titled(table, format)).collect();
    for section in sections.iter().filter(|section| !section.findings.is_empty()) {
        parts.push(match format {
            Format::Terminal => format!("{}\n  {}\n", section.heading, section.findings.join("\n  ")),
            Format::Markdown => {
                let findings: Vec<_> =
                    section.findings.iter().map(|finding| format!("- {}", markdown(finding))).collect();
                format!("### {}\n\n{}\n", markdown(&section.heading), findings.join("\n"))
            }
        });
    }
    parts.join("\n")
}

/// A table below its title and what it shows.
pub(crate) fn titled(TextTable { title, sentences, table }: &TextTable, format: Format) -> String {
    match format {
        Format::Terminal => {
            let lines: Vec<_> = std::iter::once(title).chain(sentences).map(|line| clean(line)).collect();
            format!("{}\n{}\n", lines.join("\n"), aligned(table))
        }
        Format::Markdown => {
            let lines: Vec<_> = sentences.iter().map(|line| markdown(line) + "\n\n").collect();
            format!("### {}\n\n{}{}", markdown(title), lines.concat(), piped(table))
        }
    }
}

/// Columns for a terminal, of which all but the first and the last hold figures.
pub(crate) fn aligned(Table { columns, rows }: &Table) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_style(TableComponent::HeaderLines, '─');
    table.set_header(columns);
    table.add_rows(rows.iter().map(|row| row.iter().map(|field| clip(field, LONGEST))));
    for column in table.column_iter_mut().skip(1).take(columns.len().saturating_sub(2)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// The same in Markdown.
pub(crate) fn piped(table: &Table) -> String {
    piped_with(table, &BTreeSet::new())
}

/// The same with some fields in bold, by row and column.
pub(crate) fn piped_with(Table { columns, rows }: &Table, strong: &BTreeSet<(usize, usize)>) -> String {
    let marks = format!("| :-- |{} :-- |", " --: |".repeat(columns.len().saturating_sub(2)));
    let fields = |(number, row): (usize, &Vec<String>)| {
        let field = |(column, field): (usize, &String)| match strong.contains(&(number, column)) {
            true => format!("**{}**", markdown(field)),
            false => markdown(field),
        };
        row.iter().enumerate().map(field).collect()
    };
    let heads = columns.iter().map(|column| markdown(column)).collect();
    lines(heads, &marks, rows.iter().enumerate().map(fields))
}

/// A table of names and what is said of each, in Markdown.
pub(crate) fn described(heads: &[&str], rows: &[Vec<String>]) -> String {
    let field = |(column, field): (usize, &String)| if column == 0 { code(field) } else { markdown(field) };
    let fields = |row: &Vec<String>| row.iter().enumerate().map(field).collect();
    let marks = format!("|{}", " :-- |".repeat(heads.len()));
    lines(heads.iter().map(|head| markdown(head)).collect(), &marks, rows.iter().map(fields))
}

/// A line for each row, however long: Markdown knows no other.
fn lines(heads: Vec<String>, marks: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = line(heads) + marks + "\n";
    std::iter::once(heads).chain(rows.map(line)).collect()
}

/// The same as CSV. What a spreadsheet would take for a formula is marked as text, and what would act on a terminal is
/// left out.
pub(crate) fn written<R: AsRef<[String]>>(
    columns: &[impl AsRef<[u8]>],
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).expect("memory takes a row");
    for row in rows {
        let fields = row.as_ref().iter().map(|field| inert(&clean(field)));
        writer.write_record(fields).expect("memory takes rows of one length");
    }
    String::from_utf8(writer.into_inner().expect("memory takes what is left")).expect("fields are text")
}
