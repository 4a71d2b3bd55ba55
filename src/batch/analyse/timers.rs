//! How far apart their timers alone put two cells.

use super::sample::Metric;
use crate::batch::{Lateness, ModelTimer, Sheet, SheetCell};

/// By how much the lateness of their timers alone makes one of two cells slower than the other, on the logarithm; 0 for
/// work that does not wait by a timer, and where nobody looked how late the timers are.
///
/// A batch waits in rounds, as many as it has tasks for each that can wait at once, and each of them ends as late as its
/// timer wakes. Whether the usual wake-up or one of the latest in a hundred counts depends on how many tasks wait at once;
/// the larger difference is taken.
pub(super) fn apart(sheet: &Sheet, a: &SheetCell, b: &SheetCell, metric: Metric) -> f64 {
    let Some(workload) = sheet.workloads.iter().find(|workload| workload.name == a.workload) else {
        return 0.0;
    };
    let times = [a, b].map(|cell| metric.estimate(cell).map_or(f64::INFINITY, |time| time.median));
    let faster = times[0].min(times[1]);
    if workload.timer_ns == 0 || !faster.is_finite() {
        return 0.0;
    }
    let late = |cell: &SheetCell, of: fn(&Lateness) -> f64| {
        let lateness = nearest(timer(sheet, cell)?, workload.timer_ns)?;
        Some(of(lateness).max(0.0) * cell.tasks.div_ceil(cell.concurrency.max(1)) as f64)
    };
    let apart = |of: fn(&Lateness) -> f64| {
        late(a, of).zip(late(b, of)).map_or(0.0, |(above, below)| (above - below).abs() / faster)
    };
    let usual = apart(|lateness| lateness.median_ns);
    let latest = apart(|lateness| lateness.p99_ns.unwrap_or(lateness.max_ns));
    usual.max(latest).ln_1p()
}

/// The timer of a cell's model. A task in a process of its own sleeps as a thread does.
fn timer<'a>(sheet: &'a Sheet, cell: &SheetCell) -> Option<&'a ModelTimer> {
    let of =
        |model: &str| sheet.timers.iter().find(|timer| timer.model == model && !timer.lateness.is_empty());
    of(&cell.model).or_else(|| of("thread-spawn"))
}

/// How late sleeps are whose length is nearest to this one.
fn nearest(timer: &ModelTimer, wait_ns: u64) -> Option<&Lateness> {
    let far = |lateness: &Lateness| (lateness.asked_ns.max(1) as f64 / wait_ns as f64).ln().abs();
    timer.lateness.iter().min_by(|left, right| far(left).total_cmp(&far(right)))
}
