//! The launcher that really launches: runners, the target, deadlines, and nothing left behind.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity};
use serde_json::Value;

use super::interrupt::Interrupt;
use super::launcher::{Conversation, Launcher, Reply, Request, RunnerError, Work};
use super::mark::Mark;
use super::orphans::{Orphans, Swept};
use super::process::Runner;
use super::protocol::{Answer, Assignment, Order, TrackSettings};
use super::reference::Reference;
use super::supplies::Supplies;
use super::undisturbed::{seen, undisturbed};
use crate::machine::proc;
use crate::model::limits::{Kind, refuses};
use crate::model::{Family, Sizing};
use crate::models::TaskSpec;
use crate::record::{Failure, Machine, Status, Track, Usage};
use crate::time::nanoseconds;
use concbench_sys::{QuotaGroup, Roots};

/// How much longer than one observation the sequential reference of a workload may take.
const REFERENCE_PATIENCE: u32 = 4;
/// How long the start of a process takes at most on a machine that is busy.
const LONGEST_START: Duration = Duration::from_millis(500);

/// Starts runners and ends them.
#[derive(Debug)]
pub(crate) struct Supervisor {
    interrupt: &'static Interrupt,
    supplies: Supplies,
    track: TrackSettings,
    references: HashMap<String, Result<Reference, Failure>>,
    notes: Vec<String>,
    limits: BTreeMap<String, Option<u64>>,
    mark: Mark,
    orphans: Orphans,
    /// The processors that this process, and so each of its runners, may use.
    processors: CpuSet,
    /// The process groups of the runners that were started since the last sweep.
    groups: Vec<i32>,
}

/// Whether processes can be started and told apart here at all.
///
/// # Errors
///
/// [`SuperviseError::Place`], with what is in the way.
pub(crate) fn require_place() -> Result<(), SuperviseError> {
    proc::require_own().and_then(|()| proc::require_own_executable()).map_err(SuperviseError::Place)
}

/// Why nothing can be measured here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SuperviseError {
    /// This is no place for it.
    #[error("cannot measure here: {0}")]
    Place(String),
    /// The kernel refuses something.
    #[error("cannot supervise: {0}")]
    Refused(#[from] io::Error),
}

impl Supervisor {
    /// Takes over signals and orphans, on a machine with these limits.
    ///
    /// # Errors
    ///
    /// When the kernel refuses either, or this is no place for it.
    pub(crate) fn new(track: Track, machine: &Machine) -> Result<Self, SuperviseError> {
        require_place()?;
        let mark = Mark::new();
        let orphans = Orphans::adopt(mark.clone())?;
        let interrupt = Interrupt::install()?;
        Ok(Self {
            interrupt,
            supplies: Supplies::new(mark.clone()),
            track: track.into(),
            references: HashMap::new(),
            notes: Vec::new(),
            limits: machine.limits.clone(),
            mark,
            orphans,
            processors: sched_getaffinity(None).map_err(io::Error::from)?,
            groups: Vec::new(),
        })
    }

    /// What the tasks of a workload return and wait for; made once, in a runner of its own.
    pub(crate) fn reference(
        &mut self,
        task_spec: &TaskSpec,
        tasks: u64,
        deadline: Duration,
    ) -> Result<Reference, RunnerError> {
        let key = format!("{tasks} {}", task_spec.to_text());
        if let Some(known) = self.references.get(&key) {
            return known.clone().map_err(RunnerError::Failure);
        }
        let task_spec = self.supplies.supplied(task_spec, tasks, &mut self.notes)?.0;
        let mut outcome = self.make_reference(&task_spec, tasks, deadline * REFERENCE_PATIENCE);
        // All cells of the workload rest on it.
        if let Err(RunnerError::Failure(failure)) = &outcome
            && failure.status == Status::Crashed
        {
            let what = format!("{}: the sequential reference: {}", task_spec.name, failure.reason);
            self.notes.push(format!("{what}; it was made again"));
            outcome = self.make_reference(&task_spec, tasks, deadline * REFERENCE_PATIENCE);
        }
        let remembered = match outcome {
            Ok(reference) => Ok(reference),
            Err(RunnerError::Interrupted) => return Err(RunnerError::Interrupted),
            Err(RunnerError::Failure(failure)) => {
                let reason = format!("the sequential reference cannot be made: {}", failure.reason);
                Err(Failure { reason, ..failure })
            }
        };
        self.references.insert(key, remembered.clone());
        remembered.map_err(RunnerError::Failure)
    }

