//! Which worker ran which task, and the same as a trace for a viewer.

use serde_json::json;

use super::workload::columns;
use crate::record::{CellRecord, Timeline, WorkloadRecord};
use crate::report::chart::{Band, Chart, Gantt, GanttSpan, MOST_LANES, Shade, Table, gantt};
use crate::report::view::View;
use crate::report::{ReportError, text, units};

/// A batch this many times as long as the one in the middle is cut, so that the others can be seen.
const LONG: f64 = 3.0;

/// The traced batches of a workload.
pub(crate) struct Timelines {
    pub(crate) chart: Chart,
    /// What of them is not shown.
    pub(crate) notes: Vec<String>,
    pub(crate) trace: Trace,
}

/// A file that a viewer of traces opens.
pub(crate) struct Trace {
    /// Its name.
    pub(crate) file: String,
    /// Its content.
    pub(crate) json: String,
}

/// A timeline, and the cell whose batch it shows.
type Traced<'a> = (&'a Timeline, &'a CellRecord);

/// The traced batches of each workload that has some.
pub(crate) fn timelines(view: &View<'_>) -> Result<Vec<Timelines>, ReportError> {
    let mut found = Vec::new();
    for (index, work) in view.run.workloads.iter().enumerate() {
        let mut batches: Vec<Traced<'_>> = view
            .run
            .timelines
            .iter()
            .filter_map(|timeline| {
                let cell = view.cells(&work.name).iter().find(|cell| cell.id == timeline.cell)?;
                Some((timeline, *cell))
            })
            .collect();
        if !batches.is_empty() {
            batches.sort_by_key(|(timeline, _)| timeline.batch_ns);
            found.push(of(view, index, work, &batches)?);
        }
    }
    Ok(found)
}

