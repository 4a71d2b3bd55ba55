//! What tasks share: the objects of each library and between processes, and tasks that contend for them.
//!
//! What a task sees of shared objects is [`Shared`](concbench_workloads::Shared), and those of threads come with the toolkit
//! for models. Here are those of coroutine libraries, those in memory that processes share, and a process that serves objects
//! to others. [`Contention`] is the task that measures them, written once.

pub mod buffer;
pub mod contention;
pub mod manager;
mod objects;
mod process;

pub use buffer::{BufferHandle, SharedBuffer};
pub use contention::Contention;
pub use objects::{AsyncLock, May, Tokio};
pub use process::{ProcessWords, Processes};
