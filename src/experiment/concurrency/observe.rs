//! Batches of tasks that note whether they were in flight together.

use concbench_models::instrument::Latecomers;

use super::{Observation, Order};
use crate::batch::Warm;
use crate::batch::observe::observe_of;
use crate::model::ModelError;
use crate::models::{Instrument, TaskSpec};
use crate::runner::{CellError, Desk};

/// Starts the model, runs one cold batch and the warm ones, stops.
pub(super) fn observe(order: Order, desk: &Desk<'_>) -> Result<Observation, CellError> {
    let Order { warm, ideal_ns, noted } = order;
    let warm = Warm::single(warm);
    if !noted {
        let batch = observe_of(warm, &desk.bench()?, &mut || {})?;
        return Ok(Observation { batch, ideal_ns, started_late: None });
    }
    let latecomers = Latecomers::create().map_err(ModelError::system("make memory to note late tasks in"))?;
    let instrument = latecomers.handle().map(Instrument::InFlight);
    let bench = desk.bench_of(TaskSpec { instrument, ..desk.assignment()?.task_spec.clone() })?;
    let batch = observe_of(warm, &bench, &mut || latecomers.begin_batch())?;
    Ok(Observation { batch, ideal_ns, started_late: Some(latecomers.late()) })
}
