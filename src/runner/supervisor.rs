//! The launcher that really launches: runners, the target, deadlines, and nothing left behind.

use std::collections::HashMap;
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::gap::Stretch;
use super::interrupt::Interrupt;
use super::load::{Arrivals, Served};
use super::orphans::Orphans;
use super::process::{Failure, Runner, Silence};
use super::protocol::{Answer, Assignment, Order};
use super::schedule::{Launcher, Measured};
use super::target::Target;
use super::timeline::{Batch, timeline};
use crate::machine::{Kind, refuses};
use crate::model::{Digest, Family, ModelInfo, Sizing};
use crate::plan::{Slot, padding};
use crate::record::{Machine, Slept, Status, Timeline, Track};
use crate::spec::{CellSpec, Recipe, Spec};
use crate::sys::Usage;

/// How much longer than one observation the sequential reference of a workload may take.
const REFERENCE_PATIENCE: u32 = 4;
/// How often an observation is tried that the machine slept through.
const ATTEMPTS: u32 = 3;
/// The seed of the paddings that no plan says.
const PADDINGS: u64 = 1;
/// The stack of every thread in the equalised track, in bytes: the default of Rust's own threads.
const EQUAL_STACK: usize = 2 << 20;

/// Starts runners and ends them.
#[derive(Debug)]
pub(crate) struct Supervisor {
    interrupt: &'static Interrupt,
    target: Option<Target>,
    track: Track,
    references: HashMap<String, Result<Digest, Failure>>,
    notes: Vec<String>,
    machine: Machine,
    orphans: Orphans,
    random: StdRng,
}

impl Supervisor {
    /// Takes over signals and orphans.
    ///
    /// # Errors
    ///
    /// When the kernel refuses either.
    pub(crate) fn new(track: Track) -> io::Result<Self> {
        let orphans = Orphans::adopt()?;
        let interrupt = Interrupt::install()?;
        Ok(Self {
            interrupt,
            target: None,
            track,
            references: HashMap::new(),
            notes: Vec::new(),
            machine: crate::machine::facts(),
            orphans,
            random: StdRng::seed_from_u64(PADDINGS),
        })
    }

    /// The signal that asked the run to end, if one has.
    pub(crate) fn interrupted_by(&self) -> Option<i32> {
        self.interrupt.signal()
    }

