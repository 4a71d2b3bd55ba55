//! Tasks sleep under a model, and write down how long that took.

use concbench_models::instrument::Timer;

use super::{Observation, Slept};
use crate::model::{Digest, ModelError};
use crate::models::{Instrument, TaskSpec};
use crate::runner::{CellError, Desk};
use crate::time::nanoseconds;

/// Has the tasks sleep.
pub(super) fn observe(desk: &Desk<'_>) -> Result<Observation, CellError> {
    let timer = Timer::create().map_err(ModelError::system("make memory for what tasks see"))?;
    let instrument = timer.handle().map(Instrument::Timer);
    let bench = desk.bench_of(TaskSpec { instrument, ..desk.assignment()?.task_spec.clone() })?;
    let mut model = bench.start()?;
    let digest = bench.run(model.as_mut())?;
    model.stop()?;
    let mut expected = Digest::default();
    (0..Timer::TASKS).for_each(|index| expected.add(index, index));
    if digest != expected {
        return Err(CellError::Digest { batch: "the batch that sleeps" });
    }
    let slept = timer.taken().into_iter().map(|(asked, took)| {
        let asked_ns = nanoseconds(asked);
        Slept { asked_ns, late_ns: took.into_iter().map(|took| took as i64 - asked_ns as i64).collect() }
    });
    Ok(Observation { slept: slept.collect() })
}
