//! Many tasks that wait at once, looked at from outside while they do.
//!
//! Each task counts itself in and then waits for longer than any run lasts. Once all have come, the supervisor reads
//! what the runner and its processes hold, and ends them: waking a million tasks would only cost time.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use concbench_workloads::{Io, Workload};

use super::memory::{Held, held};
use super::process::{Failure, Heard, Silence};
use super::protocol::Order;
use super::supervisor::{Supervisor, failed, unexpected};
use crate::model::{Digest, ModelInfo};
use crate::record::Status;
use crate::spec::{Errand, Recipe};
use crate::sys::SharedMemory;

/// The name under which the waiting workload is built.
const NAME: &str = "crowd";
/// How long a task waits: beyond any deadline.
const FOR_EVER: Duration = Duration::from_secs(30 * 86_400);
/// How long no task may come before it is given up: one that the system refuses is not reported, since the model waits
/// for those that have come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether all have come.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long what was read must stay as it is: the last task has come, but may not wait yet.
const STILL: Duration = Duration::from_millis(5);
/// How many readings it may take until two in a row agree.
const READINGS: u32 = 20;
/// By how much two readings agree, as a fraction.
const AGREE: f64 = 0.001;

/// Tasks that are to wait at once under one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) model: ModelInfo,
    pub(crate) workers: u64,
    pub(crate) tasks: u64,
}

/// Where tasks count themselves in, whichever process they run in: how many, and a digest of which.
#[derive(Debug)]
struct Gate {
    memory: SharedMemory,
}

/// The two counters of a gate.
const WORDS: usize = 2;

impl Gate {
    /// A new one, and the descriptor that keeps it open.
    fn create() -> io::Result<(Self, OwnedFd)> {
        let (memory, file) = SharedMemory::create(0, WORDS)?;
        Ok((Self { memory }, file))
    }

    /// That of the process which has it open.
    fn open(path: &Path) -> io::Result<Self> {
        let file: File = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self { memory: SharedMemory::open(file.into(), 0, WORDS)? })
    }

    fn arrive(&self, index: u64) {
        let one = arrival(index);
        let [tasks, sum] = self.memory.words(0..WORDS) else { unreachable!("it has two words") };
        // Whoever sees the count sees the sum of all that are counted.
        sum.fetch_add(one.sum, Ordering::Relaxed);
        tasks.fetch_add(one.tasks, Ordering::Release);
    }

    fn arrived(&self) -> Digest {
        let [tasks, sum] = self.memory.words(0..WORDS) else { unreachable!("it has two words") };
        Digest { tasks: tasks.load(Ordering::Acquire), sum: sum.load(Ordering::Relaxed) }
    }
}

fn arrival(index: u64) -> Digest {
    let mut one = Digest::default();
    one.add(index, index);
    one
}

/// The workload of a crowd: counts itself in, and waits.
#[derive(Debug)]
pub(crate) struct Waiters {
    gate: Gate,
}

impl Waiters {
    /// Those that come through the gate at this path.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Gate::open(path).map(|gate| Self { gate })
    }
}

impl Workload for Waiters {
    async fn task<I: Io>(&self, io: &I, index: u64) -> concbench_workloads::Result<u64> {
        self.gate.arrive(index);
        io.sleep(FOR_EVER).await;
        Ok(index)
    }
}

impl Supervisor {
    /// Has a fresh runner start these tasks, and reads what they hold once all of them wait; with it, how long they took
    /// to come. The inner error is why the kernel does not say.
    pub(crate) fn crowd(
        &mut self,
        crowd: &Crowd,
        deadline: Duration,
    ) -> Result<(Result<Held, String>, Duration), Silence> {
        self.refuse(&crowd.model, crowd.workers, crowd.tasks)?;
        self.undisturbed(&format!("{NAME}/{}@{}", crowd.model.id, crowd.tasks), |supervisor| {
            let outcome = supervisor.gather(crowd, deadline);
            // Nothing has leaked: those that waited were to be ended.
            supervisor.sweep();
            outcome
        })
    }

