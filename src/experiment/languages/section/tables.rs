//! The tables of languages.

use concbench_charts::{Table, columns};
use concbench_stats::{median, sorted};
use concbench_text::figures as units;

use super::{Found, Record, seen, summary};
use crate::batch::{Comparison, Verdict};
use crate::record::{Estimate, Status};
use crate::report::text;

/// A time and its interval.
pub(super) fn time(of: Option<&Estimate>) -> String {
    of.map_or("not measured".into(), |time| {
        format!("{} {}", units::median_time(time), units::time_interval(time))
    })
}

fn ratio(found: &Comparison) -> String {
    let interval = Some((found.low, found.high));
    format!("{} {}", units::ratio(found.ratio, interval), units::ratio_interval(found.ratio, interval))
}

fn cores(cores: Option<f64>) -> String {
    cores.map_or("not known".into(), |cores| format!("{cores:.2}"))
}

/// The verdict on the time of the first over that of the second.
fn verdict(found: &Comparison) -> &'static str {
    match (found.verdict, found.ratio > 1.0) {
        (Verdict::Different, true) => "slower",
        (Verdict::Different, false) => "faster",
        (Verdict::Slight, true) => "slightly slower",
        (Verdict::Slight, false) => "slightly faster",
        (Verdict::Indicative, true) => "slower, indicative only",
        (Verdict::Indicative, false) => "faster, indicative only",
        (Verdict::Timers | Verdict::Equivalent, _) => "as fast",
        (Verdict::Unresolved, _) => "not resolved",
    }
}

