//! Workloads by name, with their types erased once for each workload and never for each task.

use std::collections::BTreeMap;
use std::fs::File;
use std::marker::PhantomData;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use concbench_workloads::{Kernel, Workload};

use crate::model::{Catalogue, serve_process};
use crate::record::Status;
use crate::role::Role;
use crate::runner::cell;
use crate::runner::crowd::Waiters;
use crate::runner::load::{self, Paced};
use crate::runner::protocol::{Answer, Channel, Order, ProtocolError};
use crate::runner::rally;
use crate::runner::timer::{self, Timer};
use crate::runner::trace::Traced;
use crate::server::{ServeOptions, serve};
use crate::spec::{Errand, Recipe};

/// The workloads that code has registered, and the models that they run under.
#[derive(Debug)]
pub(crate) struct Registry<C> {
    workloads: BTreeMap<String, Box<dyn Registered<C>>>,
}

impl<C> Default for Registry<C> {
    fn default() -> Self {
        Self { workloads: BTreeMap::new() }
    }
}

/// Why a process could not play its role.
#[derive(Debug, thiserror::Error)]
enum PlayError {
    #[error(transparent)]
    Role(#[from] crate::role::RoleError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    #[error(transparent)]
    Serve(#[from] crate::server::ServeError),
    #[error("its standard input is no socket: {0}")]
    Socket(#[from] std::io::Error),
    #[error("cannot count tasks in: {0}")]
    Gate(std::io::Error),
    #[error("bad recipe: {0}")]
    Recipe(#[from] serde_json::Error),
    #[error("what the runner shares cannot be opened: {0}")]
    Notebook(std::io::Error),
    #[error("no workload is registered as `{0}` in this executable")]
    UnknownWorkload(String),
    #[error("the file for the notes of its tasks cannot be opened: {0}")]
    Trace(std::io::Error),
}

impl<C: Catalogue> Registry<C> {
    pub(super) fn register<W: Workload>(&mut self, name: &str, workload: W) {
        let workload = Entry { workload: Arc::new(workload), catalogue: PhantomData };
        self.workloads.insert(name.to_owned(), Box::new(workload));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.workloads.is_empty()
    }

    /// Plays the role that this process was started for; `None` if it was started by a person.
    pub(super) fn answer_role(&self) -> Option<ExitCode> {
        let played = match Role::take() {
            Ok(None) => return None,
            Ok(Some(role)) => self.play(&role),
            Err(error) => Err(error.into()),
        };
        Some(match played {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                eprintln!("concbench: {error}");
                ExitCode::FAILURE
            }
        })
    }

    fn play(&self, role: &Role) -> Result<u8, PlayError> {
        match role {
            Role::Runner => self.run_cells().map(|()| 0),
            Role::Target => {
                serve(&ServeOptions { exit_on_stdin_eof: true, ..ServeOptions::default() })?;
                Ok(0)
            }
            Role::Task { recipe, .. } | Role::Forkserver { recipe } | Role::PoolWorker { recipe, .. } => {
                let recipe: Recipe = serde_json::from_str(recipe)?;
                let code = match (&recipe.errand, recipe.kernel.clone()) {
                    (Some(Errand::Load(notebook)), Some(Kernel::Http(http))) => {
                        let paced = Paced::open(http, notebook).map_err(PlayError::Notebook)?;
                        serve_process(role, &Arc::new(paced))?
                    }
                    (Some(Errand::Timer(notebook)), _) => {
                        let timer = Timer::open(notebook).map_err(PlayError::Notebook)?;
                        serve_process(role, &Arc::new(timer))?
                    }
                    _ => self.with(&recipe, |workload| workload.process(role))??,
                };
                Ok(u8::try_from(code).unwrap_or(u8::MAX))
            }
        }
    }

    /// A runner: takes orders until its supervisor closes the channel.
    fn run_cells(&self) -> Result<(), PlayError> {
        let socket = rustix::io::dup(rustix::stdio::stdin()).map_err(std::io::Error::from)?;
        // The socket belongs to this process alone; what it starts must not inherit it.
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC).map_err(std::io::Error::from)?;
        let nothing = File::open("/dev/null")?;
        rustix::stdio::dup2_stdin(&nothing).map_err(std::io::Error::from)?;
        let mut channel = Channel::new(UnixStream::from(socket));
        while let Some(order) = channel.receive()? {
            let recipe = match &order {
                Order::Reference { recipe, .. } => recipe.clone(),
                Order::Observe { assignment, .. }
                | Order::Trace { assignment }
                | Order::Start { assignment }
                | Order::Crowd { assignment } => assignment.recipe.clone(),
                Order::Rally { pair, workers, stack_bytes, pinned, time_ns } => {
                    let time = Duration::from_nanos(*time_ns);
                    channel.send(rally::play(pair, *workers, *stack_bytes, *pinned, time))?;
                    continue;
                }
                Order::Load { assignment, arrivals } => {
                    match assignment.recipe.kernel.clone() {
                        Some(Kernel::Http(http)) => {
                            load::measure::<C, _, _>(http, assignment, *arrivals, &mut channel)?;
                        }
                        _ => {
                            let reason =
                                "a load is put on tasks that ask a server, and on no others".to_owned();
                            channel.send(Answer::Failed { status: Status::Unsupported, reason })?;
                        }
                    }
                    continue;
                }
                Order::Time { assignment } => {
                    timer::measure::<C, _>(assignment, &mut channel)?;
                    continue;
                }
                Order::Batches { .. } | Order::Stop => {
                    let reason = "an order for a cell before there is one".to_owned();
                    channel.send(Answer::Failed { status: Status::Failed, reason })?;
                    continue;
                }
            };
            if let Err(error) = self
                .with(&recipe, |workload| workload.cell(order, &mut channel))
                .and_then(|measured| Ok(measured?))
            {
                channel.send(Answer::Failed { status: Status::Failed, reason: error.to_string() })?;
            }
        }
        Ok(())
    }

    fn with<T>(&self, recipe: &Recipe, visit: impl FnOnce(&dyn Erased<C>) -> T) -> Result<T, PlayError> {
        if let Some(Errand::Wait(gate)) = &recipe.errand {
            let waiters = Waiters::open(gate).map_err(PlayError::Gate)?;
            return Ok(visit(erase(waiters).as_ref()));
        }
        match (&recipe.kernel, self.workloads.get(&recipe.name), &recipe.trace) {
            (Some(kernel), _, None) => Ok(visit(built_in(kernel.clone()).as_ref())),
            (Some(kernel), _, Some(path)) => {
                let kernel = Traced::open(Arc::new(kernel.clone()), path).map_err(PlayError::Trace)?;
                Ok(visit(erase(kernel).as_ref()))
            }
            (None, Some(workload), None) => Ok(visit(workload.plain())),
            (None, Some(workload), Some(path)) => {
                Ok(visit(workload.traced(path).map_err(PlayError::Trace)?.as_ref()))
            }
            (None, None, _) => Err(PlayError::UnknownWorkload(recipe.name.clone())),
        }
    }
}

fn built_in<C: Catalogue>(kernel: Kernel) -> Box<dyn Erased<C>> {
    match kernel {
        Kernel::Noop(workload) => erase(workload),
        Kernel::Factorial(workload) => erase(workload),
        Kernel::Count(workload) => erase(workload),
        Kernel::Sleep(workload) => erase(workload),
        Kernel::Http(workload) => erase(workload),
        Kernel::Mixed(workload) => erase(workload),
    }
}

/// A workload of whatever type, under the models of `C`.
trait Erased<C>: std::fmt::Debug {
    /// Measures the cell that the order names.
    fn cell(&self, order: Order, channel: &mut Channel<UnixStream>) -> Result<(), ProtocolError>;

    /// Runs tasks as a process of a process model; its exit code.
    fn process(&self, role: &Role) -> crate::model::Result<i32>;
}

/// A workload that code has registered.
trait Registered<C>: std::fmt::Debug {
    fn plain(&self) -> &dyn Erased<C>;

    /// The same, with tasks that leave notes in this file.
    fn traced(&self, path: &Path) -> std::io::Result<Box<dyn Erased<C>>>;
}

struct Entry<W, C> {
    workload: Arc<W>,
    catalogue: PhantomData<fn() -> C>,
}

impl<W, C> std::fmt::Debug for Entry<W, C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(std::any::type_name::<W>())
    }
}

fn erase<W: Workload, C: Catalogue>(workload: W) -> Box<dyn Erased<C>> {
    Box::new(Entry { workload: Arc::new(workload), catalogue: PhantomData })
}

impl<W: Workload, C: Catalogue> Registered<C> for Entry<W, C> {
    fn plain(&self) -> &dyn Erased<C> {
        self
    }

    fn traced(&self, path: &Path) -> std::io::Result<Box<dyn Erased<C>>> {
        Ok(erase(Traced::open(Arc::clone(&self.workload), path)?))
    }
}

impl<W: Workload, C: Catalogue> Erased<C> for Entry<W, C> {
    fn cell(&self, order: Order, channel: &mut Channel<UnixStream>) -> Result<(), ProtocolError> {
        match order {
            Order::Reference { tasks, .. } => channel.send(cell::reference(self.workload.as_ref(), tasks)),
            order => cell::measure::<C, W, _>(&self.workload, order, channel),
        }
    }

    fn process(&self, role: &Role) -> crate::model::Result<i32> {
        serve_process(role, &self.workload)
    }
}
