//! What a waiting task costs in memory.

use super::CONFIDENCE;
use super::stats::theil_sen;
use crate::record::{Memory, ModelMemory, PerTask, Status, WaitingPoint};

/// Fills in what follows from the points of a sweep over waiting tasks.
pub(super) fn complete(memory: &mut Memory) {
    for model in &mut memory.models {
        (model.per_task, model.refusal) = match per_task(&model.points) {
            Some(found) => (Some(found), None),
            None => (None, Some(refusal(model))),
        };
    }
}

/// The slope of memory over waiting tasks; `None` without two numbers of tasks whose memory is known.
pub fn per_task(points: &[WaitingPoint]) -> Option<PerTask> {
    let known: Vec<(f64, f64)> =
        points.iter().filter_map(|point| Some((point.tasks as f64, point.bytes()? as f64))).collect();
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

fn refusal(model: &ModelMemory) -> String {
    let of = |point: &WaitingPoint| match point.status {
        Status::Ok => point.missing.values().next().cloned(),
        _ => point.reason.clone(),
    };
    match model.points.iter().find_map(of) {
        Some(reason) => reason,
        None => format!("a slope needs two numbers of tasks, there are {}", model.points.len()),
    }
}