impl Found<'_> {
    /// The fastest of each language against ours.
    pub(super) fn across_table(&self) -> Table {
        let row = |found: &Comparison| {
            let (theirs, ours) = (self.cell(&found.a)?, self.cell(&found.b)?);
            Some(vec![
                text::name(&found.workload),
                self.label(&theirs.factors.runner),
                self.construct(&theirs.factors),
                time(summary(theirs, "steady_ns")),
                self.construct(&ours.factors),
                time(summary(ours, "steady_ns")),
                ratio(found),
                verdict(found).to_owned(),
            ])
        };
        let heads = [
            "kernel",
            "language",
            "its fastest",
            "a batch",
            "our fastest",
            "a batch of it",
            "ratio",
            "verdict",
        ];
        let rows = self.record.findings.across.iter().filter_map(row).collect();
        Table { columns: columns(&heads), rows }
    }

    /// What threads and processes make of the same computing.
    pub(super) fn locks_table(&self) -> Table {
        let row = |lock: &crate::experiment::languages::Lock| {
            let found = &lock.threads_over_processes;
            let (threads, processes) = (self.cell(&found.a)?, self.cell(&found.b)?);
            let said = self.description(&lock.runner);
            let held = match said.and_then(|said| said.global_lock.held) {
                Some(true) => "held",
                Some(false) => "none",
                None => "not known",
            };
            let how = said.map_or_else(String::new, |said| text::sentence(&said.global_lock.how));
            Some(vec![
                self.label(&lock.runner),
                format!("{}: {}", self.construct(&threads.factors), time(summary(threads, "steady_ns"))),
                cores(lock.cores_of_threads),
                format!("{}: {}", self.construct(&processes.factors), time(summary(processes, "steady_ns"))),
                cores(lock.cores_of_processes),
                ratio(found),
                held.to_owned(),
                how,
            ])
        };
        let heads = [
            "language",
            "by threads",
            "cores busy",
            "by processes",
            "cores busy then",
            "threads over processes",
            "global lock",
            "found out by",
        ];
        let mut rows: Vec<Vec<String>> = self.record.findings.locks.iter().filter_map(row).collect();
        if !rows.is_empty() {
            // Of the texts: factorials of 100,000, on a machine with more cores.
            let told = ["the texts (12 factorials)", "30.2 s", "", "5.67 s", "", "5.3x", "held", ""];
            rows.push(told.map(str::to_owned).to_vec());
        }
        Table { columns: columns(&heads), rows }
    }

    /// What a runner takes before anything is done, and until code is warm.
    pub(super) fn starts_table(&self) -> Table {
        let row = |start: &crate::experiment::languages::StartUp| {
            let compiles = self.description(&start.runner).is_some_and(|said| said.jit);
            let first =
                start.curve_ns.first().map_or("not measured".into(), |&cold| units::time(cold as f64));
            let warm = start.warm_after_ns.map_or("not seen".into(), |after| match after {
                0.0 => "at once".to_owned(),
                after => units::time(after),
            });
            vec![
                self.label(&start.runner),
                time(Some(&start.startup)),
                if compiles { "yes" } else { "no" }.to_owned(),
                first,
                warm,
            ]
        };
        let heads =
            ["language", "start to ready", "compiles while it runs", "first batch of count", "warm after"];
        Table { columns: columns(&heads), rows: self.record.findings.starts.iter().map(row).collect() }
    }

    /// What the tree of each construct holds while every task sleeps, the least first.
    pub(super) fn memory_table(&self) -> Table {
        let held = |cell: &&Record| summary(cell, "resident_bytes").map_or(f64::INFINITY, |held| held.median);
        let mut cells: Vec<&Record> = self.measured().filter(|cell| cell.factors.kernel == "sleep").collect();
        cells.sort_by(|left, right| held(left).total_cmp(&held(right)));
        let row = |cell: &&Record| {
            let bytes = summary(cell, "resident_bytes");
            let why = seen(cell).find_map(|seen| seen.memory_reason.as_deref());
            vec![
                self.label(&cell.factors.runner),
                self.construct(&cell.factors),
                cell.factors.workers.to_string(),
                summary(cell, "processes").map_or("not known".into(), |found| format!("{:.0}", found.median)),
                bytes.map_or_else(
                    || why.map_or("not known".into(), text::sentence),
                    |held| units::bytes(held.median),
                ),
            ]
        };
        let heads = ["language", "construct", "at once", "processes", "held together"];
        Table { columns: columns(&heads), rows: cells.iter().map(row).collect() }
    }

    /// What each runner says of itself.
    pub(super) fn languages_table(&self) -> Table {
        let row = |runner: &concbench_external::Manifest| {
            let Some(said) = self.description(&runner.name) else {
                let cell = self.record.cells.iter().find(|cell| cell.factors.runner == runner.name);
                let why =
                    cell.and_then(|cell| cell.reason.as_deref()).map_or("not asked".into(), text::sentence);
                return vec![self.label(&runner.name), why, String::new(), String::new(), String::new()];
            };
            let held = said.global_lock.held.map_or("not known", |held| if held { "held" } else { "none" });
            vec![
                self.label(&runner.name),
                format!("{} {}", text::name(&said.implementation), text::name(&said.version)),
                format!("{held}: {}", text::sentence(&said.global_lock.how)),
                if said.jit { "yes" } else { "no" }.to_owned(),
                said.remark.as_deref().map_or_else(String::new, text::sentence),
            ]
        };
        let heads = ["language", "implementation", "global lock", "compiles while it runs", "remark"];
        Table { columns: columns(&heads), rows: self.runners().iter().map(row).collect() }
    }

    /// The kernels.
    pub(super) fn kernels_table(&self) -> Table {
        let row = |kernel: &crate::experiment::languages::kernels::Sized| {
            vec![text::name(&kernel.name), kernel.tasks.to_string(), text::sentence(&kernel.why)]
        };
        let rows = self.record.setup.kernels.iter().map(row).collect();
        Table { columns: columns(&["kernel", "tasks", "why this size"]), rows }
    }

    /// Every cell that was measured.
    pub(super) fn cells_table(&self) -> Table {
        let row = |cell: &Record| {
            let busy: Vec<f64> = seen(cell).filter_map(|seen| seen.cores()).collect();
            let cpu = summary(cell, "cpu_ns").map_or_else(
                || {
                    seen(cell)
                        .find_map(|seen| seen.cpu_reason.as_deref())
                        .map_or("not known".into(), text::sentence)
                },
                units::median_time,
            );
            vec![
                text::name(&cell.factors.kernel),
                self.label(&cell.factors.runner),
                self.construct(&cell.factors),
                cell.factors.workers.to_string(),
                time(summary(cell, "steady_ns")),
                summary(cell, "cold_ns").map_or("not measured".into(), units::median_time),
                time(summary(cell, "startup_ns")),
                cpu,
                cores(median(&sorted(&busy))),
                summary(cell, "resident_bytes").map_or("not known".into(), |held| units::bytes(held.median)),
            ]
        };
        let heads = [
            "kernel",
            "language",
            "construct",
            "at once",
            "a batch",
            "the first one",
            "start",
            "CPU time a batch",
            "cores busy",
            "held",
        ];
        let ok = self.record.cells.iter().filter(|cell| cell.status == Status::Ok);
        Table { columns: columns(&heads), rows: ok.map(row).collect() }
    }
}
