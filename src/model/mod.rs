//! The concurrency models: each a way to run a batch of tasks, in a file of its own.

mod async_std;
mod async_std_blocking;
mod attempt;
mod blocking;
mod catalogue;
mod compio;
mod error;
mod fold;
mod global;
mod info;
mod join_all;
mod limits;
mod may;
mod placement;
mod process;
mod rayon;
mod sequential;
mod smol;
mod smol_blocking;
mod thread_pool;
mod thread_spawn;
mod tokio;
mod tokio_blocking;
mod tokio_rayon;

use std::ops::Range;
use std::sync::Arc;

use concbench_workloads::Workload;

pub(crate) use async_std::AsyncStd;
pub(crate) use attempt::{attempt, attempt_at_once, attempt_blocking, panic_message};
pub(crate) use blocking::{BlockingIo, DryIo};
pub use catalogue::{BuiltIn, Catalogue, Visitor, With};
pub use error::ModelError;
pub use info::{Digest, Family, ModelInfo, Settings, Sizing, Waiting};
pub(crate) use may::May;
pub(crate) use placement::Placement;
#[cfg(test)]
pub(crate) use process::hostile;
pub(crate) use process::serve as serve_process;
pub use process::serve_role;
pub(crate) use process::{REPLIED, fork_child, pipe, require_single_thread};
pub(crate) use smol::Smol;
pub(crate) use tokio::{current_thread, multi_thread};

/// What a model's functions return.
pub type Result<T> = std::result::Result<T, ModelError>;

/// A way to run a batch of tasks.
///
/// Every function is timed: [`start`](Model::start) as start-up, [`run`](Model::run) as a batch,
/// [`stop`](Model::stop) as shut-down. Dispatch is static throughout, so what is timed holds no virtual call of ours.
pub trait Model: Sized {
    /// What a reader needs to know about it.
    const INFO: ModelInfo;

    /// Starts whatever persists from batch to batch.
    ///
    /// # Errors
    ///
    /// When the machine or its limits do not allow it.
    fn start(settings: &Settings) -> Result<Self>;

    /// Runs every task of `tasks` and returns once the last has ended and its result is back here.
    ///
    /// # Errors
    ///
    /// The first task that failed, by its index; or the worker that died.
    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest>;

    /// Ends what [`start`](Model::start) started, and waits until it has ended.
    ///
    /// # Errors
    ///
    /// When something does not end as it should.
    fn stop(self) -> Result<()>;
}
