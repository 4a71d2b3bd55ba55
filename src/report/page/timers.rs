use super::workload::columns;
use crate::record::{Lateness, ModelTimer};
use crate::report::chart::Table;
use crate::report::view::View;
use crate::report::{text, units};

/// How late tasks wake under each model.
pub(crate) struct Timers {
    pub(crate) table: Table,
    /// Models without a figure, with the reason.
    pub(crate) without: Vec<(String, String)>,
}

/// The timers of a run, the finest first; `None` for one whose tasks never sleep.
pub(crate) fn timers(view: &View<'_>) -> Option<Timers> {
    let mut measured: Vec<(f64, &ModelTimer)> =
        view.run.timers.iter().filter_map(|timer| Some((timer.resolution_ns?, timer))).collect();
    measured.sort_by(|left, right| left.0.total_cmp(&right.0));
    let without = view.run.timers.iter().filter(|timer| timer.resolution_ns.is_none());
    let why = |timer: &ModelTimer| {
        let reason = timer.reason.as_deref().map_or("nothing was recorded".to_owned(), text::sentence);
        (text::name(&timer.model), reason)
    };
    let heads =
        columns(&["model", "resolution", "task asked for", "late, median", "p99", "latest", "sleeps"]);
    let rows = measured.iter().flat_map(|(resolution, timer)| {
        timer.lateness.iter().map(move |lateness| row(timer, *resolution, lateness))
    });
    let table = Table { columns: heads, rows: rows.collect() };
    (!view.run.timers.is_empty()).then(|| Timers { table, without: without.map(why).collect() })
}

fn row(timer: &ModelTimer, resolution: f64, lateness: &Lateness) -> Vec<String> {
    vec![
        text::name(&timer.model),
        units::time(resolution),
        units::time(lateness.asked_ns as f64),
        units::time(lateness.median_ns),
        lateness.p99_ns.map_or("needs 100 sleeps".into(), units::time),
        units::time(lateness.max_ns),
        lateness.count.to_string(),
    ]
}
