//! Processes that are killed while they hold what others want: those go on, or the batch ends with the reason; nothing hangs,
//! and nothing is left.

use std::time::{Duration, Instant};

use concbench_sharing::contention::{Protection, Terms};
use libtest_mimic::{Failed, Trial};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rustix::process::{Pid, Signal, kill_process};

use crate::trial::{Job, Play};

/// How many seeds there are, and how many of them are tried when nothing else is asked for. One of three that contend is
/// killed, and one of them holds at nearly all times: a hundred hit that one.
const SEEDS: u64 = 300;
const FEW: u64 = 4;
/// How long the tasks contend: longer than it takes to kill one.
const WINDOW: Duration = Duration::from_millis(120);
/// How long it may take until the processes are there.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is held, and the model whose processes hold it.
const HELD: [(&str, Protection); 5] = [
    ("process-fork", Protection::Lock),
    ("process-pool", Protection::Lock),
    ("process-fork", Protection::Semaphore),
    ("process-fork", Protection::ReadWrite),
    ("process-fork", Protection::FileLock),
];

/// A trial for each, with a few seeds, and one with all that is ignored unless it is asked for.
pub(crate) fn trials() -> Vec<Trial> {
    let holder = |(model, object): (&'static str, Protection)| {
        let name = format!("{model}/killed-holding-{}", object.word());
        let all = Trial::test(format!("{name}-all-seeds"), move || {
            (0..SEEDS).try_for_each(|seed| holder(model, object, seed))
        });
        [
            Trial::test(name, move || (0..FEW).try_for_each(|seed| holder(model, object, seed))),
            all.with_ignored_flag(true),
        ]
    };
    let manager = |seeds: u64| move || (0..seeds).try_for_each(manager);
    let of_manager = [
        Trial::test("thread-spawn/killed-manager", manager(FEW)),
        Trial::test("thread-spawn/killed-manager-all-seeds", manager(SEEDS)).with_ignored_flag(true),
    ];
    HELD.into_iter().flat_map(holder).chain(of_manager).collect()
}

fn job(model: &str, object: Protection, contenders: u64) -> Job {
    let terms = Terms {
        object,
        contenders,
        // Held nearly all the time.
        compute_ns: 200_000,
        wait_ns: 0,
        window_ns: WINDOW.as_nanos() as u64,
        together: true,
        visits_per_look: 1,
        stock: 1_000_000,
        file: None,
        manager: None,
    };
    Job { model: model.to_owned(), play: Play::Contend(Box::new(terms)) }
}

/// Kills one of three that contend.
fn holder(model: &str, object: Protection, seed: u64) -> Result<(), Failed> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let mut killed = false;
    let said = job(model, object, 3).run(|trial| {
        let children = await_children(trial, 3);
        std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        if let Some(&victim) = children.get(random.random_range(0..3)) {
            killed = kill(victim);
        }
    })?;
    // One that had come to its end before it was killed has done nothing wrong.
    let kept = said == "lost 0" && !killed;
    let died = said.starts_with("error ") && said.contains("SIGKILL");
    match kept || died || (killed && said == "lost 0") {
        true => Ok(()),
        false => Err(format!("seed {seed}: killed: {killed}, and it said: {said}").into()),
    }
}

/// Kills the manager of two threads.
fn manager(seed: u64) -> Result<(), Failed> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let said = job("thread-spawn", Protection::Manager, 2).run(|trial| {
        let manager = await_children(trial, 1);
        std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        manager.first().map(|&manager| kill(manager));
    })?;
    match said.contains("the manager process has ended") || said.contains("Connection refused") {
        true => Ok(()),
        false => Err(format!("seed {seed}: {said}").into()),
    }
}

/// The processes that a trial has started, once there are so many.
fn await_children(trial: u32, wanted: usize) -> Vec<i32> {
    let until = Instant::now() + PATIENCE;
    loop {
        let path = format!("/proc/{trial}/task/{trial}/children");
        let children = std::fs::read_to_string(path).unwrap_or_default();
        let children: Vec<i32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        if children.len() >= wanted || Instant::now() > until {
            return children;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Whether it could be killed.
fn kill(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
}