    fn make_reference(
        &mut self,
        task_spec: &TaskSpec,
        tasks: u64,
        deadline: Duration,
    ) -> Result<Reference, RunnerError> {
        // Nothing is timed in it, so that it may run anywhere.
        let mut runner = self.start(0, false)?;
        let order = Order::Reference { task_spec: Box::new(task_spec.clone()), tasks };
        let outcome = match runner.ask(order, deadline, self.interrupt) {
            Ok(Answer::Reference { reference }) => Ok(reference),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(error),
        };
        drop(runner);
        self.clear_up_after(&format!("{}: the sequential reference", task_spec.name), outcome.is_err());
        outcome
    }

    fn assign(&mut self, work: &Work, deadline: Duration) -> Result<Assignment, RunnerError> {
        refuse(&self.limits, work)?;
        let expected = match work.checked {
            true => Some(self.reference(&work.task_spec, work.tasks, deadline)?.digest),
            false => None,
        };
        let (task_spec, target) = self.supplies.supplied(&work.task_spec, work.tasks, &mut self.notes)?;
        let (model, workers, tasks) = (work.model.id.to_owned(), work.workers, work.tasks);
        Ok(Assignment { task_spec, model, workers, tasks, expected, target })
    }

    fn order(&mut self, request: Request, deadline: Duration) -> Result<Order, RunnerError> {
        let Request { experiment, order, work } = request;
        let assignment = work.map(|work| self.assign(&work, deadline)).transpose()?.map(Box::new);
        Ok(Order::Observe { experiment: experiment.to_owned(), order, track: self.track, assignment })
    }

    /// Has a fresh runner carry out one order.
    fn attempt(
        &mut self,
        id: &str,
        request: Request,
        padding: usize,
        deadline: Duration,
    ) -> Result<Reply, RunnerError> {
        let order = self.order(request, deadline)?;
        let mut runner = self.start(padding, order.asks_target())?;
        let outcome = match runner.ask(order, deadline, self.interrupt).and_then(observed) {
            Ok(answer) => Ok(Reply { answer, usage: used(runner) }),
            Err(error) => {
                drop(runner);
                Err(error)
            }
        };
        self.clear_up_after(id, outcome.is_err());
        outcome
    }

    /// Starts a runner, beside the cores of the target if its tasks ask that.
    fn start(&mut self, padding: usize, asks_target: bool) -> Result<Runner, RunnerError> {
        let began = Instant::now();
        let runner = Runner::start(padding, Some(&self.mark))
            .map_err(|error| RunnerError::failed(format!("a runner cannot be started: {error}")))?;
        if let Some(apart) = self.supplies.apart().filter(|_| asks_target) {
            apart.place_runner(runner.pid()).map_err(|error| RunnerError::failed(error.to_string()))?;
        }
        self.interrupt.woke_late(began.elapsed().saturating_sub(LONGEST_START));
        self.groups.push(runner.pid());
        Ok(runner)
    }

    /// Notes it if somebody has let this process use other processors than before: runners inherit that.
    fn look_at_processors(&mut self, id: &str) {
        let Ok(now) = sched_getaffinity(None) else { return };
        let before = std::mem::replace(&mut self.processors, now);
        if before != now {
            let (before, now) = (before.count(), now.count());
            let which = if before == now {
                "other processors".to_owned()
            } else {
                format!("{now} processors instead of {before}")
            };
            self.notes.push(format!(
                "{id}: somebody has moved the run to {which} meanwhile; what is measured from here on compares with nothing before"
            ));
        }
    }

    /// Ends processes that outlived their runner; how many there were.
    fn sweep(&mut self) -> usize {
        let groups = std::mem::take(&mut self.groups);
        let swept = self.orphans.sweep(self.supplies.target_pid(), &groups);
        match swept {
            Ok(Swept { ended, stuck, unmarked }) => {
                self.notes.extend(stuck.into_iter().map(|(pid, state)| {
                    format!(
                        "process {pid} could not be ended (state {state}); it ends once the kernel lets it"
                    )
                }));
                self.notes.extend(unmarked.into_iter().map(|pid| {
                    format!("process {pid} lost its parent, shows no environment, and was left alone: whose it is cannot be told")
                }));
                ended
            }
            Err(error) => {
                self.notes.push(format!("cannot look for processes that outlived a runner: {error}"));
                0
            }
        }
    }