fn of(
    view: &View<'_>,
    index: usize,
    work: &WorkloadRecord,
    batches: &[Traced<'_>],
) -> Result<Timelines, ReportError> {
    let name = text::name(&work.name);
    let slug = format!("timeline-{}-{}", index + 1, text::slug(&work.name));
    let (size, body) = gantt(&Gantt {
        name: name.clone(),
        bands: batches.iter().map(|(timeline, cell)| band(view, timeline, cell)).collect(),
        end_ns: end(batches),
    })?;
    Ok(Timelines {
        notes: batches.iter().filter_map(|(timeline, cell)| note(view, timeline, cell)).collect(),
        trace: Trace { file: format!("{slug}.json"), json: trace(batches) },
        chart: Chart {
            slug,
            title: format!("{name}: who ran what"),
            question: format!("Who ran what in a batch of {name}?"),
            reading: "A row for each worker, a bar for each task that it runs, pale where the task waits and keeps its \
                      worker; grey is time without one. The shortest batch on top; an arrow marks one that goes on \
                      beyond the edge."
                .into(),
            size,
            body,
            table: table(view, batches),
        },
    })
}

fn band(view: &View<'_>, timeline: &Timeline, cell: &CellRecord) -> Band {
    let spans = shown(timeline).map(|span| {
        let lane = text::name(&timeline.lanes[span.lane as usize]);
        let does = if span.waiting { "waits on" } else { "on" };
        let (start, took) = (span.start_ns as f64, span.end_ns.saturating_sub(span.start_ns) as f64);
        GanttSpan {
            lane: span.lane as usize,
            from_ns: start,
            to_ns: span.end_ns as f64,
            shade: match (span.waiting, span.task % 2) {
                (true, _) => Shade::Pale,
                (false, 1) => Shade::Light,
                (false, _) => Shade::Full,
            },
            tip: format!(
                "task {} {does} {lane}: {} from {}",
                span.task,
                units::time(took),
                units::time(start)
            ),
        }
    });
    Band {
        label: view.label(cell),
        model: Some(view.index(&cell.model)),
        ink: view.look(cell).ink,
        lanes: timeline.lanes.len(),
        batch_ns: timeline.batch_ns as f64,
        spans: spans.collect(),
    }
}

/// The spans whose worker is known.
fn shown(timeline: &Timeline) -> impl Iterator<Item = &crate::record::Span> {
    timeline.spans.iter().filter(|span| (span.lane as usize) < timeline.lanes.len())
}

/// The end of the axis: that of the longest batch which is not much longer than the one in the middle.
fn end(batches: &[Traced<'_>]) -> f64 {
    let times: Vec<f64> = batches.iter().map(|(timeline, _)| timeline.batch_ns as f64).collect();
    let most = times.get(times.len() / 2).copied().unwrap_or(0.0) * LONG;
    times.into_iter().filter(|time| *time <= most).fold(0.0, f64::max)
}

fn note(view: &View<'_>, timeline: &Timeline, cell: &CellRecord) -> Option<String> {
    let hidden = timeline.lanes.len().saturating_sub(MOST_LANES);
    let hidden =
        (hidden > 0).then(|| format!("{hidden} of its {} workers are not drawn", timeline.lanes.len()));
    let cut = timeline.truncated.as_deref().map(text::sentence);
    let parts: Vec<String> = [hidden, cut].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}: {}.", view.label(cell), parts.join("; ")))
}

/// A row for each model: what its workers did with the time of the batch.
fn table(view: &View<'_>, batches: &[Traced<'_>]) -> Table {
    let heads = [
        "cell",
        "batch",
        "workers that ran a task",
        "tasks noted",
        "first task begins",
        "last task begins",
        "workers held by tasks",
        "least",
        "most",
    ];
    let rows = batches.iter().map(|(timeline, cell)| {
        let mut tasks: Vec<u64> = shown(timeline).map(|span| span.task).collect();
        let mut starts: Vec<(u64, u64)> = shown(timeline).map(|span| (span.task, span.start_ns)).collect();
        tasks.sort_unstable();
        tasks.dedup();
        // A task that comes back begins with its first span.
        starts.sort_unstable();
        starts.dedup_by_key(|(task, _)| *task);
        let starts = || starts.iter().map(|(_, start)| *start as f64);
        let time = |ns: Option<f64>| ns.map_or_else(|| "none".to_owned(), units::time);
        let mut held = vec![0.0; timeline.lanes.len()];
        for span in shown(timeline) {
            held[span.lane as usize] += span.end_ns.saturating_sub(span.start_ns) as f64;
        }
        let shares: Vec<f64> = held.iter().map(|held| held / timeline.batch_ns.max(1) as f64).collect();
        let share = |share: Option<f64>| share.map_or_else(|| "none".to_owned(), units::percent);
        let mean = (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64);
        vec![
            view.label(cell),
            units::time(timeline.batch_ns as f64),
            timeline.lanes.len().to_string(),
            tasks.len().to_string(),
            time(starts().min_by(f64::total_cmp)),
            time(starts().max_by(f64::total_cmp)),
            share(mean),
            share(shares.iter().copied().min_by(f64::total_cmp)),
            share(shares.iter().copied().max_by(f64::total_cmp)),
        ]
    });
    Table { columns: columns(&heads), rows: rows.collect() }
}

/// The batches in the format of Chrome's trace viewer, which Perfetto and speedscope read too: each model is a process
/// there, and each worker a thread.
fn trace(batches: &[Traced<'_>]) -> String {
    let mut events = Vec::new();
    for (index, (timeline, _)) in batches.iter().enumerate() {
        let pid = index + 1;
        let name = text::name(&timeline.cell);
        events.push(json!({"name": "process_name", "ph": "M", "pid": pid, "args": {"name": name}}));
        events
            .push(json!({"name": "process_sort_index", "ph": "M", "pid": pid, "args": {"sort_index": pid}}));
        for (lane, name) in timeline.lanes.iter().enumerate() {
            let name = text::name(name);
            events.push(
                json!({"name": "thread_name", "ph": "M", "pid": pid, "tid": lane, "args": {"name": name}}),
            );
        }
        for span in shown(timeline) {
            // The format counts in microseconds.
            let (start, took) =
                (span.start_ns as f64 / 1e3, span.end_ns.saturating_sub(span.start_ns) as f64 / 1e3);
            let name = format!("task {}{}", span.task, if span.waiting { ", waiting" } else { "" });
            events.push(
                json!({"name": name, "ph": "X", "pid": pid, "tid": span.lane, "ts": start, "dur": took}),
            );
        }
    }
    json!({"displayTimeUnit": "ns", "traceEvents": events}).to_string()
}
