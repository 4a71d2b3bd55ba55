//! Which worker ran which task, and the same as a trace for a viewer.

use serde_json::json;

use super::workload::columns;
use crate::record::{CellRecord, Timeline};
use crate::report::chart::{Chart, Gantt, GanttSpan, Table, gantt};
use crate::report::view::View;
use crate::report::{ReportError, text, units};

/// A batch, with its trace.
pub(crate) struct Batch {
    pub(crate) chart: Chart,
    /// A link that holds the trace itself.
    pub(crate) trace: String,
    /// The name that the trace is saved under.
    pub(crate) file: String,
}

/// One batch of each cell that was traced.
pub(crate) fn timelines(view: &View<'_>) -> Result<Vec<Batch>, ReportError> {
    view.run.timelines.iter().enumerate().map(|(index, timeline)| batch(view, index, timeline)).collect()
}

fn batch(view: &View<'_>, index: usize, timeline: &Timeline) -> Result<Batch, ReportError> {
    let cell = view.run.cells.iter().find(|cell| cell.id == timeline.cell);
    let name = text::name(&timeline.cell);
    let spans = timeline.spans.iter().filter(|span| (span.lane as usize) < timeline.lanes.len());
    let mut table = Table { columns: columns(&["task", "worker", "start", "duration"]), rows: Vec::new() };
    let mut drawn = Vec::new();
    for span in spans {
        let lane = text::name(&timeline.lanes[span.lane as usize]);
        let (start, took) = (span.start_ns as f64, span.end_ns.saturating_sub(span.start_ns) as f64);
        let row = [span.task.to_string(), lane.clone(), units::time(start), units::time(took)];
        drawn.push(GanttSpan {
            lane: span.lane as usize,
            from_ns: start,
            to_ns: span.end_ns as f64,
            light: span.task % 2 == 1,
            tip: format!("task {} on {lane}: {} from {}", row[0], row[3], row[2]),
        });
        table.rows.push(row.into());
    }
    let (size, body) = gantt(&Gantt {
        name: name.clone(),
        lanes: timeline.lanes.iter().map(|lane| text::name(lane)).collect(),
        ink: cell.map_or(crate::report::chart::Ink::Muted, |cell| view.look(cell).ink),
        spans: drawn,
        end_ns: longest(view, cell).max(timeline.batch_ns) as f64,
    })?;
    let truncated =
        timeline.truncated.as_deref().map_or(String::new(), |why| format!(" {}", text::sentence(why)));
    Ok(Batch {
        trace: link(timeline),
        file: format!("{}.trace.json", text::slug(&timeline.cell)),
        chart: Chart {
            slug: format!("timeline-{}-{}", index + 1, text::slug(&timeline.cell)),
            title: format!("{name}: a batch"),
            question: format!("Who ran what in a batch of {name}?"),
            reading: format!(
                "A row for each worker, a bar for each task, shades taking turns. The batch took {}.{truncated}",
                units::time(timeline.batch_ns as f64)
            ),
            size,
            body,
            table,
        },
    })
}

/// The longest batch that was traced in the same workload: what the time axes share.
fn longest(view: &View<'_>, cell: Option<&CellRecord>) -> u64 {
    let workload =
        |id: &str| view.run.cells.iter().find(|cell| cell.id == id).map(|cell| cell.workload.as_str());
    let of_workload =
        |timeline: &&Timeline| cell.is_some_and(|cell| workload(&timeline.cell) == Some(&cell.workload));
    view.run.timelines.iter().filter(of_workload).map(|timeline| timeline.batch_ns).max().unwrap_or(0)
}

/// The trace as a link: JSON in the format of Chrome's trace viewer, which Perfetto and speedscope read too.
fn link(timeline: &Timeline) -> String {
    let mut events =
        vec![json!({"name": "process_name", "ph": "M", "pid": 1, "args": {"name": timeline.cell}})];
    for (lane, name) in timeline.lanes.iter().enumerate() {
        events.push(json!({"name": "thread_name", "ph": "M", "pid": 1, "tid": lane, "args": {"name": name}}));
    }
    for span in &timeline.spans {
        // The format counts in microseconds.
        let (start, took) =
            (span.start_ns as f64 / 1e3, span.end_ns.saturating_sub(span.start_ns) as f64 / 1e3);
        let name = format!("task {}", span.task);
        events.push(json!({"name": name, "ph": "X", "pid": 1, "tid": span.lane, "ts": start, "dur": took}));
    }
    let trace = json!({"displayTimeUnit": "ns", "traceEvents": events}).to_string();
    let mut link = String::from("data:application/json,");
    for byte in trace.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b',' => {
                link.push(byte.into())
            }
            _ => link += &format!("%{byte:02X}"),
        }
    }
    link
}