    pub(super) fn interrupt(&self) -> &'static Interrupt {
        self.interrupt
    }

    /// Starts a runner and gives it its cell: for criterion, which then asks for batches.
    pub(crate) fn start(
        &mut self,
        spec: &Spec,
        cell: &CellSpec,
        deadline: Duration,
    ) -> Result<Session, Silence> {
        let assignment = self.assign(spec, cell, deadline)?;
        let mut runner = self.runner(0)?;
        match runner.ask(Order::Start { assignment }, deadline, self.interrupt)? {
            Answer::Started { .. } => Ok(Session { runner, interrupt: self.interrupt }),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) fn runner(&self, padding: usize) -> Result<Runner, Silence> {
        Runner::start(padding).map_err(|error| failed(format!("a runner cannot be started: {error}")))
    }

    /// How much padding the next runner gets of what is in no plan.
    pub(super) fn padding(&mut self) -> usize {
        padding(&mut self.random)
    }

    fn assign(&mut self, spec: &Spec, cell: &CellSpec, deadline: Duration) -> Result<Assignment, Silence> {
        let workload = spec.workload_of(cell);
        let tasks = workload.definition.tasks;
        self.refuse(&cell.model, cell.workers, tasks)?;
        let mut recipe = workload.recipe();
        if let Some(kernel) = recipe.kernel.take() {
            recipe.kernel = Some(match kernel.needs_target() {
                true => kernel.with_target(self.target_address()?),
                false => kernel,
            });
        }
        let expected = self.reference(&recipe, tasks, deadline)?;
        Ok(self.assignment(recipe, &cell.model, cell.workers, expected))
    }

    /// What a runner is to run, on the track of this run.
    pub(super) fn assignment(
        &self,
        recipe: Recipe,
        model: &ModelInfo,
        workers: u64,
        expected: Digest,
    ) -> Assignment {
        Assignment {
            recipe,
            model: model.id.to_owned(),
            workers,
            tasks: expected.tasks,
            expected,
            stack_bytes: self.stack_bytes(),
            pin: self.track == Track::Equalised,
        }
    }

    /// The stack of every thread, where the track sets it.
    pub(super) fn stack_bytes(&self) -> Option<usize> {
        (self.track == Track::Equalised).then_some(EQUAL_STACK)
    }

    /// The address of a target that runs: it is started when it is first needed, and again if it has died.
    fn target_address(&mut self) -> Result<std::net::SocketAddr, Silence> {
        if self.target.as_mut().is_some_and(|target| !target.is_alive()) {
            self.notes.push("the HTTP target died and was started again".to_owned());
            self.target = None;
        }
        if self.target.is_none() {
            self.target = Some(Target::start().map_err(|error| failed(error.to_string()))?);
        }
        self.target.as_ref().map(|target| target.address).ok_or_else(|| failed("no HTTP target".to_owned()))
    }

    /// Refuses what would run into a limit of this machine, as far as that is known before it starts.
    pub(super) fn refuse(&self, model: &ModelInfo, workers: u64, tasks: u64) -> Result<(), Silence> {
        let at_once = match model.sizing {
            Sizing::PerTask => tasks,
            Sizing::One | Sizing::Workers => workers,
        };
        let kind = match (model.isolates, model.family) {
            // Those that start a process for each task reach them over one pipe.
            (true, _) if model.sizing == Sizing::PerTask => Kind::Process,
            (true, _) => Kind::ConnectedProcess,
            (false, Family::Baseline) => return Ok(()),
            (false, _) => Kind::Thread,
        };
        let Some(reason) = refuses(&self.machine.limits, kind, at_once) else {
            return Ok(());
        };
        Err(Silence::Failure(Failure { status: Status::Unsupported, reason, stderr_tail: None }))
    }

    fn reference(&mut self, recipe: &Recipe, tasks: u64, deadline: Duration) -> Result<Digest, Silence> {
        if let Some(known) = self.references.get(&recipe.name) {
            return known.clone().map_err(Silence::Failure);
        }
        let mut runner = self.runner(0)?;
        let order = Order::Reference { recipe: recipe.clone(), tasks };
        let outcome = match runner.ask(order, deadline * REFERENCE_PATIENCE, self.interrupt) {
            Ok(Answer::Reference { digest }) => Ok(digest),
            Ok(other) => Err(unexpected(&other)),
            Err(silence) => Err(silence),
        };
        drop(runner);
        let remembered = match outcome {
            Ok(digest) => Ok(digest),
            Err(Silence::Interrupted) => return Err(Silence::Interrupted),
            Err(Silence::Failure(failure)) => {
                let reason = format!("the sequential reference cannot be made: {}", failure.reason);
                Err(Failure { reason, ..failure })
            }
        };
        self.references.insert(recipe.name.clone(), remembered.clone());
        remembered.map_err(Silence::Failure)
    }

    /// Ends processes that outlived their runner; how many there were.
    pub(super) fn sweep(&mut self) -> usize {
        let swept = self.orphans.sweep(self.target.as_ref().map(|target| target.pid().unsigned_abs()));
        swept.unwrap_or_else(|error| {
            self.notes.push(format!("cannot look for processes that outlived a runner: {error}"));
            0
        })
    }

    /// The same, with a note unless the cell has failed: what a failed runner leaves behind is part of its failure.
    pub(crate) fn clear_up_after(&mut self, id: &str, failed: bool) {
        let leaked = self.sweep();
        if leaked > 0 && !failed {
            self.notes.push(format!("{id}: {leaked} process(es) outlived the runner and were ended"));
        }
    }

    /// How late tasks wake under the model of a cell.
    pub(crate) fn time(
        &mut self,
        spec: &Spec,
        cell: usize,
        deadline: Duration,
    ) -> Result<Vec<Slept>, Silence> {
        self.undisturbed(&spec.cells[cell].id, |supervisor| {
            let slot = Slot { cell, padding: supervisor.padding() };
            match supervisor.attempt(spec, slot, deadline, |assignment| Order::Time { assignment })? {
                (Answer::Timed { slept }, ..) => Ok(slept),
                (other, ..) => Err(unexpected(&other)),
            }
        })
    }

    /// Puts a load on a cell: what became of it, and the share of the time in which the target computed, where that is
    /// known.
    pub(crate) fn load(
        &mut self,
        spec: &Spec,
        cell: usize,
        arrivals: Arrivals,
        deadline: Duration,
    ) -> Result<(Served, Option<f64>), Silence> {
        self.undisturbed(&spec.cells[cell].id, |supervisor| {
            let slot = Slot { cell, padding: supervisor.padding() };
            let before = supervisor.target.as_ref().map(|target| (target.pid(), target.computed()));
            let order = |assignment| Order::Load { assignment, arrivals };
            let served = match supervisor.attempt(spec, slot, deadline, order)? {
                (Answer::Loaded { served }, ..) => served,
                (other, ..) => return Err(unexpected(&other)),
            };
            let after = supervisor.target.as_ref().map(|target| (target.pid(), target.computed()));
            let computed = before.zip(after).filter(|(before, after)| before.0 == after.0);
            let computed = computed.and_then(|(before, after)| Some(after.1? - before.1?));
            let share = |time: Duration| time.as_nanos() as f64 / served.elapsed_ns.max(1) as f64;
            let busy = computed.map(|time| share(time).min(1.0));
            Ok((served, busy))
        })
    }

    /// Makes an observation, again if the machine slept or the run was stopped meanwhile.
    pub(super) fn undisturbed<T>(
        &mut self,
        id: &str,
        mut attempt: impl FnMut(&mut Self) -> Result<T, Silence>,
    ) -> Result<T, Silence> {
        for _ in 0..ATTEMPTS {
            let stretch = Stretch::begin(self.interrupt);
            let outcome = attempt(self);
            match stretch.gap(self.interrupt) {
                Some(gap) if !matches!(outcome, Err(Silence::Interrupted)) => {
                    self.notes.push(format!("{id}: {gap} during an observation, which was made again"));
                }
                _ => return outcome,
            }
        }
        Err(broken_off())
    }

    /// Has a fresh runner carry out one order; what it answers, its number, and what it has used.
    fn attempt(
        &mut self,
        spec: &Spec,
        slot: Slot,
        deadline: Duration,
        order: impl FnOnce(Assignment) -> Order,
    ) -> Result<(Answer, i32, Option<Usage>), Silence> {
        let cell = &spec.cells[slot.cell];
        let assignment = self.assign(spec, cell, deadline)?;
        let mut runner = self.runner(slot.padding)?;
        let pid = runner.pid();
        let outcome = match runner.ask(order(assignment), deadline, self.interrupt) {
            Ok(answer) => Ok((answer, pid, runner.finish())),
            Err(silence) => {
                drop(runner);
                Err(silence)
            }
        };
        self.clear_up_after(&cell.id, outcome.is_err());
        outcome
    }

    /// Makes the timeline of a batch of this cell.
    pub(crate) fn trace(
        &mut self,
        spec: &Spec,
        cell: usize,
        deadline: Duration,
    ) -> Result<Timeline, Silence> {
        let unwritten = |error: io::Error| failed(format!("the notes of its tasks are lost: {error}"));
        // A file without a name, which nothing can leave behind; runners and workers find it here.
        let mut notes = tempfile::tempfile().map_err(unwritten)?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), notes.as_raw_fd());
        let order = |mut assignment: Assignment| {
            assignment.recipe.trace = Some(path.into());
            Order::Trace { assignment }
        };
        match self.attempt(spec, Slot { cell, padding: 0 }, deadline, order)? {
            (Answer::Traced { from_ns, to_ns }, runner, _) => {
                let mut bytes = Vec::new();
                notes.rewind().and_then(|()| notes.read_to_end(&mut bytes)).map_err(unwritten)?;
                let cell = &spec.cells[cell];
                let tasks = spec.workload_of(cell).definition.tasks;
                Ok(timeline(Batch { cell: &cell.id, tasks, runner, from_ns, to_ns }, &bytes))
            }
            (other, ..) => Err(unexpected(&other)),
        }
    }
}

