//! The launcher that really launches: runners, the target, deadlines, and nothing left behind.

use std::collections::{BTreeMap, HashMap};
use std::env::temp_dir;
use std::io;
use std::time::{Duration, Instant};

use concbench_workloads::Kernel;
use rustix::thread::{CpuSet, sched_getaffinity};
use serde_json::Value;

use super::files::Files;
use super::gap::SuspendDetector;
use super::interrupt::Interrupt;
use super::launcher::{Conversation, Launcher, Reply, Request, RunnerError, Work};
use super::mark::Mark;
use super::orphans::{Orphans, Swept};
use super::process::Runner;
use super::protocol::{Answer, Assignment, Equal, Order};
use super::reference::Reference;
use super::target::{Address, Target};
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
/// How often an observation is tried that the machine slept through.
const ATTEMPTS: usize = 3;
/// The stack of every thread in the equalised track, in bytes: the default of Rust's own threads.
const EQUAL_STACK: usize = 2 << 20;

/// Starts runners and ends them.
#[derive(Debug)]
pub(crate) struct Supervisor {
    interrupt: &'static Interrupt,
    target: Option<Target>,
    /// Where the files lie that tasks read; they go with the supervisor.
    files: Option<Files>,
    equal: Equal,
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
        let equal = match track {
            Track::Defaults => Equal::default(),
            Track::Equalised => Equal { stack_bytes: Some(EQUAL_STACK), pin: true },
        };
        Ok(Self {
            interrupt,
            target: None,
            files: None,
            equal,
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
        let task_spec = self.supplied(task_spec, tasks)?.0;
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
        let mut runner = self.start(0)?;
        let order = Order::Reference { task_spec: task_spec.clone(), tasks };
        let outcome = match runner.ask(order, deadline, self.interrupt) {
            Ok(Answer::Reference { reference }) => Ok(reference),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(error),
        };
        drop(runner);
        self.clear_up_after(&format!("{}: the sequential reference", task_spec.name), outcome.is_err());
        outcome
    }

    /// The same tasks with what they need: the address of a target that runs, or a folder with their files.
    fn supplied(
        &mut self,
        task_spec: &TaskSpec,
        tasks: u64,
    ) -> Result<(TaskSpec, Option<Address>), RunnerError> {
        let mut task_spec = task_spec.clone();
        match task_spec.kernel.take() {
            Some(kernel) if kernel.needs_target() => {
                let address = self.target()?;
                task_spec.kernel = Some(kernel.with_target(address.socket));
                Ok((task_spec, Some(address)))
            }
            Some(kernel) if kernel.needs_files() => {
                task_spec.kernel = Some(self.with_files(kernel, tasks)?);
                Ok((task_spec, None))
            }
            kernel => {
                task_spec.kernel = kernel;
                Ok((task_spec, None))
            }
        }
    }

    /// The kernel with the files of so many tasks.
    fn with_files(&mut self, kernel: Kernel, tasks: u64) -> Result<Kernel, RunnerError> {
        let refused = |error: io::Error| {
            RunnerError::failed(format!(
                "the files of its tasks cannot be made in {}: {error}",
                temp_dir().display()
            ))
        };
        if self.files.is_none() {
            self.files = Some(Files::make(&self.mark).map_err(refused)?);
        }
        match &self.files {
            Some(folder) => kernel.with_files(folder.path(), tasks).map_err(refused),
            None => Ok(kernel),
        }
    }

    /// A target that runs: it is started when it is first needed, and again if it has died.
    fn target(&mut self) -> Result<Address, RunnerError> {
        if self.target.as_mut().is_some_and(|target| !target.is_alive()) {
            self.notes.push("the HTTP target died and was started again".to_owned());
            self.target = None;
        }
        if self.target.is_none() {
            let target = Target::start(&self.mark).map_err(|error| RunnerError::failed(error.to_string()))?;
            self.target = Some(target);
        }
        self.target.as_ref().map(Target::address).ok_or_else(|| RunnerError::failed("no HTTP target"))
    }

    fn assign(&mut self, work: &Work, deadline: Duration) -> Result<Assignment, RunnerError> {
        self.refuse(work)?;
        let expected = match work.checked {
            true => Some(self.reference(&work.task_spec, work.tasks, deadline)?.digest),
            false => None,
        };
        let (task_spec, target) = self.supplied(&work.task_spec, work.tasks)?;
        let (model, workers, tasks) = (work.model.id.to_owned(), work.workers, work.tasks);
        Ok(Assignment { task_spec, model, workers, tasks, expected, target })
    }

    /// Refuses what would run into a limit of this machine, as far as that is known before it starts.
    fn refuse(&self, Work { model, workers, tasks, .. }: &Work) -> Result<(), RunnerError> {
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
        match refuses(&self.limits, kind, at_once) {
            Some(reason) => Err(RunnerError::Failure(Failure::new(Status::Unsupported, reason))),
            None => Ok(()),
        }
    }

    fn order(&mut self, request: Request, deadline: Duration) -> Result<Order, RunnerError> {
        let Request { experiment, order, work } = request;
        let assignment = work.map(|work| self.assign(&work, deadline)).transpose()?.map(Box::new);
        Ok(Order::Observe { experiment: experiment.to_owned(), order, equal: self.equal, assignment })
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
        let mut runner = self.start(padding)?;
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

    /// Starts a runner.
    fn start(&mut self, padding: usize) -> Result<Runner, RunnerError> {
        let began = Instant::now();
        let runner = Runner::start(padding, Some(&self.mark))
            .map_err(|error| RunnerError::failed(format!("a runner cannot be started: {error}")))?;
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
        let spared = self.target.as_ref().map(|target| target.pid().unsigned_abs());
        let swept = self.orphans.sweep(spared, &std::mem::take(&mut self.groups));
        // One that was killed in a control group of its own could not remove it.
        QuotaGroup::remove_left(&Roots::default(), std::process::id());
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
        self.target = None;
        self.sweep();
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
        let mut runner = self.start(0)?;
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

/// An attempt, and what made a gap in it.
fn seen<T>(interrupt: &Interrupt, attempt: impl FnOnce() -> T) -> (T, Option<String>) {
    let detector = SuspendDetector::begin(interrupt);
    let outcome = attempt();
    (outcome, detector.gap(interrupt))
}

/// The first outcome without a gap, and the gaps of the attempts that were made again; an outcome that is not
/// `repeatable` stands as it is.
fn undisturbed<T>(
    mut attempt: impl FnMut() -> (Result<T, RunnerError>, Option<String>),
    repeatable: impl Fn(&Result<T, RunnerError>) -> bool,
) -> (Result<T, RunnerError>, Vec<String>) {
    let mut gaps = Vec::new();
    loop {
        match attempt() {
            (outcome, Some(gap)) if repeatable(&outcome) => gaps.push(gap),
            (outcome, _) => return (outcome, gaps),
        }
        if gaps.len() == ATTEMPTS {
            // Nothing was made again after the last.
            gaps.pop();
            let what =
                "in a row the machine was suspended, or the run stopped or frozen, while it was measured";
            return (Err(RunnerError::failed(format!("{ATTEMPTS} times {what}"))), gaps);
        }
    }
}

fn unexpected(answer: &Answer) -> RunnerError {
    RunnerError::failed(format!("the runner answered out of turn: {answer:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of attempts of which so many have a gap, and how many were made.
    fn tried(
        outcome: &Result<u8, RunnerError>,
        disturbed: usize,
        repeatable: bool,
    ) -> (Result<u8, RunnerError>, usize, usize) {
        let mut made = 0;
        let attempt = || {
            made += 1;
            (outcome.clone(), (made <= disturbed).then(|| "a gap".to_owned()))
        };
        let (outcome, gaps) = undisturbed(attempt, |_| repeatable);
        (outcome, gaps.len(), made)
    }

    #[test]
    fn what_had_a_gap_is_made_again_and_as_many_notes_say_so_as_it_was() {
        let (ok, failed) = (Ok(7), Err(RunnerError::failed("no answer".to_owned())));
        for outcome in [&ok, &failed] {
            assert_eq!(tried(outcome, 0, true), (outcome.clone(), 0, 1));
            assert_eq!(tried(outcome, 2, true), (outcome.clone(), 2, 3));
            assert_eq!(tried(outcome, 2, false), (outcome.clone(), 0, 1));
        }
        let (outcome, gaps, made) = tried(&ok, 9, true);
        assert!(
            matches!(outcome, Err(RunnerError::Failure(failure)) if failure.reason.starts_with("3 times"))
        );
        assert_eq!((gaps, made), (2, 3));
    }
}