    /// Ends all that it has started: what happened meanwhile that a reader of the record should know.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.supplies.end_target();
        self.sweep();
        // One that was killed in a control group of its own could not remove it.
        QuotaGroup::remove_left(&Roots::default(), std::process::id());
        self.take_notes()
    }
}

impl Launcher for Supervisor {
    fn observe(
        &mut self,
        id: &str,
        request: Request,
        padding: usize,
        deadline: Duration,
    ) -> Result<Reply, RunnerError> {
        let interrupt = self.interrupt;
        let attempt = || seen(interrupt, || self.attempt(id, request.clone(), padding, deadline));
        let (outcome, gaps) =
            undisturbed(attempt, |outcome| !matches!(outcome, Err(RunnerError::Interrupted)));
        let again = |gap: String| format!("{id}: {gap} during an observation, which was made again");
        self.notes.extend(gaps.into_iter().map(again));
        outcome
    }

    fn converse(
        &mut self,
        request: Request,
        deadline: Duration,
    ) -> Result<(Value, Box<dyn Conversation>), RunnerError> {
        let order = self.order(request, deadline)?;
        let mut runner = self.start(0, order.asks_target())?;
        let answer = runner.ask(order, deadline, self.interrupt).and_then(observed)?;
        Ok((answer, Box::new(Session { runner, interrupt: self.interrupt })))
    }

    fn clear_up_after(&mut self, id: &str, failed: bool) {
        self.look_at_processors(id);
        let leaked = self.sweep();
        if leaked > 0 && !failed {
            self.notes.push(format!("{id}: {leaked} process(es) outlived the runner and were ended"));
        }
    }

    fn interrupted_by(&self) -> Option<i32> {
        self.interrupt.signal()
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end();
    }
}

/// A runner that is asked more than once.
struct Session {
    runner: Runner,
    interrupt: &'static Interrupt,
}

impl Conversation for Session {
    fn ask(&mut self, order: Value, deadline: Duration) -> Result<Value, RunnerError> {
        let interrupt = self.interrupt;
        let ask = || {
            let order = Order::Next { order: order.clone() };
            seen(interrupt, || self.runner.ask(order, deadline, interrupt).and_then(observed))
        };
        // A runner that has failed is asked no more.
        undisturbed(ask, Result::is_ok).0
    }

    fn end(mut self: Box<Self>, order: Value, deadline: Duration) -> Result<Value, RunnerError> {
        let answer = observed(self.runner.ask(Order::Next { order }, deadline, self.interrupt)?)?;
        self.runner.finish();
        Ok(answer)
    }
}

fn observed(answer: Answer) -> Result<Value, RunnerError> {
    match answer {
        Answer::Observed { observation } => Ok(observation),
        other => Err(unexpected(&other)),
    }
}

/// What a runner has used, once it has exited.
fn used(runner: Runner) -> Result<Usage, String> {
    let usage = runner.finish().ok_or_else(|| "the runner did not exit in time".to_owned())?;
    Ok(Usage {
        user_ns: nanoseconds(usage.user),
        system_ns: nanoseconds(usage.system),
        voluntary_switches: usage.voluntary_switches,
        involuntary_switches: usage.involuntary_switches,
    })
}

fn unexpected(answer: &Answer) -> RunnerError {
    RunnerError::failed(format!("the runner answered out of turn: {answer:?}"))
}

/// Refuses what would run into a limit of this machine, as far as that is known before it starts.
fn refuse(limits: &BTreeMap<String, Option<u64>>, work: &Work) -> Result<(), RunnerError> {
    let Work { model, workers, tasks, .. } = work;
    let at_once = match model.sizing {
        Sizing::PerTask => *tasks,
        Sizing::One | Sizing::Workers => *workers,
    };
    let kind = match (model.starts_processes(), model.family) {
        // Those that start a process for each task reach them over one pipe.
        (true, _) if model.sizing == Sizing::PerTask => Kind::Process,
        (true, _) => Kind::ConnectedProcess,
        (false, Family::Baseline) => return Ok(()),
        (false, _) => Kind::Thread,
    };
    match refuses(limits, kind, at_once) {
        Some(reason) => Err(RunnerError::Failure(Failure::new(Status::Unsupported, reason))),
        None => Ok(()),
    }
}
