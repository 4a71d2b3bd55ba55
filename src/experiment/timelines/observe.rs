//! A batch under a model, whose tasks note where and when they run.

use std::fs::File;
use std::io::{self, Read, Seek};

use super::Timeline;
use super::timeline::{Batch, timeline};
use crate::model::process::FileHandle;
use crate::model::{Sizing, Waiting};
use crate::models::TaskSpec;
use crate::models::instrument::clock_ns;
use crate::runner::{CellError, Desk};

/// Has a cold batch run, and another one, of which the timeline is made.
pub(super) fn observe(desk: &Desk<'_>) -> Result<Timeline, CellError> {
    let lost = |error: io::Error| CellError::Other(format!("the notes of its tasks are lost: {error}"));
    let assignment = desk.assignment()?;
    // A file without a name, which nothing can leave behind.
    let mut notes = tempfile::tempfile().map_err(lost)?;
    let trace = Some(FileHandle::of(&notes).map_err(lost)?);
    let bench = desk.bench_of(TaskSpec { trace, ..assignment.task_spec.clone() })?;
    let mut model = bench.start()?;
    bench.check("cold batch", bench.run(model.as_mut())?)?;
    let from_ns = clock_ns();
    let digest = bench.run(model.as_mut())?;
    let to_ns = clock_ns();
    bench.check("traced batch", digest)?;
    model.stop()?;
    let info = bench.info();
    let batch = Batch {
        tasks: assignment.tasks,
        runner: std::process::id() as i32,
        keeps_worker: info.waiting == Waiting::Workers || info.sizing == Sizing::PerTask,
        from_ns,
        to_ns,
    };
    Ok(timeline(batch, &content(&mut notes).map_err(lost)?))
}

fn content(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
