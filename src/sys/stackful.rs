use std::io;

use may::coroutine::{Builder, JoinHandle};

/// Starts a coroutine with a stack of its own.
///
/// What it runs must not hold on to anything that belongs to its thread while it waits: the future of a task, which is
/// what it is there for, cannot, because it is `Send` and waits nowhere but at an `await`.
///
/// # Errors
///
/// Those of the library; it panics instead if the system refuses a stack.
pub(crate) fn spawn_stackful<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // SAFETY: two things are asked for. Thread-local data must not be used across a switch: callers pass futures that
    // are `Send`, so the borrow checker has seen that they hold none at any point at which they wait. And the stack must
    // not overflow: below each lies a guard page, so that a task that needs more ends the process with a fault and
    // cannot write to memory that is not its own; the runner is such a process, and reports it as crashed.
    unsafe { Builder::new().spawn(run) }
}
