//! Every observation as a row, for a spreadsheet or a notebook.

use super::ReportError;
use super::text::inert;
use super::view::status;
use crate::record::{CellRecord, Observation, Run};

const COLUMNS: [&str; 27] = [
    "run",
    "label",
    "started_utc",
    "workload",
    "class",
    "cell",
    "model",
    "family",
    "workers",
    "twin",
    "ranked",
    "status",
    "reason",
    "block",
    "position",
    "startup_ns",
    "cold_ns",
    "warm_ns",
    "shutdown_ns",
    "wall_ns",
    "user_ns",
    "system_ns",
    "voluntary_switches",
    "involuntary_switches",
    "peak_rss_bytes",
    "tasks",
    "digest",
];

/// One row for each observation; a cell without any gets one row that says why.
///
/// The warm batches of an observation stand in one field, separated by spaces.
pub(crate) fn observations(run: &Run) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for cell in &run.cells {
        if cell.observations.is_empty() {
            writer.write_record(row(run, cell, None))?;
        }
        for observation in &cell.observations {
            writer.write_record(row(run, cell, Some(observation)))?;
        }
    }
    writer.into_inner().map_err(|error| ReportError::Csv(error.into_error().into()))
}

fn row(run: &Run, cell: &CellRecord, observation: Option<&Observation>) -> Vec<String> {
    let class = run.workloads.iter().find(|work| work.name == cell.workload).map(|work| work.class);
    let mut row = vec![
        inert(&run.run.id),
        inert(&run.run.label),
        inert(&run.run.started_utc),
        inert(&cell.workload),
        class.map_or_else(String::new, |class| format!("{class:?}").to_lowercase()),
        inert(&cell.id),
        inert(&cell.model),
        super::view::family(cell.family).to_owned(),
        cell.workers.to_string(),
        cell.twin.to_string(),
        cell.ranked.to_string(),
        status(cell.status).to_owned(),
        inert(cell.reason.as_deref().unwrap_or_default()),
    ];
    let Some(o) = observation else {
        row.resize(COLUMNS.len(), String::new());
        return row;
    };
    let known = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let warm: Vec<_> = o.warm_ns.iter().map(u64::to_string).collect();
    row.extend([
        o.block.to_string(),
        o.position.to_string(),
        o.startup_ns.to_string(),
        o.cold_ns.to_string(),
        warm.join(" "),
        o.shutdown_ns.to_string(),
        o.wall_ns.to_string(),
        known(o.user_ns),
        known(o.system_ns),
        known(o.voluntary_switches),
        known(o.involuntary_switches),
        known(o.peak_rss_bytes),
        o.tasks.to_string(),
        inert(&o.digest),
    ]);
    row
}

/// A field of CSV (RFC 4180).
pub(crate) fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
