//! Every model against one that somebody names.

use super::sheet_of;
use crate::batch::analyse::{against, best_of};
use crate::batch::{Comparison, Sheet, Verdict};
use crate::record::Record;
use crate::report::{Format, ReportError, TextTable, text, titled};
use concbench_charts::{Table, columns};
use concbench_text::figures as units;
use itertools::Itertools as _;

/// A table for each workload: how long every ranked cell takes beside the fastest one of this model. Its intervals hold
/// together whichever model is named, and after whatever was seen: those between all pairs of a workload do.
///
/// # Errors
///
/// When the record has no matrix, or no such model was measured in it, in one line.
pub(crate) fn reference_tables(record: &Record, model: &str, format: Format) -> Result<String, ReportError> {
    let sheet = sheet_of(record).map_err(ReportError::Record)?;
    let sheet =
        sheet.ok_or_else(|| ReportError::Record("it has no matrix, which models are compared in".into()))?;
    let works = sheet.workloads.iter().filter(|work| best_of(&sheet, &work.name, model).is_some());
    let tables: Vec<String> =
        works.map(|work| titled(&of_workload(&sheet, &work.name, model), format)).collect();
    if tables.is_empty() {
        let measured = sheet.cells.iter().filter(|cell| cell.ranked && cell.summary.is_some());
        let known: Vec<String> = measured.map(|cell| text::name(&cell.model)).unique().collect();
        let known = text::list(&known, known.len());
        return Err(ReportError::Record(format!(
            "`{}` was not measured in it; {known} were",
            text::name(model)
        )));
    }
    Ok(tables.join("\n"))
}

fn of_workload(sheet: &Sheet, workload: &str, model: &str) -> TextTable {
    let row = |found: &Comparison| {
        let interval = Some((found.low, found.high));
        vec![
            text::name(found.a.split_once('/').map_or(found.a.as_str(), |(_, cell)| cell)),
            units::ratio(found.ratio, interval),
            units::ratio_interval(found.ratio, interval),
            word(found).to_owned(),
        ]
    };
    let (reference, found) = against(sheet, workload, model);
    let title = format!("{}: time over that of {}", text::name(workload), text::name(&reference));
    let heads = ["cell", "ratio", "interval", "it is"];
    let table = Table { columns: columns(&heads), rows: found.iter().map(row).collect() };
    TextTable { title, sentences: Vec::new(), table }
}

fn word(found: &Comparison) -> &'static str {
    match (found.verdict, found.ratio > 1.0) {
        (Verdict::Different, true) => "slower",
        (Verdict::Different, false) => "faster",
        (Verdict::Slight, true) => "slower, perhaps within the margin",
        (Verdict::Slight, false) => "faster, perhaps within the margin",
        (Verdict::Timers, _) => "as far off as their timers",
        (Verdict::Equivalent, _) => "as fast",
        (Verdict::Unresolved, _) => "not told apart",
        (Verdict::Indicative, true) => "slower, it seems",
        (Verdict::Indicative, false) => "faster, it seems",
    }
}
