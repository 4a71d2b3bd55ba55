//! Where models and workloads meet: everything that times them is compiled once, and calls them through here.
//!
//! One call is dispatched at run time for each batch, and none for a task.

use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use concbench_model::process::Role;
use concbench_model::{
    Arrivals, Digest, DryIo, Model, ModelError, ModelInfo, Result, Settings, Waits, attempt_at_once,
};
use concbench_sharing::Contention;
use concbench_workloads::{Kernel, Workload};

use crate::catalogue::{BuiltIn, Catalogue, Visitor};
use crate::instrument::{InFlight, Instrumented};
use crate::process;
use crate::sharing::sharing_tasks;
use crate::task_spec::{Instrument, TaskSpec};

/// A workload under one model, not yet started.
pub trait Prepared: std::fmt::Debug {
    /// What the model is.
    fn info(&self) -> &'static ModelInfo;

    /// Starts the model.
    ///
    /// # Errors
    ///
    /// Those of [`Model::start`].
    fn start(&self, settings: &Settings) -> Result<Box<dyn Running>>;
}

/// A workload under one model that has started.
pub trait Running {
    /// Runs a batch of these tasks.
    ///
    /// # Errors
    ///
    /// Those of [`Model::run`].
    fn run(&mut self, tasks: Range<u64>) -> Result<Digest>;

    /// Whether what so many tasks of the batch before have shared is as it should be, and makes it ready for the next batch:
    /// to be called after every batch, outside of its time. `None` where tasks share nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn judge(&mut self, _tasks: u64) -> Option<Result<()>> {
        None
    }

    /// What [`Model::parks`] says.
    fn parks(&self) -> Option<u64>;

    /// Stops the model.
    ///
    /// # Errors
    ///
    /// Those of [`Model::stop`].
    fn stop(self: Box<Self>) -> Result<()>;
}

/// Tasks that write down what becomes of them, under a model that has started: for an open load.
pub trait Loading {
    /// Runs a batch of these tasks.
    ///
    /// # Errors
    ///
    /// Those of [`Model::run`].
    fn run(&mut self, tasks: Range<u64>) -> Result<Digest>;

    /// Runs tasks as they come.
    ///
    /// # Errors
    ///
    /// Those of [`Model::run_as_due`].
    fn run_as_due(&mut self, arrivals: Arrivals) -> Result<Digest>;

    /// Stops the model.
    ///
    /// # Errors
    ///
    /// Those of [`Model::stop`].
    fn stop(self: Box<Self>) -> Result<()>;
}

/// A workload under every model of a catalogue.
pub trait Tasks {
    /// The workload under the model with this id; `None` where there is no such model.
    fn under(&self, model: &str) -> Option<Box<dyn Prepared>>;

    /// What so many tasks return, whatever the model, and what they wait for: each in turn, with no time spent asleep.
    ///
    /// # Errors
    ///
    /// The first task that fails.
    fn reference(&self, tasks: u64) -> Result<(Digest, Waits)>;

    /// Runs tasks as a process of a process model; its exit code.
    ///
    /// # Errors
    ///
    /// When its parent speaks another protocol, or the system refuses something.
    fn process(&self, role: &Role) -> Result<i32>;
}

/// The tasks of `workload` under the models of `C`.
pub fn tasks_under<W: Workload, C: Catalogue>(workload: Arc<W>) -> Box<dyn Tasks> {
    Box::new(Under { workload, catalogue: PhantomData::<fn() -> C> })
}

/// The tasks that come with concbench under the models that do, compiled here; `None` if the task spec asks for a user's.
///
/// # Errors
///
/// When what the tasks share with the runner cannot be opened.
pub fn built_in_tasks(task_spec: &TaskSpec) -> io::Result<Option<Box<dyn Tasks>>> {
    own_tasks::<BuiltIn>(task_spec)
}

/// Starts a model of `C` for an open load of the tasks that a task spec asks for; `None` where there is no such model.
///
/// # Errors
///
/// Those of [`Model::start`], and when what the tasks share with the runner cannot be opened.
pub fn start_under_load<C: Catalogue>(
    task_spec: &TaskSpec,
    model: &str,
    settings: &Settings,
) -> Result<Option<Box<dyn Loading>>> {
    let opened = Instrumented::open(task_spec).and_then(|opened| {
        opened.ok_or_else(|| io::Error::other("the tasks of a load write down what becomes of them"))
    });
    let workload = Arc::new(opened.map_err(ModelError::system("open what tasks share with their runner"))?);
    C::visit(model, StartLoaded { workload, settings }).ok().transpose()
}

struct StartLoaded<'a> {
    workload: Arc<Instrumented>,
    settings: &'a Settings,
}

impl Visitor for StartLoaded<'_> {
    type Output = Result<Box<dyn Loading>>;

    fn visit<M: Model>(self) -> Self::Output {
        Ok(Box::new(Started { model: M::start(self.settings)?, workload: self.workload }))
    }
}

impl<M: Model> Loading for Started<M, Instrumented> {
    fn run(&mut self, tasks: Range<u64>) -> Result<Digest> {
        self.model.run(&self.workload, tasks)
    }

