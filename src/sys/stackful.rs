use std::io;

use may::coroutine::{Builder, JoinHandle};

/// Starts a coroutine with a stack of its own.
///
/// It may go on on another thread after each wait. What it runs must not use thread-local data on both sides of a wait
/// in one function: the compiler may keep its address, as with every library whose coroutines have stacks and move.
///
/// # Errors
///
/// Those of the library; it panics instead if the system refuses a stack.
pub(crate) fn spawn_stackful<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // SAFETY: two things are asked for. Thread-local data must not be used across a switch. There are three callers: the
    // tasks of a batch, which poll the future of a workload once, and `Workload` requires that to be `Send`, so that
    // nothing of a thread is alive at its waits; the root of a batch and the sides of a game, which hold handles and
    // channels of the library and no thread-local data. And the stack must not overflow: below each lies a guard page,
    // so that a task that needs more ends the process with a fault and cannot write to memory that is not its own; the
    // runner is such a process, and reports it as crashed.
    unsafe { Builder::new().spawn(run) }
}
