//! Ways to cancel tasks: one for each construct of the libraries, with what it promises.
//!
//! Each starts so many tasks, waits until those have begun that can, asks all of them to end, and returns once the last has.
//! What the tasks did until then and after is counted in a [`Scene`].

mod coroutines;
#[allow(unsafe_code, reason = "what waits in a coroutine with a stack of its own goes on on another thread")]
mod may;
mod processes;
mod scene;
mod threads;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use concbench_model::{Absence, Result};

pub use scene::{Counted, Scene};
pub use verdict::{Left, verdict};

/// What a construct promises of tasks that have begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// They end where they wait next, and run every destructor.
    Unwound,
    /// They end once they look at a flag, and run every destructor.
    Asked,
    /// They go on to their end; what has not begun never does.
    Queued,
    /// They are gone at once, and run no destructor: what they hold outside of their memory stays as it is.
    Killed,
    /// They go on to their end, whatever is asked.
    Nothing,
}

/// What tasks do that are cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// They wait for far longer than anybody has patience; where nothing can end that, for [`Scene::SHORT`].
    Waiting,
    /// They compute in steps, and give their thread back between two where they can.
    Computing,
}

/// A way to cancel tasks.
#[derive(Debug, Clone, Copy)]
pub struct Construct {
    /// Its name.
    pub id: &'static str,
    /// The model whose tasks it cancels, by its id.
    pub model: &'static str,
    /// What is called, in one line.
    pub how: &'static str,
    /// What it promises.
    pub promise: Promise,
    /// The most tasks that are tried: more run into limits of the system, or into the time that there is.
    pub most: u64,
    run: fn(&Arc<Scene>, &Batch) -> Result<Duration>,
}

/// What is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How many tasks.
    pub tasks: u64,
    /// What they do.
    pub doing: Doing,
    /// How many workers run them, where these are counted.
    pub workers: usize,
}

impl Construct {
    /// Starts tasks and cancels them: how long it took from the request until the last had ended.
    ///
    /// # Errors
    ///
    /// When the system refuses something.
    pub fn cancel(&self, scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
        (self.run)(scene, batch)
    }
}

const fn construct(
    (id, model): (&'static str, &'static str),
    how: &'static str,
    promise: Promise,
    most: u64,
    run: fn(&Arc<Scene>, &Batch) -> Result<Duration>,
) -> Construct {
    Construct { id, model, how, promise, most, run }
}

/// All of them.
pub const CONSTRUCTS: [Construct; 13] = [
    construct(
        ("tokio-abort", "tokio-current-thread"),
        "JoinHandle::abort",
        Promise::Unwound,
        100_000,
        coroutines::tokio_abort,
    ),
    construct(
        ("tokio-joinset", "tokio-multi-thread"),
        "JoinSet::shutdown",
        Promise::Unwound,
        100_000,
        coroutines::tokio_joinset,
    ),
    construct(
        ("tokio-runtime", "tokio-multi-thread"),
        "drop of the Runtime",
        Promise::Unwound,
        100_000,
        coroutines::tokio_runtime,
    ),
    construct(
        ("join-all", "join-all"),
        "drop of the future",
        Promise::Unwound,
        100_000,
        coroutines::join_all,
    ),
    construct(("smol-cancel", "smol"), "Task::cancel", Promise::Unwound, 100_000, coroutines::smol_cancel),
    construct(("smol-drop", "smol"), "drop of the Task", Promise::Unwound, 100_000, coroutines::smol_drop),
    construct(
        ("async-std", "async-std"),
        "JoinHandle::cancel",
        Promise::Unwound,
        100_000,
        coroutines::async_std_cancel,
    ),
    construct(
        ("compio", "compio"),
        "JoinHandle::cancel",
        Promise::Unwound,
        100_000,
        coroutines::compio_cancel,
    ),
    construct(("may", "may"), "Coroutine::cancel", Promise::Unwound, 1_000, may::cancel),
    construct(
        ("thread-flag", "thread-spawn"),
        "a flag that each thread looks at",
        Promise::Asked,
        1_000,
        threads::flag,
    ),
    construct(
        ("pool-drop", "thread-pool"),
        "drop of the queue of a pool",
        Promise::Queued,
        100_000,
        threads::pool,
    ),
    construct(
        ("spawn-blocking", "tokio-blocking"),
        "abort of spawn_blocking",
        Promise::Nothing,
        100,
        threads::spawn_blocking,
    ),
    construct(
        ("process-kill", "process-fork"),
        "SIGKILL to each process",
        Promise::Killed,
        100,
        processes::kill,
    ),
];

