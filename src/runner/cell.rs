//! A runner: a fresh process that measures one cell and times itself.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use concbench_workloads::Workload;

use super::memory;
use super::protocol::{Answer, Assignment, Channel, Order, Phases, ProtocolError};
use super::trace::clock_ns;
use crate::model::{
    Catalogue, Digest, DryIo, Family, Model, ModelError, Settings, Visitor, attempt_at_once, panic_message,
};
use crate::record::Status;
use crate::spec::Recipe;
use crate::time::nanoseconds;

/// Why a cell has no time.
#[derive(Debug, thiserror::Error)]
pub(super) enum CellError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("{batch}: {done} of {asked} tasks completed")]
    Count { batch: &'static str, done: u64, asked: u64 },
    #[error("the batch ended, and its tasks were to wait for ever")]
    Awake,
    #[error("{batch}: the tasks returned something else than under the sequential reference")]
    Digest { batch: &'static str },
    #[error("the model panicked: {0}")]
    Panicked(String),
    #[error("no model is called `{0}`")]
    UnknownModel(String),
}

impl CellError {
    pub(super) fn answer(&self) -> Answer {
        let status = match self {
            Self::Model(error) => status_of(error),
            _ => Status::Failed,
        };
        Answer::Failed { status, reason: self.to_string() }
    }
}

/// What an error of a model makes of its cell.
pub(super) fn status_of(error: &ModelError) -> Status {
    match error {
        ModelError::Unsupported(_) => Status::Unsupported,
        ModelError::Died { .. } => Status::Crashed,
        _ => Status::Failed,
    }
}

/// A model that panics has failed, and its runner can still say so.
pub(super) fn guarded<T>(part: impl FnOnce() -> Result<T, CellError>) -> Result<T, CellError> {
    catch_unwind(AssertUnwindSafe(part))
        .unwrap_or_else(|panic| Err(CellError::Panicked(panic_message(panic.as_ref()))))
}

/// What the tasks return, whatever the model: each in turn, with no time spent asleep.
pub(crate) fn reference<W: Workload>(workload: &W, tasks: u64) -> Answer {
    let mut digest = Digest::default();
    for index in 0..tasks {
        match attempt_at_once(workload, &DryIo, index) {
            Ok(value) => digest.add(index, value),
            Err(error) => return CellError::Model(error).answer(),
        }
    }
    Answer::Reference { digest }
}

/// Measures what the supervisor orders, under the model that the first order names.
pub(crate) fn measure<C: Catalogue, W: Workload, S: Read + Write>(
    workload: &Arc<W>,
    first: Order,
    channel: &mut Channel<S>,
) -> Result<(), ProtocolError> {
    let (assignment, purpose) = match first {
        Order::Observe { assignment, warm } => (assignment, Purpose::Observe { warm }),
        Order::Trace { assignment } => (assignment, Purpose::Trace),
        Order::Start { assignment } => (assignment, Purpose::Serve),
        Order::Crowd { assignment } => (assignment, Purpose::Crowd),
        Order::Reference { .. }
        | Order::Batches { .. }
        | Order::Stop
        | Order::Time { .. }
        | Order::Load { .. }
        | Order::Rally { .. } => {
            let reason = "the order does not name a cell".to_owned();
            return channel.send(Answer::Failed { status: Status::Failed, reason });
        }
    };
    let id = assignment.model.clone();
    let visitor = Measure { workload, assignment, purpose, channel, catalogue: PhantomData::<C> };
    match C::visit(&id, visitor) {
        Ok(outcome) => outcome,
        Err(visitor) => visitor.channel.send(CellError::UnknownModel(id).answer()),
    }
}

/// What is to be done with a cell.
enum Purpose {
    Observe {
        warm: u32,
    },
    Trace,
    /// Batches, as they are asked for.
    Serve,
    /// Nothing that ends: the supervisor looks at tasks that wait.
    Crowd,
}

struct Measure<'a, C, W, S: Read> {
    workload: &'a Arc<W>,
    assignment: Assignment,
    purpose: Purpose,
    channel: &'a mut Channel<S>,
    catalogue: PhantomData<C>,
}

impl<C, W: Workload, S: Read + Write> Visitor for Measure<'_, C, W, S> {
    type Output = Result<(), ProtocolError>;

    fn visit<M: Model>(self) -> Self::Output {
        let session = Session { workload: self.workload, assignment: &self.assignment };
        let done = match self.purpose {
            Purpose::Observe { warm } => {
                guarded(|| session.observe::<M>(warm)).map(|phases| Answer::Observed { phases })
            }
            Purpose::Trace => {
                guarded(|| session.trace::<M>()).map(|(from_ns, to_ns)| Answer::Traced { from_ns, to_ns })
            }
            Purpose::Crowd => guarded(|| session.wait_for_ever::<M>()).map(|never| match never {}),
            Purpose::Serve => return session.serve_batches::<M, S>(self.channel),
        };
        self.channel.send(done.unwrap_or_else(|error| error.answer()))
    }
}

