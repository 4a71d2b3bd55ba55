//! The toolkit for concurrency models: the trait that each of them implements, and what most of them need.
//!
//! A model is a way to run a batch of tasks. It implements [`Model`], and is handed to a harness as a type. What it runs
//! is a [`Workload`], one task after the other or as many at once as it likes:
//!
//! - [`attempt_blocking`] runs a task where waiting blocks the thread; [`attempt`] runs one as a future, over an
//!   [`Io`] of the model's own; [`attempt_at_once`] one over an `Io` whose waiting blocks
//!   something else than the thread. Each turns an error or a panic into one that names the task.
//! - [`Fold`] makes of the results, in whatever order they come, the digest of the batch.
//! - [`limits`] refuses beforehand what would run into a limit of the system; [`Placement`] binds workers to cores.
//! - [`process`] starts processes that do not outlive the one that started them; [`ring`] hands words from one to another.
//! - [`shared`] has the objects that tasks share where these are threads.

mod absence;
mod arrivals;
mod attempt;
mod blocking;
mod error;
mod fold;
mod info;
pub mod limits;
mod placement;
pub mod process;
pub mod ring;
pub mod shared;

use std::ops::Range;
use std::sync::Arc;

pub use absence::Absence;
pub use arrivals::{Arrivals, Given, clock_ns};
pub use attempt::{attempt, attempt_at_once, attempt_blocking, panic_message};
pub use blocking::{BlockingIo, BlockingStream, DryIo, Waits};
pub use concbench_workloads::{Io, TaskError, Workload};
pub use error::ModelError;
pub use fold::Fold;
pub use info::{Digest, Dispatch, Family, ModelInfo, Settings, Sizing, Waiting};
pub use placement::{Placement, allowed_cores, bind, confine, core_of};
pub use shared::{Objects, Threads, Unshared};

/// What a model's functions return.
pub type Result<T> = std::result::Result<T, ModelError>;

/// A way to run a batch of tasks.
///
/// Every function is timed: [`start`](Model::start) as start-up, [`run`](Model::run) as a batch,
/// [`stop`](Model::stop) as shut-down. A batch is one call, in which everything is dispatched statically.
///
/// ```
/// use std::ops::Range;
/// use std::sync::Arc;
///
/// use concbench_model::{
///     Digest, Dispatch, Family, Fold, Model, ModelInfo, Result, Settings, Sizing, Threads, Waiting,
///     Workload, attempt_blocking,
/// };
///
/// struct Backwards;
///
/// impl Model for Backwards {
///     const INFO: ModelInfo = ModelInfo {
///         id: "backwards",
///         family: Family::Threads,
///         summary: "one task after the other, the last one first",
///         right_when: "never",
///         elsewhere: "a for loop over reversed(range(n)) in Python",
///         sizing: Sizing::One,
///         waiting: Waiting::Workers,
///         dispatch: Dispatch::Single,
///         all_cores: false,
///         survives_crash: false,
///         isolates_tasks: false,
///         global: false,
///         limits: &[],
///         default: true,
///         tuned: None,
///         discontinued: None,
///     };
///
///     type Shared = Threads;
///
///     fn start(_: &Settings) -> Result<Self> {
///         Ok(Self)
///     }
///
///     fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
///         Fold::over(tasks.rev().map(|index| (index, attempt_blocking(workload.as_ref(), index))))
///     }
///
///     fn stop(self) -> Result<()> {
///         Ok(())
///     }
/// }
/// ```
pub trait Model: Sized + 'static {
    /// What a reader needs to know about it.
    const INFO: ModelInfo;

    /// The objects that its tasks can share: [`Threads`] where they are threads of one process, [`Unshared`] for none.
    type Shared: Objects;

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

    /// How often its runtime has put a worker to sleep for want of work since it started, by the runtime's own count;
    /// `None` where it keeps none.
    fn parks(&self) -> Option<u64> {
        None
    }

    /// Runs tasks as they come: begins each as soon as `arrivals` gives it, however many are under way, and returns once the
    /// last has ended.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Model::run); [`ModelError::Unsupported`] where a batch is all that it can be handed.
    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        let _ = (workload, arrivals);
        Err(ModelError::Unsupported(
            "it is handed whole batches, and no task at the moment when it is due".to_owned(),
        ))
    }

    /// Ends what [`start`](Model::start) started, and waits until it has ended.
    ///
    /// # Errors
    ///
    /// When something does not end as it should.
    fn stop(self) -> Result<()>;
}
