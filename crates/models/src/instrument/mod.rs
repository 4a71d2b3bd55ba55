//! Tasks that find something out beside their work, or in its place. They are not timed to the nanosecond, and so are one
//! workload, compiled once for each model.

mod arrivals;
pub(crate) mod buffer;
mod load;
mod timer;
mod trace;

use std::io;
use std::sync::Arc;

use concbench_workloads::{Io, Kernel, Result, Workload};

use crate::task_spec::{Instrument, TaskSpec};
pub use arrivals::ArrivalCounter;
pub use buffer::{BufferHandle, SharedBuffer};
use load::Paced;
pub use load::{Tickets, Visit};
pub use timer::Timer;
pub use trace::{Line, MOST_TASKS as MOST_TRACED, Stretch, Traced, clock_ns};

/// A workload with an instrument.
#[derive(Debug)]
pub(crate) enum Instrumented {
    Traced(Traced<Kernel>),
    Waiting(ArrivalCounter),
    Timer(Timer),
    Paced(Paced),
}

impl Instrumented {
    /// The one that a task spec asks for; `None` where it asks for the plain work, or for that of a user.
    pub(crate) fn open(task_spec: &TaskSpec) -> io::Result<Option<Self>> {
        let opened = match (&task_spec.instrument, &task_spec.kernel, &task_spec.trace) {
            (Some(Instrument::Wait(handle)), ..) => Self::Waiting(ArrivalCounter::open(handle)?),
            (Some(Instrument::Timer(handle)), ..) => Self::Timer(Timer::open(handle)?),
            (Some(Instrument::Load(handle)), Some(Kernel::Http(http)), _) => {
                Self::Paced(Paced::open(http.clone(), handle)?)
            }
            (Some(Instrument::Load(_)), ..) => {
                return Err(io::Error::other("a load is put on tasks that ask a server, and on no others"));
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
            Self::Paced(paced) => Box::pin(paced.task(io, index)).await,
        }
    }
}