struct Session<'a, W> {
    workload: &'a Arc<W>,
    assignment: &'a Assignment,
}

/// How the model of a cell is to be started, for tasks that follow this recipe.
pub(super) fn settings(assignment: &Assignment, recipe: &Recipe) -> Settings {
    Settings {
        workers: usize::try_from(assignment.workers).unwrap_or(usize::MAX),
        stack_bytes: assignment.stack_bytes,
        pin: assignment.pin,
        recipe: recipe.to_text(),
    }
}

impl<W: Workload> Session<'_, W> {
    fn settings(&self) -> Settings {
        settings(self.assignment, &self.assignment.recipe)
    }

    /// One batch: its time, once its digest has been found to be right.
    fn batch<M: Model>(&self, model: &mut M, name: &'static str) -> Result<u64, CellError> {
        self.batch_within(&mut Laps::begin(), model, name)
    }

    /// The same from the end of the phase before it.
    fn batch_within<M: Model>(
        &self,
        laps: &mut Laps,
        model: &mut M,
        name: &'static str,
    ) -> Result<u64, CellError> {
        let Assignment { tasks, expected, .. } = *self.assignment;
        let digest = model.run(self.workload, 0..tasks);
        let elapsed = laps.end();
        let digest = digest?;
        if digest.tasks != expected.tasks {
            return Err(CellError::Count { batch: name, done: digest.tasks, asked: expected.tasks });
        }
        if digest != expected {
            return Err(CellError::Digest { batch: name });
        }
        Ok(elapsed)
    }

    /// Starts a batch that does not end.
    fn wait_for_ever<M: Model>(&self) -> Result<Infallible, CellError> {
        M::start(&self.settings())?.run(self.workload, 0..self.assignment.tasks)?;
        Err(CellError::Awake)
    }

    fn observe<M: Model>(&self, warm: u32) -> Result<Phases, CellError> {
        let settings = self.settings();
        let mut warm_ns = Vec::with_capacity(warm as usize);
        // The same code reads the clock at the end: a function called for the first time costs more than a short phase.
        let mut wall = Laps::begin();
        let mut laps = Laps::begin();
        let mut model = M::start(&settings)?;
        let startup_ns = laps.end();
        let cold_ns = self.batch_within(&mut laps, &mut model, "cold batch")?;
        for _ in 0..warm {
            warm_ns.push(self.batch_within(&mut laps, &mut model, "warm batch")?);
        }
        let peak_rss_bytes = match M::INFO.family {
            Family::Processes => Err("the processes of the tasks have ended when memory is read".to_owned()),
            _ => memory::peak_bytes(),
        };
        let probe_ns = laps.end();
        model.stop()?;
        let shutdown_ns = laps.end();
        let wall_ns = wall.end();
        let digest = self.assignment.expected;
        Ok(Phases { startup_ns, cold_ns, warm_ns, probe_ns, shutdown_ns, wall_ns, peak_rss_bytes, digest })
    }

    /// A batch that is not the first, by its ends on the clock that all processes share.
    fn trace<M: Model>(&self) -> Result<(u64, u64), CellError> {
        let mut model = M::start(&self.settings())?;
        self.batch(&mut model, "cold batch")?;
        let from_ns = clock_ns();
        self.batch(&mut model, "traced batch")?;
        let to_ns = clock_ns();
        model.stop()?;
        Ok((from_ns, to_ns))
    }

    /// The same phases, one order each: criterion decides how many batches it wants.
    fn serve_batches<M: Model, S: Read + Write>(
        &self,
        channel: &mut Channel<S>,
    ) -> Result<(), ProtocolError> {
        let cold = guarded(|| {
            let mut model = M::start(&self.settings())?;
            Ok((self.batch(&mut model, "cold batch")?, model))
        });
        let mut model = match cold {
            Ok((cold_ns, model)) => {
                channel.send(Answer::Started { cold_ns })?;
                model
            }
            Err(error) => return channel.send(error.answer()),
        };
        while let Some(Order::Batches { count }) = channel.receive()? {
            match guarded(|| (0..count).map(|_| self.batch(&mut model, "warm batch")).sum()) {
                Ok(total_ns) => channel.send(Answer::Batches { total_ns })?,
                Err(error) => return channel.send(error.answer()),
            }
        }
        match guarded(|| Ok(model.stop()?)) {
            Ok(()) => channel.send(Answer::Stopped),
            Err(error) => channel.send(error.answer()),
        }
    }
}

/// The phases of an observation: one reading of the clock ends one and begins the next. With a reading for each end the
/// clock itself would be a hundredth of the shortest observations, and in no phase.
pub(super) struct Laps(Instant);

impl Laps {
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Ends a phase; its time in nanoseconds.
    pub(super) fn end(&mut self) -> u64 {
        let now = Instant::now();
        let begun = std::mem::replace(&mut self.0, now);
        nanoseconds(now - begun)
    }
}
