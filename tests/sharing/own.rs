//! A sharing workload of a user's own, under every model that has what it needs.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use concbench::model::{Digest, ModelError, ModelInfo, Settings};
use concbench::models::{BuiltIn, TaskSpec, Tasks, refused_by, sharing_tasks};
use concbench::{Io, Layout, Result, Shared, SharingWorkload, TaskError};
use libtest_mimic::{Failed, Trial};

use crate::trial::{Job, Play};

/// How the workload is called in a task spec, with and without its lock.
const PROTECTED: &str = "own-counter";
const BARE: &str = "own-counter-without-lock";
/// How many tasks a batch has.
const TASKS: u64 = 6;

/// Counts tasks in a word that is read and written apart.
pub(crate) struct Counter {
    protected: bool,
}

impl Counter {
    /// The one that a task spec names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [(PROTECTED, true), (BARE, false)]
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, protected)| Self { protected })
    }

    /// Its tasks.
    pub(crate) fn tasks(self, task_spec: &TaskSpec) -> Box<dyn Tasks> {
        sharing_tasks::<_, BuiltIn>(Arc::new(self), task_spec.shared.clone())
    }

    async fn count<I: Io, S: Shared>(io: &I, shared: &S) {
        let count = shared.word(0).load(Relaxed);
        // Long enough for others to come in between.
        io.sleep(Duration::from_millis(20)).await;
        shared.word(0).store(count + 1, Relaxed);
    }
}

impl SharingWorkload for Counter {
    fn layout(&self) -> Layout {
        Layout { words: 1, locks: usize::from(self.protected), ..Layout::default() }
    }

    async fn task<I: Io, S: Shared>(&self, io: &I, shared: &S, index: u64) -> Result<u64> {
        match self.protected {
            true => shared.locked(0, Self::count(io, shared)).await?,
            false => Self::count(io, shared).await,
        }
        Ok(index)
    }

    fn verdict<S: Shared>(&self, tasks: u64, shared: &S) -> Result<()> {
        match shared.word(0).load(Relaxed) {
            counted if counted == tasks => Ok(()),
            counted => Err(TaskError::new(format!("{counted} of {tasks} tasks were counted"))),
        }
    }
}

/// The trials of one model.
pub(crate) fn of(info: &ModelInfo) -> [Trial; 2] {
    let info = *info;
    let trial = |name: &'static str| Trial::test(format!("{}/{name}", info.id), move || check(&info, name));
    [trial(PROTECTED), trial(BARE)]
}

fn check(info: &ModelInfo, name: &str) -> std::result::Result<(), Failed> {
    let counter = Counter::named(name).unwrap_or(Counter { protected: true });
    let refused = refused_by::<BuiltIn>(info.id, &counter.layout(), 2);
    let said = Job { model: info.id.to_owned(), play: Play::Own(name.to_owned()) }.run(|_| {})?;
    // One after the other nothing is lost without a lock; what waits in between loses updates wherever tasks overlap.
    let exact = counter.protected || info.id == "sequential";
    let expected = match refused {
        Some(reason) => said == format!("unsupported {reason}"),
        None if exact => said == "exact",
        None => said.starts_with("error what the tasks shared is wrong: "),
    };
    match expected {
        true => Ok(()),
        false => Err(said.into()),
    }
}

/// Runs two batches here, and says what came of them.
pub(crate) fn play(model: &str, name: &str) -> String {
    let task_spec = TaskSpec { name: name.to_owned(), ..TaskSpec::default() };
    let counter = Counter::named(name).unwrap_or(Counter { protected: true });
    let prepared = counter.tasks(&task_spec).under(model).unwrap();
    let settings = Settings::new(2, task_spec.to_text());
    let mut running = match prepared.start(&settings) {
        Ok(running) => running,
        Err(ModelError::Unsupported(reason)) => return format!("unsupported {reason}"),
        Err(error) => panic!("{error}"),
    };
    let mut expected = Digest::default();
    (0..TASKS).for_each(|index| expected.add(index, index));
    let mut batch = || -> std::result::Result<Digest, ModelError> {
        let digest = running.run(0..TASKS)?;
        running.judge(TASKS).expect("its tasks share something")?;
        Ok(digest)
    };
    let batches = [batch(), batch()];
    running.stop().unwrap();
    match batches {
        [Ok(first), Ok(second)] if (first, second) == (expected, expected) => "exact".to_owned(),
        [Ok(_), Ok(_)] => "another digest".to_owned(),
        [Err(error), _] | [_, Err(error)] => format!("error {error}"),
    }
}
