//! One task, whatever it does: a value, an error that names it, or a panic that names it.

use std::panic::AssertUnwindSafe;

use concbench_workloads::{Io, Workload};
use futures::FutureExt;

use super::{BlockingIo, ModelError, Result};

/// Runs one task; a panic becomes an error, since it must not take a worker with it.
pub(crate) async fn attempt<W: Workload, I: Io>(workload: &W, io: &I, index: u64) -> Result<u64> {
    match AssertUnwindSafe(async { workload.task(io, index).await }).catch_unwind().await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ModelError::Task { index, reason: error.to_string() }),
        Err(panic) => Err(ModelError::Panicked { index, message: panic_message(panic.as_ref()) }),
    }
}

/// Runs one task where waiting blocks: its future is ready at the first poll.
pub(crate) fn attempt_blocking<W: Workload>(workload: &W, index: u64) -> Result<u64> {
    attempt_at_once(workload, &BlockingIo, index)
}

/// Runs one task where waiting returns once it is over, whatever happened meanwhile.
pub(crate) fn attempt_at_once<W: Workload, I: Io>(workload: &W, io: &I, index: u64) -> Result<u64> {
    attempt(workload, io, index).now_or_never().unwrap_or(Err(ModelError::Foreign { index }))
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
