//! Tasks that find something out beside their work, or in its place. They are not timed to the nanosecond, and so are one
//! workload, compiled once for each model.

mod arrivals;
mod durations;
mod in_flight;
mod load;
mod timer;
mod trace;

use std::io;
use std::sync::Arc;

use concbench_workloads::{Io, Kernel, Result, Workload};

use crate::task_spec::{Instrument, TaskSpec};
pub use arrivals::ArrivalCounter;
pub use concbench_model::clock_ns;
pub(crate) use concbench_sharing::buffer;
pub use concbench_sharing::{BufferHandle, SharedBuffer};
pub use durations::Durations;
use durations::Lasting;
pub(crate) use in_flight::InFlight;
pub use in_flight::Latecomers;
use load::Loaded;
pub use load::{Visit, Visits};
pub use timer::Timer;
pub use trace::{Line, MOST_TASKS as MOST_TRACED, Stretch, Traced};

/// A workload with an instrument.
#[derive(Debug)]
pub(crate) enum Instrumented {
    Traced(Traced<Kernel>),
    Waiting(ArrivalCounter),
    Timer(Timer),
    Loaded(Loaded),
    Lasting(Lasting),
}

impl Instrumented {
    /// The one that a task spec asks for; `None` where it asks for the plain work, or for that of a user.
    pub(crate) fn open(task_spec: &TaskSpec) -> io::Result<Option<Self>> {
        let opened = match (&task_spec.instrument, &task_spec.kernel, &task_spec.trace) {
            (Some(Instrument::Wait(handle)), ..) => Self::Waiting(ArrivalCounter::open(handle)?),
            (Some(Instrument::Timer(handle)), ..) => Self::Timer(Timer::open(handle)?),
            (Some(Instrument::Load(handle)), Some(Kernel::Http(http)), _) => {
                Self::Loaded(Loaded::open(http.clone(), handle)?)
            }
            (Some(Instrument::Durations(handle)), Some(kernel), _) => {
                Self::Lasting(Lasting::open(kernel.clone(), handle)?)
            }
            (Some(Instrument::Durations(_)), ..) => {
                return Err(io::Error::other("only tasks of a kernel say how long they took"));
            }
            // Timed, and so a workload of its own.
            (Some(Instrument::InFlight(_)), ..) => return Ok(None),
            (Some(Instrument::Load(_)), ..) => {
                return Err(io::Error::other("a load is put on tasks that ask a server, and on no others"));
            }
            (Some(Instrument::Contention(_)), ..) => {
                return Err(io::Error::other("tasks that share need the objects of their model"));
            }
            (None, Some(kernel), Some(path)) => Self::Traced(Traced::open(Arc::new(kernel.clone()), path)?),
            (None, ..) => return Ok(None),
        };
        Ok(Some(opened))
    }
}

impl Workload for Instrumented {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        // Only the tasks that wait are counted by their memory, and these are what the others must not make larger.
        match self {
            Self::Waiting(counter) => {
                counter.arrive(index);
                io.sleep(arrivals::FOR_EVER).await;
                Ok(index)
            }
            Self::Traced(traced) => Box::pin(traced.task(io, index)).await,
            Self::Timer(timer) => Box::pin(timer.task(io, index)).await,
            Self::Loaded(loaded) => Box::pin(loaded.task(io, index)).await,
            Self::Lasting(lasting) => Box::pin(lasting.task(io, index)).await,
        }
    }
}
