//! Which worker ran which task: a row for each worker, a bar for each task.

use super::axis::Axis;
use super::backend::SIZE;
use super::palette::Ink;
use super::plot::{Grid, Plot, Room, draw};
use super::{WIDTH, empty};
use crate::report::ReportError;
use crate::report::text::fit;
use crate::report::units::Measure;

/// A batch as it went.
pub(crate) struct Gantt {
    /// The chart's name, for errors.
    pub(crate) name: String,
    pub(crate) lanes: Vec<String>,
    pub(crate) ink: Ink,
    pub(crate) spans: Vec<GanttSpan>,
    /// The end of the time axis, in nanoseconds: shared by all models of a workload.
    pub(crate) end_ns: f64,
}

/// A task on a worker.
pub(crate) struct GanttSpan {
    pub(crate) lane: usize,
    pub(crate) from_ns: f64,
    pub(crate) to_ns: f64,
    /// Whether it is drawn lighter than its neighbours.
    pub(crate) light: bool,
    pub(crate) tip: String,
}

const LABELS: i32 = 96;
const ROW: i32 = 18;
const ROOM: Room = Room { left: LABELS, right: 14, top: 4, bottom: 40 };

/// Draws a batch: the size and the body.
pub(crate) fn gantt(chart: &Gantt) -> Result<((i32, i32), String), ReportError> {
    let size = (WIDTH, ROOM.top + ROOM.bottom + ROW * chart.lanes.len().max(2) as i32);
    if chart.spans.is_empty() {
        return Ok((size, empty(size, "no task was recorded")));
    }
    let unit = Measure::Time.unit(chart.end_ns);
    let x = Axis::from_zero([chart.end_ns], unit, |ns| Measure::Time.tick(ns))
        .titled("since the start of the batch");
    let y = Axis::rows(chart.lanes.iter().map(|lane| fit(lane, f64::from(LABELS - 8) / SIZE)));
    let body = draw(&chart.name, size, |area| {
        let plot = Plot::new(area, ROOM, x, y, Grid::Upright)?;
        for span in &chart.spans {
            let y = span.lane as f64;
            plot.paint(&[(span.from_ns, y), (span.to_ns, y)], |svg, at| {
                // Even the shortest task is seen.
                let right = at[1].0.max(at[0].0 + 1);
                let class = if span.light { "light" } else { "" };
                svg.rect((at[0].0, at[0].1 - 6), (right, at[1].1 + 6), chart.ink, class, Some(&span.tip));
            })?;
        }
        Ok(())
    })?;
    Ok((size, body))
}
