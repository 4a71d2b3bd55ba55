//! Puts a load on a site, and says what became of each task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use concbench_model::{Digest, ModelError, Result};
use concbench_sys::{cpu_time, cpu_time_of_waited, run_promptly};

use crate::job::{Expected, Ledger, Long, NOT_DONE, Short};
use crate::load::Load;
use crate::site::Takes;

/// How long after everything has started the first short task is due.
const LEAD: Duration = Duration::from_millis(5);
/// How often it is looked whether all tasks are done, once all are handed over.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What became of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How long each short task took, from when it was handed over until it was done, in nanoseconds.
    pub latencies_ns: Vec<u64>,
    /// How much later than it was due each was handed over, in nanoseconds.
    pub handed_late_ns: Vec<u64>,
    /// How many computing tasks were done.
    pub computed: u64,
    /// From when the first short task was due until every task was done.
    pub elapsed: Duration,
    /// The same if none of them had waited.
    pub due: Duration,
    /// The CPU time of the process and of those that the site has forked, that of those who hand tasks over included.
    pub cpu: Duration,
}

/// Starts a site, puts the load on it, and stops it.
pub(crate) fn measure<T: Takes>(load: &Load) -> Result<Seen> {
    run(load, || T::start(load.workers.max(1)))
}

/// The same with a site of the caller's.
pub(crate) fn run<T: Takes>(load: &Load, start: impl FnOnce() -> Result<T>) -> Result<Seen> {
    let due = load.chains_due_ns();
    let computing = due.len() as u64 * load.chain();
    let expected = Expected::of(load, computing);
    let site = start()?;
    let begin = Instant::now() + LEAD;
    let ledger = Ledger::new(load, begin);
    let (cpu, waited) = (process_cpu()?, waited_cpu()?);
    let handed_late_ns = hand_over(&site, load, &due, &ledger)?;
    let last_due = Duration::from_nanos(load.window_ns().max(due.last().copied().unwrap_or(0)));
    let until = begin + last_due + load.patience;
    let complete = || {
        let returned = ledger.returned();
        returned.short.tasks >= expected.short.tasks && returned.long.tasks >= expected.long.tasks
    };
    while !complete() && Instant::now() < until {
        std::thread::sleep(LOOK_EVERY);
    }
    let (elapsed, own) = (begin.elapsed(), process_cpu()?);
    // Joins its threads: what is done twice is done by now. Its processes are waited for, and their CPU time known.
    drop(site);
    let cpu = (own.saturating_sub(cpu)) + waited_cpu()?.saturating_sub(waited);
    check("short", ledger.returned().short, expected.short)?;
    check("computing", ledger.returned().long, expected.long)?;
    let latency = |(index, (done, late)): (u64, (u64, &u64))| match done {
        NOT_DONE => Err(broken(format!("short task {index} was never done, and another one twice"))),
        done => Ok(done.saturating_sub(index * load.interval_ns + late)),
    };
    let of_all = ledger.done_ns().into_iter().zip(&handed_late_ns);
    let latencies_ns = (0..).zip(of_all).map(latency).collect::<Result<_>>()?;
    Ok(Seen {
        latencies_ns,
        handed_late_ns,
        computed: computing,
        elapsed,
        due: Duration::from_nanos(load.lasts_ns()),
        cpu,
    })
}

fn process_cpu() -> Result<Duration> {
    cpu_time(0).map_err(ModelError::system("read the CPU time"))
}

fn waited_cpu() -> Result<Duration> {
    cpu_time_of_waited().map_err(ModelError::system("read the CPU time of processes"))
}

/// Hands every task over when it is due, short ones by one thread and computing ones by another: how late each short one
/// was handed over, in nanoseconds.
fn hand_over<T: Takes>(site: &T, load: &Load, due: &[u64], ledger: &Arc<Ledger>) -> Result<Vec<u64>> {
    std::thread::scope(|scope| {
        let short = || {
            be_on_time();
            let each = |index: u64| {
                let due = index * load.interval_ns;
                sleep_until(ledger, due);
                let late = ledger.now_ns().saturating_sub(due);
                site.short(Short { index, ledger: Arc::clone(ledger) });
                late
            };
            (0..load.short_tasks).map(each).collect()
        };
        let long = || {
            be_on_time();
            for (number, due) in (0..).zip(due) {
                let first: u64 = number * load.chain();
                let task = |index| Long::new(index, Arc::clone(ledger));
                let chain = (first..first + load.chain()).map(task).collect();
                sleep_until(ledger, *due);
                site.chain(chain);
            }
        };
        let start = ModelError::system("start a thread that hands tasks over");
        let short = std::thread::Builder::new().spawn_scoped(scope, short).map_err(start)?;
        let start = ModelError::system("start a thread that hands tasks over");
        let long = std::thread::Builder::new().spawn_scoped(scope, long).map_err(start)?;
        let ended = |_| broken("whoever hands tasks over panicked".to_owned());
        long.join().map_err(ended)?;
        short.join().map_err(ended)
    })
}

/// Has the timers of this thread wake it when they are due, and not within the usual 50 microseconds after that; and has it
/// run at once then, as what a network brings needs no core to arrive.
fn be_on_time() {
    // Where the kernel refuses, every site has tasks handed over as late, which is measured.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let _ = run_promptly();
}

fn sleep_until(ledger: &Ledger, due_ns: u64) {
    if let Some(left) = ledger.until(due_ns) {
        std::thread::sleep(left);
    }
}

fn check(kind: &'static str, returned: Digest, expected: Digest) -> Result<()> {
    let (done, asked) = (returned.tasks, expected.tasks);
    match returned {
        returned if returned == expected => Ok(()),
        _ if done != asked => Err(broken(format!("{done} of {asked} {kind} tasks were done"))),
        _ => Err(broken(format!("the {kind} tasks returned something else than they have to"))),
    }
}

fn broken(what: String) -> ModelError {
    ModelError::Protocol { who: "the site", what }
}

#[cfg(test)]
mod tests;