    fn run_as_due(&mut self, arrivals: Arrivals) -> Result<Digest> {
        self.model.run_as_due(&self.workload, arrivals)
    }

    fn stop(self: Box<Self>) -> Result<()> {
        self.model.stop()
    }
}

/// The tasks that come with concbench under the models of `C`; `None` if the task spec asks for a user's.
///
/// # Errors
///
/// When what the tasks share with the runner cannot be opened.
pub fn own_tasks<C: Catalogue>(task_spec: &TaskSpec) -> io::Result<Option<Box<dyn Tasks>>> {
    if let Some(Instrument::Contention(spec)) = &task_spec.instrument {
        let work = Arc::new(Contention::open(spec)?);
        return Ok(Some(sharing_tasks::<_, C>(work, task_spec.shared.clone())));
    }
    if let Some(instrumented) = Instrumented::open(task_spec)? {
        return Ok(Some(tasks_under::<_, C>(Arc::new(instrumented))));
    }
    if let Some(Instrument::InFlight(handle)) = &task_spec.instrument {
        let Some(Kernel::Mixed(mixed)) = &task_spec.kernel else {
            return Err(io::Error::other("only tasks that compute and wait note whether they began late"));
        };
        return Ok(Some(tasks_under::<_, C>(Arc::new(InFlight::open(mixed.clone(), handle)?))));
    }
    // Each kernel by itself: a task that is timed is not asked which it is.
    Ok(task_spec.kernel.clone().map(|kernel| match kernel {
        Kernel::Noop(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::Factorial(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::Count(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::Sleep(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::Http(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::Mixed(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::LogCount(workload) => tasks_under::<_, C>(Arc::new(workload)),
        Kernel::Grayscale(workload) => tasks_under::<_, C>(Arc::new(workload)),
    }))
}

struct Under<W, C> {
    workload: Arc<W>,
    catalogue: PhantomData<fn() -> C>,
}

impl<W: Workload, C: Catalogue> Tasks for Under<W, C> {
    fn under(&self, model: &str) -> Option<Box<dyn Prepared>> {
        C::visit(model, Prepare(&self.workload)).ok()
    }

    fn reference(&self, tasks: u64) -> Result<(Digest, Waits)> {
        reference_of(self.workload.as_ref(), tasks)
    }

    fn process(&self, role: &Role) -> Result<i32> {
        process::serve(role, &self.workload)
    }
}

/// What so many tasks return and wait for, each in turn.
pub(crate) fn reference_of<W: Workload>(workload: &W, tasks: u64) -> Result<(Digest, Waits)> {
    let (mut digest, io) = (Digest::default(), DryIo::default());
    for index in 0..tasks {
        digest.add(index, attempt_at_once(workload, &io, index)?);
    }
    Ok((digest, io.waits()))
}

struct Prepare<'a, W>(&'a Arc<W>);

impl<W: Workload> Visitor for Prepare<'_, W> {
    type Output = Box<dyn Prepared>;

    fn visit<M: Model>(self) -> Self::Output {
        Box::new(Cell { workload: Arc::clone(self.0), model: PhantomData::<fn() -> M> })
    }
}

struct Cell<M, W> {
    workload: Arc<W>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model, W> std::fmt::Debug for Cell<M, W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} under {}", std::any::type_name::<W>(), M::INFO.id)
    }
}

impl<M: Model, W: Workload> Prepared for Cell<M, W> {
    fn info(&self) -> &'static ModelInfo {
        &M::INFO
    }

    fn start(&self, settings: &Settings) -> Result<Box<dyn Running>> {
        Ok(Box::new(Started { model: M::start(settings)?, workload: Arc::clone(&self.workload) }))
    }
}

struct Started<M, W> {
    model: M,
    workload: Arc<W>,
}

impl<M: Model, W: Workload> Running for Started<M, W> {
    fn run(&mut self, tasks: Range<u64>) -> Result<Digest> {
        self.model.run(&self.workload, tasks)
    }

    fn parks(&self) -> Option<u64> {
        self.model.parks()
    }

    fn stop(self: Box<Self>) -> Result<()> {
        self.model.stop()
    }
}

#[cfg(test)]
mod tests {
    use concbench_workloads::{Mixed, Noop};

    use super::*;
    use crate::instrument::Latecomers;

    #[test]
    fn tasks_that_cannot_note_whether_they_began_late_are_refused() {
        let latecomers = Latecomers::create().unwrap();
        let tasks = |kernel| {
            let instrument = latecomers.handle().map(Instrument::InFlight);
            built_in_tasks(&TaskSpec { kernel, instrument, ..TaskSpec::default() })
        };
        assert!(tasks(Some(Kernel::Mixed(Mixed { n: 1, wait_us: 1 }))).unwrap().is_some());
        for kernel in [Some(Kernel::Noop(Noop {})), None] {
            let refused = tasks(kernel).map(drop).unwrap_err().to_string();
            assert_eq!(refused, "only tasks that compute and wait note whether they began late");
        }
    }
}
