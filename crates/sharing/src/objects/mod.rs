//! The objects of coroutine libraries.

mod async_lock;
mod may;
mod tokio;

pub use async_lock::AsyncLock;
pub use may::May;
pub use tokio::Tokio;

/// Why no library of coroutines has a lock that can be taken again.
const NO_OWNER: &str = "a task has no owner, so a lock cannot be re-entered";
/// Why tasks that are coroutines make no calls that block.
const BLOCKS: &str =
    "a call that blocks keeps the thread of the event loop, and with it every other task there";
