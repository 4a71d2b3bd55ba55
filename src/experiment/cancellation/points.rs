//! What sentences, charts and tables ask of a cell.

use concbench_cancellation::{Promise, Scene};

use super::{Cell, Doing, Observation};
use crate::record::{CellRecord, Estimate, Status};

pub(super) type Point = CellRecord<Cell, Observation>;

pub(super) fn figure<'a>(cell: &'a Point, response: &str) -> Option<&'a Estimate> {
    cell.summary.get(response)
}

pub(super) fn how(cell: &Point) -> &'static str {
    cell.factors.way().map_or("another way", |way| way.how)
}

pub(super) fn promise(cell: &Point) -> Option<Promise> {
    cell.factors.way().map(|way| way.promise)
}

/// How long was computed after the request, in nanoseconds.
pub(super) fn wasted_ns(cell: &Point) -> Option<f64> {
    Some(figure(cell, "wasted_steps")?.median * Scene::STEP.as_nanos() as f64)
}

/// The computing tasks of a way, if they were measured.
pub(super) fn computing<'a>(cells: &'a [Point], way: &str) -> Option<&'a Point> {
    cells.iter().find(|cell| {
        (cell.factors.construct.as_str(), cell.factors.doing, cell.status)
            == (way, Doing::Computing, Status::Ok)
    })
}