/// The models whose tasks are cancelled by no construct of their own, each with the reason.
pub const ABSENT: [(&str, Absence); 16] = [
    (
        "sequential",
        Absence::Unable(
            "its tasks run one after the other in whoever could cancel them, and have ended by then",
        ),
    ),
    ("thread-scoped", Absence::As("thread-flag")),
    ("thread-pool-chunked", Absence::As("pool-drop")),
    (
        "rayon",
        Absence::Unable("no call of the library takes a job back, and dropping the pool runs what is queued"),
    ),
    (
        "rayon-iter",
        Absence::Unable("an iterator ends early only where its own closure says so, as by `try_for_each`"),
    ),
    ("tokio-per-core", Absence::As("tokio-abort")),
    (
        "tokio-rayon",
        Absence::Unable("what ends is the future that waits for the result; the job in rayon goes on"),
    ),
    ("smol-blocking", Absence::As("spawn-blocking")),
    ("async-std-blocking", Absence::As("spawn-blocking")),
    ("process-spawn", Absence::As("process-kill")),
    ("process-forkserver", Absence::As("process-kill")),
    ("process-pool", Absence::As("process-kill")),
    ("process-pool-chunked", Absence::As("process-kill")),
    ("process-pool-shm", Absence::As("process-kill")),
    ("process-threads", Absence::As("process-kill")),
    ("process-async", Absence::As("process-kill")),
];

#[cfg(test)]
mod tests {
    use concbench_model::ModelError;

    use super::*;

    fn cancelled(construct: &Construct, doing: Doing) -> Option<(Batch, Counted)> {
        let batch = Batch { tasks: 10, doing, workers: 2 };
        let scene = Arc::new(Scene::create().unwrap());
        match construct.cancel(&scene, &batch) {
            Ok(_) => Some((batch, scene.counted())),
            // Where the kernel refuses a ring there is no task of compio's.
            Err(ModelError::Unsupported(_)) if construct.id == "compio" => None,
            Err(error) => panic!("{}: {error}", construct.id),
        }
    }

    #[test]
    fn what_stands_for_another_is_a_construct() {
        for (model, absence) in ABSENT {
            assert!(CONSTRUCTS.iter().all(|construct| construct.model != model), "{model} has one");
            if let Absence::As(other) = absence {
                assert!(CONSTRUCTS.iter().any(|construct| construct.id == other), "{model}: {other}");
            }
        }
    }

    #[test]
    fn every_construct_within_one_process_keeps_its_promise() {
        // A process may be forked only where no other thread runs beside.
        for construct in CONSTRUCTS.iter().filter(|construct| construct.promise != Promise::Killed) {
            for doing in [Doing::Waiting, Doing::Computing] {
                let Some((batch, counted)) = cancelled(construct, doing) else { continue };
                let kept = verdict(construct.promise, &batch, &counted, &Left::default());
                assert_eq!(kept, Ok(()), "{} {doing:?}: {counted:?}", construct.id);
            }
        }
    }

    /// Aborts all tasks but the last, which it leaves behind.
    fn forgetful(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
        let last = batch.tasks;
        let spawn = |index| {
            let scene = Arc::clone(scene);
            std::thread::spawn(move || {
                let _alive = scene.begin(index);
                while !scene.is_asked() || index + 1 == last {
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        };
        let mut threads: Vec<_> = (0..batch.tasks).map(spawn).collect();
        scene.await_begun(batch.tasks)?;
        let asked = scene.ask();
        drop(threads.pop());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        Ok(asked.elapsed())
    }

    #[test]
    fn a_construct_that_leaves_a_task_behind_is_caught() {
        let construct = construct(("forgetful", "none"), "all but one", Promise::Asked, 10, forgetful);
        let (batch, counted) = cancelled(&construct, Doing::Waiting).unwrap();
        let caught = verdict(construct.promise, &batch, &counted, &Left::default()).unwrap_err();
        assert_eq!(caught, "9 of 10 destructors ran");
    }

    #[test]
    fn what_cannot_be_cancelled_works_on_for_nothing() {
        let construct = CONSTRUCTS.iter().find(|construct| construct.id == "spawn-blocking").unwrap();
        let (_, counted) = cancelled(construct, Doing::Computing).unwrap();
        assert!(counted.wasted_steps > 0, "{counted:?}");
    }
}
