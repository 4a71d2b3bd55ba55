use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use may::coroutine::{Builder, JoinHandle};

/// Starts a coroutine with a stack of its own, which polls `task` once: its value, if it is ready then.
///
/// What waits in there switches to another coroutine, and may go on on another thread, in the middle of a call. A future
/// that is `Send` holds nothing across an `.await` that belongs to a thread; that is why this takes a future and not a
/// function.
///
/// # Errors
///
/// Those of the library; it panics instead if the system refuses a stack.
///
/// # Safety
///
/// Whoever waits below `task` without `.await` may not hold anything meanwhile that belongs to its thread: a reference to
/// thread-local data, as inside of `LocalKey::with`, or a guard that its own thread has to drop. No type says so of a
/// future that is polled by hand in there, nor of a function of the library that waits.
pub unsafe fn spawn_stackful<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> io::Result<JoinHandle<Option<T>>> {
    let run = move || match pin!(task).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    };
    // SAFETY: two things are asked for. Thread-local data must not be used across a switch: what is alive across an
    // `.await` of a `Send` future is `Send`, which neither a reference to thread-local data nor a guard that belongs to its
    // thread is, and the caller answers for what waits otherwise. And the stack must not overflow: below each lies a
    // guard page, so that a task that needs more ends the process with a fault and cannot write to memory that is not its
    // own.
    unsafe { Builder::new().spawn(run) }
}

/// Cancels a coroutine that [`spawn_stackful`] has started: it is unwound where it waits, or waits next, as by a panic, and
/// drops all that it holds.
pub fn cancel_stackful<T>(task: &JoinHandle<T>) {
    // SAFETY: the library asks its caller to know that the coroutine ends there and drops what it holds, as it would if it
    // panicked; which `spawn_stackful` has asked for in other words, since any call in there may panic.
    unsafe { task.coroutine().cancel() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_polled_once() {
        // SAFETY: neither waits for anything of the library.
        let (ready, pending) =
            unsafe { (spawn_stackful(async { 7 }), spawn_stackful(std::future::pending::<()>())) };
        assert_eq!(ready.unwrap().join().unwrap(), Some(7));
        assert_eq!(pending.unwrap().join().unwrap(), None);
    }
}
