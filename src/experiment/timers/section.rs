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
    let lateness = measured.iter().flat_map(|(_, timer)| &timer.lateness);
    let mut asked: Vec<u64> = lateness.map(|lateness| lateness.asked_ns).collect();
    asked.sort_unstable();
    asked.dedup();
    // The shortest sleep is what the resolution comes from.
    let asked = asked.get(1..).unwrap_or_default();
    let mut heads = columns(&["model", "resolution"]);
    heads.extend(asked.iter().map(|&asked| format!("late after {}", units::time(asked as f64))));
    let rows = measured.iter().map(|(resolution, timer)| row(timer, *resolution, asked)).collect();
    let table = Table { columns: heads, rows };
    (!view.run.timers.is_empty()).then(|| Timers { table, without: without.map(why).collect() })
}

fn row(timer: &ModelTimer, resolution: f64, asked: &[u64]) -> Vec<String> {
    let late = |asked: &u64| {
        let found = timer.lateness.iter().find(|lateness| lateness.asked_ns == *asked);
        found.map_or("not measured".into(), figure)
    };
    let mut row = vec![text::name(&timer.model), units::time(resolution)];
    row.extend(asked.iter().map(late));
    row
}

/// The median, and as far into the tail as there are sleeps for.
fn figure(lateness: &Lateness) -> String {
    let tail = match lateness.p99_ns {
        Some(p99) => format!("p99 {}", units::time(p99)),
        None => format!("at most {} in {} sleeps", units::time(lateness.max_ns), lateness.count),
    };
    format!("{}, {tail}", units::time(lateness.median_ns))
}
