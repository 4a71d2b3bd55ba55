//! The tables of latency under load.

use concbench_charts::{Table, columns};
use concbench_text::figures as units;

use super::{Found, ModelLatency};
use crate::experiment::latency::findings::{LoadSummary, OpenLoad};
use crate::experiment::latency::schedule::Spacing;
use crate::report::text;

impl Found<'_> {
    /// What each model sustains, the most first.
    pub(super) fn sustained_table(&self) -> Table {
        let row = |model: &&ModelLatency| {
            let half = |spacing| {
                let at_half = |load: &&OpenLoad| load.share == Some(0.5) && load.spacing == spacing;
                let p99 = model.open.iter().find(at_half).and_then(|load| load.summary.as_ref()?.p99_ns);
                p99.map_or("-".to_owned(), units::time)
            };
            let closed = model.closed.as_ref();
            vec![
                self.label(model),
                model.sustained_per_s.map_or("not found".into(), units::count),
                closed.map_or("-".into(), |summary| units::count(summary.done_per_s)),
                knee(model),
                half(Spacing::Constant),
                half(Spacing::Poisson),
                model.idle_cpu.map_or("-".into(), units::percent),
                model.limited.as_deref().or(model.refusal.as_deref()).map_or(String::new(), text::sentence),
            ]
        };
        let heads = [
            "model",
            "sustained/s",
            "closed load/s",
            "knee",
            "p99 at half",
            "the same, Poisson",
            "idle",
            "remark",
        ];
        Table { columns: columns(&heads), rows: self.by_sustained().iter().map(row).collect() }
    }

    /// Every load of every model.
    pub(super) fn loads(&self) -> Table {
        let heads = columns(&[
            "model",
            "load",
            "due a second",
            "done a second",
            "p50",
            "p90",
            "p99",
            "p99 at most",
            "longest",
            "CPU a task",
            "queued",
            "dispatched late",
            "late by",
            "target busy",
            "tasks",
            "remark",
        ]);
        let rows = self.models.iter().flat_map(|model| {
            let closed = model.closed.iter().map(|summary| (None, summary));
            let open = model.open.iter().filter_map(|load| Some((Some(load), load.summary.as_ref()?)));
            closed.chain(open).map(move |(load, summary)| row(self.label(model), load, summary))
        });
        Table { columns: heads, rows: rows.collect() }
    }
}

fn row(label: String, load: Option<&OpenLoad>, summary: &LoadSummary) -> Vec<String> {
    let few = || "too few tasks".to_owned();
    let time = |value: Option<f64>| value.map_or("-".to_owned(), units::time);
    let share = |share| load.map_or("-".into(), |_| units::percent(share));
    vec![
        label,
        load.map_or("closed".into(), |load| text::name(&load.load)),
        load.and_then(|load| load.rate_per_s).map_or("as they end".into(), units::count),
        units::count(summary.done_per_s),
        units::time(summary.p50_ns),
        summary.p90_ns.map_or_else(few, units::time),
        summary.p99_ns.map_or_else(few, units::time),
        summary.p99_bound_ns.map_or_else(few, units::time),
        units::time(summary.max_ns),
        time(summary.task_cpu_ns),
        share(summary.queued),
        share(summary.late),
        time(summary.late_p99_ns),
        summary.target_busy.map_or("-".into(), units::percent),
        summary.tasks.to_string(),
        text::sentence(&summary.remarks.join("; ")),
    ]
}

/// The share of what it sustains up to which the latency of a model stays low.
fn knee(model: &ModelLatency) -> String {
    match model.knee {
        Some(knee) if knee.highest => format!("beyond {}", units::percent(knee.share)),
        Some(knee) => units::percent(knee.share),
        None => "none".to_owned(),
    }
}
