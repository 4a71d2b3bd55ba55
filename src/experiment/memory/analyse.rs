//! What a waiting task costs, from how much memory each number of them holds.

use concbench_stats::theil_sen;
use itertools::Itertools as _;

use super::{Cell, ModelMemory, Observation, PerTask};
use crate::batch::analyse::CONFIDENCE;
use crate::record::{CellRecord, Status};

type Point = CellRecord<Cell, Observation>;

/// What follows for each model, in the order of the cells.
pub(super) fn analyse(cells: &[Point]) -> Vec<ModelMemory> {
    let models: Vec<&str> = cells.iter().map(|cell| cell.factors.model.as_str()).unique().collect();
    let of = |model: &str| {
        let points: Vec<&Point> = cells.iter().filter(|cell| cell.factors.model == model).collect();
        let per_task = per_task(&points);
        let refusal = if per_task.is_some() { None } else { Some(refusal(&points)) };
        ModelMemory { model: model.to_owned(), per_task, refusal }
    };
    models.into_iter().map(of).collect()
}

/// The slope of memory over waiting tasks; `None` without two numbers of tasks whose memory is known.
pub(super) fn per_task(points: &[&Point]) -> Option<PerTask> {
    let known = |point: &&Point| {
        let bytes = point.observations.first()?.responses.bytes()?;
        Some((point.factors.tasks as f64, bytes as f64))
    };
    let known: Vec<(f64, f64)> = points.iter().filter_map(known).collect();
    let line = theil_sen(&known, CONFIDENCE)?;
    Some(PerTask {
        bytes: line.slope,
        low: line.low,
        high: line.high,
        confidence: line.confidence,
        base_bytes: line.intercept,
        points: known.len() as u64,
    })
}

fn refusal(points: &[&Point]) -> String {
    let of = |point: &&Point| match (point.status, point.observations.first()) {
        (Status::Ok, Some(made)) => made.responses.reason.clone(),
        _ => point.reason.clone(),
    };
    points.iter().find_map(of).unwrap_or_else(|| "a slope needs two numbers of tasks".to_owned())
}
