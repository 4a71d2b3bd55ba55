//! What an experiment finds inside a runner: the tasks and the model that it is to observe.

use std::any::Any;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::process::Runner;
use super::protocol::{Answer, Assignment, Channel, Order, ProtocolError, TrackSettings};
use super::target::Address;
use crate::model::{Digest, ModelError, Settings, panic_message};
use crate::models::{Loading, Prepared, Running, TaskSpec};
use crate::record::{Failure, Status};
use crate::registry::{Registry, RegistryError};

/// Why an order cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CellError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error("{batch}: {done} of {asked} tasks completed")]
    Count { batch: &'static str, done: u64, asked: u64 },
    #[error("{batch}: the tasks returned something else than under the sequential reference")]
    Digest { batch: &'static str },
    #[error("the model panicked: {0}")]
    Panicked(String),
    #[error("no model is called `{0}`")]
    UnknownModel(String),
    #[error("the order is not understood: {0}")]
    Order(String),
    #[error("{0}")]
    Other(String),
    #[error("{0}")]
    TimedOut(String),
    #[error("{}", .0.reason)]
    Another(Failure),
}

impl CellError {
    /// What it makes of the cell.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Model(ModelError::Unsupported(_)) => Status::Unsupported,
            Self::Model(ModelError::Died { .. }) => Status::Crashed,
            Self::TimedOut(_) => Status::TimedOut,
            Self::Another(failure) => failure.status,
            _ => Status::Failed,
        }
    }

    pub(super) fn answer(&self) -> Answer {
        Answer::Failed { status: self.status(), reason: self.to_string() }
    }
}

/// A model that panics has failed, and its runner can still say so.
pub(crate) fn guarded<T>(part: impl FnOnce() -> Result<T, CellError>) -> Result<T, CellError> {
    let panicked = |panic: Box<dyn Any + Send>| CellError::Panicked(panic_message(panic.as_ref()));
    catch_unwind(AssertUnwindSafe(part)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// What an experiment finds inside a runner.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    registry: &'a Registry,
    channel: &'a mut Channel<UnixStream>,
    track: TrackSettings,
    assignment: Option<Box<Assignment>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        registry: &'a Registry,
        channel: &'a mut Channel<UnixStream>,
        track: TrackSettings,
        assignment: Option<Box<Assignment>>,
    ) -> Self {
        Self { registry, channel, track, assignment }
    }

    /// The tasks that are to be run, and under what.
    ///
    /// # Errors
    ///
    /// When the order came without any.
    pub(crate) fn assignment(&self) -> Result<&Assignment, CellError> {
        self.assignment
            .as_deref()
            .ok_or_else(|| CellError::Order("it names no tasks and no model".to_owned()))
    }

    /// How a model without tasks of the registry is to be started.
    pub(crate) fn settings(&self, workers: u64, task_spec: String) -> Settings {
        Settings {
            workers: usize::try_from(workers).unwrap_or(usize::MAX),
            stack_bytes: self.track.stack_bytes,
            pin: self.track.pin,
            tuned: self.track.tuned,
            task_spec,
        }
    }

    /// The assigned tasks under the assigned model.
    ///
    /// # Errors
    ///
    /// When there are none such.
    pub(crate) fn bench(&self) -> Result<Bench, CellError> {
        self.bench_of(self.assignment()?.task_spec.clone())
    }

    /// Other tasks under the assigned model.
    ///
    /// # Errors
    ///
    /// When there are none such.
    pub(crate) fn bench_of(&self, task_spec: TaskSpec) -> Result<Bench, CellError> {
        let Assignment { model, workers, tasks, expected, target, .. } = self.assignment()?;
        let prepared = self.registry.prepared(&task_spec, model)?;
        let settings = self.settings(*workers, task_spec.to_text());
        Ok(Bench { prepared, settings, tasks: *tasks, expected: *expected, target: *target })
    }

    /// Starts the assigned model for an open load of tasks that write down what becomes of them.
    ///
    /// # Errors
    ///
    /// When there are none such, or the model cannot be started.
    pub(crate) fn start_under_load(&self, task_spec: TaskSpec) -> Result<Box<dyn Loading>, CellError> {
        let Assignment { model, workers, .. } = self.assignment()?;
        let settings = self.settings(*workers, task_spec.to_text());
        let started = self.registry.start_under_load(&task_spec, model, &settings)?;
        started.ok_or_else(|| CellError::UnknownModel(model.clone()))
    }

    /// Starts another runner, which carries out an order on other tasks under the assigned model.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn another<O: Serialize>(
        &self,
        experiment: &str,
        order: &O,
        task_spec: TaskSpec,
    ) -> Result<Another, CellError> {
        let order = serde_json::to_value(order).map_err(|error| CellError::Other(error.to_string()))?;
        let assignment = Some(Box::new(Assignment { task_spec, ..self.assignment()?.clone() }));
        let (experiment, track) = (experiment.to_owned(), self.track);
        let mut runner = Runner::start(0, None)
            .map_err(|error| CellError::Other(format!("another runner cannot be started: {error}")))?;
        runner.order(Order::Observe { experiment, order, track, assignment }).map_err(CellError::Another)?;
        Ok(Another(runner))
    }

    /// Answers, and waits for the next order; `None` once the supervisor wants no more.
    ///
    /// # Errors
    ///
    /// When the channel breaks, or something else is said.
    pub(crate) fn exchange<A: Serialize, O: DeserializeOwned>(
        &mut self,
        answer: &A,
    ) -> Result<Option<O>, CellError> {
        let observation =
            serde_json::to_value(answer).map_err(|error| CellError::Other(error.to_string()))?;
        self.channel.send(Answer::Observed { observation })?;
        match self.channel.receive()? {
            None => Ok(None),
            Some(Order::Next { order }) => {
                serde_json::from_value(order).map(Some).map_err(|error| CellError::Order(error.to_string()))
            }
            Some(_) => Err(CellError::Order("another one is under way".to_owned())),
        }
    }
}

