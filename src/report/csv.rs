//! Every observation as a row, for a spreadsheet or a notebook.

use super::text::{clean, inert};
use super::view::{family, status};
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
/// The warm batches of an observation stand in one field, separated by spaces. Blocks count from 0, as in the record.
pub(crate) fn observations(run: &Run) -> String {
    let rows = run.cells.iter().flat_map(|cell| {
        let none = cell.observations.is_empty().then(|| row(run, cell, None));
        none.into_iter().chain(cell.observations.iter().map(|observation| row(run, cell, Some(observation))))
    });
    written(&COLUMNS, rows)
}

fn row(run: &Run, cell: &CellRecord, observation: Option<&Observation>) -> [String; COLUMNS.len()] {
    let class = run.workloads.iter().find(|work| work.name == cell.workload).map(|work| work.class);
    let figure = |of: fn(&Observation) -> Option<u64>| {
        observation.and_then(of).map_or_else(String::new, |value| value.to_string())
    };
    let warm = |made: &Observation| made.warm_ns.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    [
        run.run.id.clone(),
        run.run.label.clone(),
        run.run.started_utc.clone(),
        cell.workload.clone(),
        class.map_or_else(String::new, |class| format!("{class:?}").to_lowercase()),
        cell.id.clone(),
        cell.model.clone(),
        family(cell.family).to_owned(),
        cell.workers.to_string(),
        cell.twin.to_string(),
        cell.ranked.to_string(),
        status(cell.status).to_owned(),
        cell.reason.clone().unwrap_or_default(),
        figure(|o| Some(o.block.into())),
        figure(|o| Some(o.position.into())),
        figure(|o| Some(o.startup_ns)),
        figure(|o| Some(o.cold_ns)),
        observation.map(warm).unwrap_or_default(),
        figure(|o| Some(o.shutdown_ns)),
        figure(|o| Some(o.wall_ns)),
        figure(|o| o.user_ns),
        figure(|o| o.system_ns),
        figure(|o| o.voluntary_switches),
        figure(|o| o.involuntary_switches),
        figure(|o| o.peak_rss_bytes),
        figure(|o| Some(o.tasks)),
        observation.map(|o| o.digest.clone()).unwrap_or_default(),
    ]
}

/// Rows below their heads as CSV. What a spreadsheet would take for a formula is marked as text, and what would act on a
/// terminal is left out; no figure looks like either, since none is below 0.
pub(crate) fn written<R: AsRef<[String]>>(heads: &[&str], rows: impl IntoIterator<Item = R>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(heads).expect("memory takes a row");
    for row in rows {
        let fields = row.as_ref().iter().map(|field| inert(&clean(field)));
        writer.write_record(fields).expect("memory takes rows of one length");
    }
    String::from_utf8(writer.into_inner().expect("memory takes what is left")).expect("fields are text")
}
