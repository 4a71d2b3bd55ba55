use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use may::coroutine::{Builder, JoinHandle};

/// Starts a coroutine with a stack of its own, which polls `task` once: its value, if it is ready then.
///
/// What waits in there switches to another coroutine, and may go on on another thread. A future that is `Send` holds
/// nothing at its waits that belongs to a thread; that is why this takes a future and not a function.
///
/// # Errors
///
/// Those of the library; it panics instead if the system refuses a stack.
pub fn spawn_stackful<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> io::Result<JoinHandle<Option<T>>> {
    let run = move || match pin!(task).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    };
    // SAFETY: two things are asked for. Thread-local data must not be used across a switch: what is alive across a wait
    // of a `Send` future is `Send`, which neither a reference to thread-local data nor a guard that belongs to its thread
    // is. And the stack must not overflow: below each lies a guard page, so that a task that needs more ends the process
    // with a fault and cannot write to memory that is not its own.
    unsafe { Builder::new().spawn(run) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_polled_once() {
        assert_eq!(spawn_stackful(async { 7 }).unwrap().join().unwrap(), Some(7));
        assert_eq!(spawn_stackful(std::future::pending::<()>()).unwrap().join().unwrap(), None);
    }
}
