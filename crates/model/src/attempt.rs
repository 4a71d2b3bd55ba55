//! One task, whatever it does: a value, an error that names it, or a panic that names it.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

use concbench_workloads::{Io, Workload};
use futures::FutureExt;
use futures::future::Either;

use crate::{BlockingIo, ModelError, Result};

/// Runs one task; a panic becomes an error, since it must not take a worker with it.
///
/// Made of combinators: as an `async fn` it would hold its arguments, and the task's, twice, and executors that
/// allocate a task at its size would be measured as slower than they are.
pub fn attempt<W: Workload, I: Io>(
    workload: &W,
    io: &I,
    index: u64,
) -> impl Future<Output = Result<u64>> + Send {
    // A task that is not an `async fn` may panic before there is a future.
    let task = match catch_unwind(AssertUnwindSafe(|| workload.task(io, index))) {
        Ok(task) => Either::Left(AssertUnwindSafe(task).catch_unwind()),
        Err(panic) => Either::Right(ready(Err(panic))),
    };
    task.map(move |outcome| named(index, outcome))
}

/// Runs one task where waiting blocks: its future is ready at the first poll.
pub fn attempt_blocking<W: Workload>(workload: &W, index: u64) -> Result<u64> {
    attempt_at_once(workload, &BlockingIo, index)
}

/// Runs one task where waiting returns once it is over, whatever happened meanwhile.
///
/// Caught as a whole: a future that catches by itself costs far more than a task that does nothing.
pub fn attempt_at_once<W: Workload, I: Io>(workload: &W, io: &I, index: u64) -> Result<u64> {
    match catch_unwind(AssertUnwindSafe(|| workload.task(io, index).now_or_never())) {
        Ok(Some(outcome)) => named(index, Ok(outcome)),
        Ok(None) => Err(ModelError::Foreign { index }),
        Err(panic) => named(index, Err(panic)),
    }
}

/// What a task has come to, with its name on it.
fn named(index: u64, outcome: std::thread::Result<concbench_workloads::Result<u64>>) -> Result<u64> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ModelError::Task { index, reason: error.to_string() }),
        Err(panic) => Err(ModelError::Panicked { index, message: panic_message(panic.as_ref()) }),
    }
}

/// What a panic said.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