impl Launcher for Supervisor {
    fn observe(
        &mut self,
        spec: &Spec,
        slot: Slot,
        warm: u32,
        deadline: Duration,
    ) -> Result<Measured, Silence> {
        let id = &spec.cells[slot.cell].id;
        self.undisturbed(id, |supervisor| {
            let order = |assignment| Order::Observe { assignment, warm };
            match supervisor.attempt(spec, slot, deadline, order)? {
                (Answer::Observed { phases }, _, usage) => Ok(Measured { phases, usage }),
                (other, ..) => Err(unexpected(&other)),
            }
        })
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.target = None;
        self.sweep();
    }
}

/// A runner that has started its model and runs batches on demand.
#[derive(Debug)]
pub(crate) struct Session {
    runner: Runner,
    interrupt: &'static Interrupt,
}

impl Session {
    /// Runs warm batches; the time they took together, in nanoseconds.
    pub(crate) fn batches(&mut self, count: u64, deadline: Duration) -> Result<u64, Silence> {
        for _ in 0..ATTEMPTS {
            let stretch = Stretch::begin(self.interrupt);
            let answer = self.runner.ask(Order::Batches { count }, deadline, self.interrupt)?;
            match answer {
                Answer::Batches { .. } if stretch.gap(self.interrupt).is_some() => {}
                Answer::Batches { total_ns } => return Ok(total_ns),
                other => return Err(unexpected(&other)),
            }
        }
        Err(broken_off())
    }

    /// Stops the model and the runner.
    pub(crate) fn stop(mut self, deadline: Duration) -> Result<(), Silence> {
        match self.runner.ask(Order::Stop, deadline, self.interrupt)? {
            Answer::Stopped => {
                self.runner.finish();
                Ok(())
            }
            other => Err(unexpected(&other)),
        }
    }
}

pub(super) fn failed(reason: String) -> Silence {
    Silence::Failure(Failure { status: Status::Failed, reason, stderr_tail: None })
}

fn broken_off() -> Silence {
    failed(format!(
        "{ATTEMPTS} times in a row the machine was suspended, or the run stopped, while it was measured"
    ))
}

pub(super) fn unexpected(answer: &Answer) -> Silence {
    failed(format!("the runner answered out of turn: {answer:?}"))
}
