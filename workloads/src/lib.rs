//! The tasks that concbench measures, each written once.
//!
//! A [`Workload`] is an async function that is generic over what waiting means ([`Io`]); a concurrency model supplies
//! the waiting. Under a blocking model the future is ready at its first poll, so the same source runs on a thread, in a
//! process, on a pool or as a coroutine. No runtime is among the dependencies of this crate, so Cargo itself enforces
//! that no model gets a version of its own.

mod count;
mod definitions;
mod error;
mod factorial;
mod files;
pub mod http;
mod io;
mod kernel;
mod mixed;
mod noop;
mod shared;
mod sleep;
mod source;

pub use count::Count;
pub use definitions::{DEFINITIONS, SHIPPED};
pub use error::{Result, TaskError};
pub use factorial::Factorial;
pub use files::{Grayscale, LogCount};
pub use http::Http;
pub use io::Io;
pub use kernel::{Class, Kernel};
pub use mixed::Mixed;
pub use noop::Noop;
pub use shared::{Can, Capabilities, Layout, Object, Shared, SharingWorkload};
pub use sleep::Sleep;

/// A kind of task, identical under every model.
///
/// ```
/// use concbench_workloads::{Io, Result, Workload};
///
/// struct Greeting;
///
/// impl Workload for Greeting {
///     async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
///         io.sleep(std::time::Duration::from_millis(1)).await;
///         Ok(index)
///     }
/// }
/// ```
pub trait Workload: Send + Sync + 'static {
    /// Runs task `index` and returns a value that depends on the work done.
    ///
    /// It may wait for nothing but `io`: under a blocking model a future that is not ready at its first poll is an
    /// error. The same index must give the same value under every model, because the values of a batch are compared
    /// with those of the sequential reference.
    fn task<I: Io>(&self, io: &I, index: u64) -> impl Future<Output = Result<u64>> + Send;
}
