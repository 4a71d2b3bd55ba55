//! Which worker ran which task, and the same as a trace for a viewer.

use concbench_charts::{Band, Chart, Gantt, GanttSpan, MOST_LANES, Shade, Table, columns, gantt};
use concbench_text::figures as units;
use serde_json::json;

use super::{Cell, Span, Timeline, Timelines};
use crate::experiment::{Experiment, RecordOf, View};
use crate::record::{CellRecord, Status};
use crate::report::{Attachment, Element, Looks, ReportError, Section, Unmeasured, ink, text};

/// A batch this many times as long as the one in the middle is cut, so that the others can be seen.
const LONG: f64 = 3.0;

/// A timeline, and the cell whose batch it shows.
type Traced<'a> = (&'a Timeline, &'a Cell);

/// The section.
pub(super) fn section(record: &RecordOf<Timelines>, view: &View<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new(Timelines::ID, "Timelines", "Which worker ran which task?");
    section.body.push(Element::Note(
        "The second batch of each model, task by task, taken apart from all other figures, since noting costs time. A worker \
         that blocks is held for as long as its task waits; a coroutine gives its worker back, so only the moments show in \
         which it runs. The files at the end are the same as traces, which Perfetto and speedscope open."
            .to_owned(),
    ));
    for (number, batches) in workloads(record).into_iter().enumerate() {
        let name = text::name(&batches[0].1.workload);
        let slug = format!("timeline-{}-{}", number + 1, text::slug(&batches[0].1.workload));
        let (path, text) = (format!("traces/{slug}.json"), trace(&batches));
        section.files.push(Attachment { path, text });
        section.body.push(Element::Charts(vec![chart(&batches, name, slug, view.looks)?]));
        section.body.push(Element::List(String::new(), batches.iter().filter_map(note).collect()));
    }
    let without = record.cells.iter().filter(|cell| cell.status != Status::Ok).map(Unmeasured::of);
    section.body.push(Element::Without(without.collect()));
    Ok(section)
}

/// The traced batches of each workload, the shortest first.
fn workloads(record: &RecordOf<Timelines>) -> Vec<Vec<Traced<'_>>> {
    let of_workloads = record.cells.chunk_by(|left, right| left.factors.workload == right.factors.workload);
    let traced = of_workloads.map(|cells| {
        let mut batches: Vec<Traced<'_>> = cells.iter().filter_map(made).collect();
        batches.sort_by_key(|(timeline, _)| timeline.batch_ns);
        batches
    });
    traced.filter(|batches| !batches.is_empty()).collect()
}

fn made(cell: &CellRecord<Cell, Timeline>) -> Option<Traced<'_>> {
    Some((&cell.observations.first()?.responses, &cell.factors))
}

fn chart(batches: &[Traced<'_>], name: String, slug: String, looks: &Looks) -> Result<Chart, ReportError> {
    let (size, body) = gantt(&Gantt {
        name: name.clone(),
        bands: batches.iter().map(|traced| band(traced, looks)).collect(),
        end_ns: end(batches),
    })?;
    Ok(Chart {
        slug,
        title: format!("{name}: who ran what"),
        question: format!("Who ran what in a batch of {name}?"),
        reading: "A row for each worker, a bar for each task that it runs, pale where the task waits and keeps its worker; \
                  grey is time without one. The shortest batch on top; an arrow marks one that goes on beyond the edge."
            .into(),
        size,
        body,
        table: table(batches),
    })
}

fn band((timeline, cell): &Traced<'_>, looks: &Looks) -> Band {
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
        label: text::name(&cell.model),
        series: looks.index(&cell.model),
        ink: looks.of(&cell.model).map_or(ink(cell.family), |look| look.ink),
        lanes: timeline.lanes.len(),
        batch_ns: timeline.batch_ns as f64,
        spans: spans.collect(),
    }
}

/// The spans whose worker is known.
fn shown(timeline: &Timeline) -> impl Iterator<Item = &Span> {
    timeline.spans.iter().filter(|span| (span.lane as usize) < timeline.lanes.len())
}

/// The end of the axis: that of the longest batch which is not much longer than the one in the middle.
fn end(batches: &[Traced<'_>]) -> f64 {
    let times: Vec<f64> = batches.iter().map(|(timeline, _)| timeline.batch_ns as f64).collect();
    let most = times.get(times.len() / 2).copied().unwrap_or(0.0) * LONG;
    times.into_iter().filter(|time| *time <= most).fold(0.0, f64::max)
}

fn note((timeline, cell): &Traced<'_>) -> Option<String> {
    let hidden = timeline.lanes.len().saturating_sub(MOST_LANES);
    let hidden =
        (hidden > 0).then(|| format!("{hidden} of its {} workers are not drawn", timeline.lanes.len()));
    let cut = timeline.truncated.as_deref().map(text::sentence);
    let parts: Vec<String> = [hidden, cut].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{}: {}.", text::name(&cell.model), parts.join("; ")))
}

/// A row for each model: what its workers did with the time of the batch.
fn table(batches: &[Traced<'_>]) -> Table {
    let heads = [
        "model",
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
            text::name(&cell.model),
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
    for (index, (timeline, cell)) in batches.iter().enumerate() {
        let pid = index + 1;
        let name = text::name(&cell.ranked());
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
