//! Worker processes that are killed, whatever they are doing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use concbench::model::{Model, ModelError, Settings};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::checks::{Outcome, TASKS, start};
use crate::probe::Probe;
use crate::resources::{Resources, eventually};

/// What a worker is doing when it is killed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum When {
    Starting,
    Idle,
    Running,
    WithoutWork,
    Anywhere,
    BeforeStop,
}

/// How often a worker is killed at a random moment.
const SEEDS: u64 = 40;
/// How many tasks the batches have in which that happens.
const LONG_BATCH: u64 = 2_000;

impl When {
    pub(crate) const ALL: [Self; 6] =
        [Self::Starting, Self::Idle, Self::Running, Self::WithoutWork, Self::Anywhere, Self::BeforeStop];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Running => "running",
            Self::WithoutWork => "without-work",
            Self::Anywhere => "anywhere",
            Self::BeforeStop => "before-stop",
        }
    }
}

pub(crate) fn check<M: Model>(workers: usize, when: When) -> Outcome {
    let before = Resources::now();
    match when {
        When::Starting => starting::<M>(workers),
        When::Idle => idle::<M>(workers)?,
        When::Running => holding::<M>(workers, |holder, pid| pid == holder)?,
        When::WithoutWork => holding::<M>(workers, |holder, pid| pid != holder)?,
        When::Anywhere => (0..SEEDS).try_for_each(|seed| anywhere::<M>(workers, seed))?,
        When::BeforeStop => before_stop::<M>(workers)?,
    }
    eventually("something is left", || Resources::now() == before);
    Ok(())
}

fn starting<M: Model>(workers: usize) {
    let task_spec = Probe::Stillborn.task_spec();
    match M::start(&Settings::new(workers, task_spec)) {
        Err(ModelError::Died { .. } | ModelError::Unsupported(_)) => {}
        Err(error) => panic!("a worker that ends at once gave: {error}"),
        Ok(_) => panic!("the model has started without its workers"),
    }
}

fn idle<M: Model>(workers: usize) -> Outcome {
    let probe = Arc::new(Probe::Work);
    let mut model = start::<M>(workers, &probe)?;
    model.run(&probe, 0..TASKS).unwrap();
    kill(children()[0]);
    // Twice: the model may start anew, or say each time that it is of no use.
    for _ in 0..2 {
        right_or_died(model.run(&probe, 0..TASKS), 0..TASKS);
    }
    Ok(())
}

/// One worker holds the only task, the others have none; those that `chosen` picks are killed.
fn holding<M: Model>(workers: usize, chosen: fn(i32, i32) -> bool) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holder");
    let probe = Arc::new(Probe::Hold { file: file.clone() });
    let mut model = start::<M>(workers, &probe)?;
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            let holder = holder_of(&file);
            children().into_iter().filter(|&pid| chosen(holder, pid)).for_each(kill);
            std::fs::write(Probe::release(&file), "").unwrap();
        });
        model.run(&probe, 0..1)
    });
    if chosen(1, 1) {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("SIGKILL"), "{error}");
    } else {
        right_or_died(result, 0..1);
    }
    right_or_died(model.run(&probe, 0..TASKS), 0..TASKS);
    Ok(())
}

fn holder_of(file: &Path) -> i32 {
    loop {
        if let Some(pid) = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()) {
            return pid;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A worker is killed at some moment of a long batch of tiny tasks: reading, writing, running, asleep.
fn anywhere<M: Model>(workers: usize, seed: u64) -> Outcome {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let probe = Arc::new(Probe::Work);
    let mut model = start::<M>(workers, &probe)?;
    let (victim, delay) =
        (random.random_range(0..workers), Duration::from_micros(random.random_range(0..20_000)));
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(delay);
            kill(children()[victim]);
        });
        model.run(&probe, 0..LONG_BATCH)
    });
    right_or_died(result, 0..LONG_BATCH);
    right_or_died(model.run(&probe, 0..TASKS), 0..TASKS);
    Ok(())
}

fn before_stop<M: Model>(workers: usize) -> Outcome {
    let probe = Arc::new(Probe::Work);
    let mut model = start::<M>(workers, &probe)?;
    model.run(&probe, 0..TASKS).unwrap();
    kill(children()[0]);
    let error = model.stop().unwrap_err();
    assert!(error.to_string().contains("SIGKILL"), "{error}");
    Ok(())
}

fn right_or_died(result: concbench::model::Result<concbench::model::Digest>, tasks: std::ops::Range<u64>) {
    match result {
        Ok(digest) => assert_eq!(digest, Probe::expected(tasks)),
        Err(error) => assert!(matches!(error, ModelError::Died { .. }), "{error}"),
    }
}

fn kill(pid: i32) {
    // One that has ended already, and was waited for, is as good as killed.
    let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
}

/// The processes that this one has started and not waited for.
fn children() -> Vec<i32> {
    let lists: Vec<PathBuf> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|task| task.unwrap().path().join("children"))
        .collect();
    let text: String = lists.iter().filter_map(|list| std::fs::read_to_string(list).ok()).collect();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}