/// A runner that another one has started. It ends with the value.
#[derive(Debug)]
pub(crate) struct Another(Runner);

impl Another {
    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.0.pid().unsigned_abs()
    }

    /// Waits for so long; why it does not go on with its order, if it does not.
    pub(crate) fn answered_within(&mut self, time: Duration) -> Option<CellError> {
        match self.0.answer_within(time)? {
            Ok(_) => Some(CellError::Other("another runner answered out of turn".to_owned())),
            Err(failure) => {
                // The supervisor keeps the last lines of this runner only.
                eprint!("{}", failure.stderr_tail.as_deref().unwrap_or_default());
                Some(CellError::Another(failure))
            }
        }
    }
}

/// Tasks under a model, ready to be started.
#[derive(Debug)]
pub(crate) struct Bench {
    prepared: Box<dyn Prepared>,
    settings: Settings,
    tasks: u64,
    expected: Option<Digest>,
    target: Option<Address>,
}

impl Bench {
    /// How long the target of the tasks has computed so far, if they ask one of ours and the kernel says.
    pub(crate) fn target_computed(&self) -> Option<Duration> {
        self.target?.computed()
    }

    /// What the model is.
    pub(crate) fn info(&self) -> &'static crate::model::ModelInfo {
        self.prepared.info()
    }

    /// Starts the model.
    pub(crate) fn start(&self) -> Result<Box<dyn Running>, CellError> {
        Ok(self.prepared.start(&self.settings)?)
    }

    /// Runs a batch. Its digest is still to be [checked](Self::check): what is timed is the batch alone.
    pub(crate) fn run(&self, model: &mut dyn Running) -> Result<Digest, CellError> {
        Ok(model.run(0..self.tasks)?)
    }

    /// Whether a batch did its work.
    pub(crate) fn check(&self, batch: &'static str, digest: Digest) -> Result<(), CellError> {
        if digest.tasks != self.tasks {
            return Err(CellError::Count { batch, done: digest.tasks, asked: self.tasks });
        }
        match self.expected {
            Some(expected) if expected != digest => Err(CellError::Digest { batch }),
            _ => Ok(()),
        }
    }
}

/// Carries out an order of an experiment: which one it is, the order, and where it is carried out.
pub(crate) type Carry = fn(&str, Value, &mut Desk<'_>) -> Result<Value, CellError>;