    fn gather(
        &self,
        &Crowd { model, workers, tasks }: &Crowd,
        deadline: Duration,
    ) -> Result<(Result<Held, String>, Duration), Silence> {
        let (gate, file) =
            Gate::create().map_err(|error| failed(format!("no memory to count tasks in: {error}")))?;
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
        let recipe =
            Recipe { name: NAME.to_owned(), kernel: None, trace: None, errand: Some(Errand::Wait(path)) };
        let expected = (0..tasks).map(arrival).fold(Digest::default(), Digest::merge);
        let assignment = self.assignment(recipe, &model, workers, expected);
        let mut runner = self.runner(0)?;
        let order = Order::Crowd { assignment };
        let ordered = Instant::now();
        let mut stall = Stall { arrived: 0, since: ordered };
        let whole = || {
            let arrived = gate.arrived();
            let given_up = stall.lasts(arrived.tasks, Instant::now());
            (arrived.tasks >= tasks || given_up).then_some(arrived)
        };
        match runner.ask_or_see(order, deadline, self.interrupt(), LOOK_EVERY, whole)? {
            Heard::Seen(arrived) if arrived == expected => {
                let took = ordered.elapsed();
                Ok((still(runner.pid().unsigned_abs()), took))
            }
            Heard::Seen(Digest { tasks: arrived, .. }) if arrived < tasks => {
                let seconds = PATIENCE.as_secs();
                let reason = format!(
                    "{arrived} of {tasks} tasks wait, and no other came for {seconds} s: the system may refuse them"
                );
                Err(Silence::Failure(Failure { status: Status::TimedOut, reason, stderr_tail: None }))
            }
            Heard::Seen(Digest { tasks: arrived, .. }) => {
                Err(failed(format!("{arrived} of {tasks} tasks wait, and not each of them once")))
            }
            Heard::Answer(answer) => Err(unexpected(&answer)),
        }
    }
}

/// Since when no task has come.
#[derive(Debug)]
struct Stall {
    arrived: u64,
    since: Instant,
}

impl Stall {
    /// Whether none has come for longer than anybody waits.
    fn lasts(&mut self, arrived: u64, now: Instant) -> bool {
        if arrived != self.arrived {
            *self = Self { arrived, since: now };
        }
        now.saturating_duration_since(self.since) > PATIENCE
    }
}

/// What a process and everything below it hold once that does not change any more.
fn still(pid: u32) -> Result<Held, String> {
    let mut last = held(pid)?;
    for _ in 1..READINGS {
        std::thread::sleep(STILL);
        let now = held(pid)?;
        if now.total().abs_diff(last.total()) as f64 <= AGREE * last.total() as f64 {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_opens_a_gate_counts_at_the_same_one() {
        let (gate, file) = Gate::create().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let other = Waiters::open(&path).unwrap();
        gate.arrive(3);
        other.gate.arrive(1);
        assert_eq!(gate.arrived(), arrival(1).merge(arrival(3)));
        assert!(Waiters::open(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn a_crowd_is_given_up_once_nobody_has_come_for_long() {
        let start = Instant::now();
        let mut stall = Stall { arrived: 0, since: start };
        assert!(!stall.lasts(0, start + PATIENCE));
        assert!(!stall.lasts(1, start + 2 * PATIENCE), "somebody has come");
        assert!(!stall.lasts(1, start + 3 * PATIENCE));
        assert!(stall.lasts(1, start + 3 * PATIENCE + Duration::from_millis(1)));
    }

    #[test]
    fn a_task_that_comes_twice_does_not_make_up_for_one_that_does_not() {
        let (gate, _file) = Gate::create().unwrap();
        [0, 1, 1].into_iter().for_each(|index| gate.arrive(index));
        let expected = (0..3).map(arrival).fold(Digest::default(), Digest::merge);
        assert_eq!(gate.arrived().tasks, expected.tasks);
        assert_ne!(gate.arrived(), expected);
    }
}
