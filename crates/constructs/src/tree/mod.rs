//! Tasks that start tasks: a tree, whose leaves are added up on the way back.

mod callback;
mod coroutines;
mod forks;
mod joins;
#[allow(unsafe_code, reason = "what waits in a coroutine with a stack of its own goes on on another thread")]
mod stackful;

use std::hint::black_box;
use std::pin::Pin;

use concbench_model::{Absence, ModelError, limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConstructError, Result};

/// How a tree grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Growth {
    /// How many tasks each task starts.
    pub children: u64,
    /// How many times: a task at this depth is a leaf and starts none.
    pub depth: u32,
}

impl Growth {
    /// How many leaves there are.
    pub fn leaves(self) -> u64 {
        self.children.pow(self.depth)
    }

    /// How many tasks there are, leaves included.
    pub fn tasks(self) -> u64 {
        (0..=self.depth).map(|depth| self.children.pow(depth)).sum()
    }

    /// What comes back at the root.
    pub fn expected(self) -> Grown {
        let leaves = self.leaves();
        Grown { sum: leaves * (leaves + 1) / 2, tasks: self.tasks() }
    }
}

/// What a task returns: of itself and of all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grown {
    /// The sum of the leaves, which are numbered from 1.
    pub sum: u64,
    /// How many tasks there were.
    pub tasks: u64,
}

impl Grown {
    /// What a leaf returns: nothing that a compiler could add up beforehand for several of them.
    pub(crate) fn leaf(node: u64) -> Self {
        Self { sum: black_box(node) + 1, tasks: 1 }
    }

    /// A task that has started others, before any of them has returned.
    pub(crate) const INNER: Self = Self { sum: 0, tasks: 1 };

    pub(crate) fn and(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, tasks: self.tasks + other.tasks }
    }

    /// Whether it is what a whole tree returns.
    ///
    /// # Errors
    ///
    /// What it is instead.
    pub fn checked(self, growth: Growth) -> Result<()> {
        let expected = growth.expected();
        match self == expected {
            true => Ok(()),
            false => Err(ConstructError::Wrong(format!(
                "{} tasks came back with the sum {}, and {} with the sum {} were to",
                self.tasks, self.sum, expected.tasks, expected.sum
            ))),
        }
    }
}

/// The tasks that a task starts, by their place at the depth below.
pub(crate) fn children(node: u64, growth: Growth) -> std::ops::Range<u64> {
    node * growth.children..(node + 1) * growth.children
}

/// How a task gets what its children return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// It waits for each, and returns the sum.
    Result,
    /// It does not wait: the last of its children to end calls its function.
    Callback,
}

/// Both.
pub const FORMS: [Form; 2] = [Form::Result, Form::Callback];

/// A task of which the compiler cannot know the size, since it holds others like it.
type Task = Pin<Box<dyn Future<Output = Result<Grown>> + Send>>;

/// A construct that has been started.
pub trait Running {
    /// Grows a tree, and returns what comes back.
    ///
    /// # Errors
    ///
    /// When a task was lost, or the system refuses one.
    fn grow(&mut self, growth: Growth, form: Form) -> Result<Grown>;

    /// Grows a tree whose leaves wait, calls `look` while all of it stands, and returns what comes back; `None` for a
    /// construct whose tasks hold nothing outside of this process, where the peak tells as much.
    ///
    /// # Errors
    ///
    /// As above.
    fn stand(&mut self, _growth: Growth, _look: &mut dyn FnMut()) -> Result<Option<Grown>> {
        Ok(None)
    }
}

/// What the tasks of a construct are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Something in the memory of the process.
    Memory,
    /// A stack each, in the memory of the process.
    Stacks,
    /// A thread each.
    Threads,
    /// A process each.
    Processes,
}

/// The most threads, and processes, of a tree: more of them would take seconds.
const MOST_THREADS: u64 = 20_000;
const MOST_PROCESSES: u64 = 200;

/// A way for tasks to start tasks.
#[derive(Debug, Clone, Copy)]
pub struct Construct {
    /// Its name.
    pub id: &'static str,
    /// How each form is written with it; or why there is none.
    pub forms: [std::result::Result<&'static str, &'static str>; 2],
    /// What its tasks are.
    pub of: Of,
    /// Whether it has workers.
    pub uses_workers: bool,
    start: fn(usize) -> Result<Box<dyn Running>>,
}

impl Construct {
    /// Whether it can grow such a tree.
    ///
    /// # Errors
    ///
    /// Why it cannot: what it is, a limit of the system, or the time that it would take.
    pub fn can(&self, growth: Growth, form: Form) -> std::result::Result<(), String> {
        self.forms[form as usize]?;
        let (allow, most): (fn(usize) -> _, _) = match self.of {
            Of::Memory => return Ok(()),
            Of::Stacks => (limits::allow_stacks, u64::MAX),
            Of::Threads => (limits::allow_threads, MOST_THREADS),
            Of::Processes => (limits::allow_processes, MOST_PROCESSES),
        };
        allow(growth.tasks() as usize).map_err(|error: ModelError| error.to_string())?;
        match growth.tasks() {
            tasks if tasks > most => {
                Err(format!("{tasks} of them would take seconds: a tree has at most {most}"))
            }
            _ => Ok(()),
        }
    }

    /// Starts it with so many workers.
    ///
    /// # Errors
    ///
    /// When the machine or its limits do not allow it.
    pub fn start(&self, workers: usize) -> Result<Box<dyn Running>> {
        (self.start)(workers)
    }
}

const fn construct(
    id: &'static str,
    result: std::result::Result<&'static str, &'static str>,
    callback: std::result::Result<&'static str, &'static str>,
    start: fn(usize) -> Result<Box<dyn Running>>,
) -> Construct {
    Construct { id, forms: [result, callback], of: Of::Memory, uses_workers: true, start }
}

/// All of them.
pub const CONSTRUCTS: [Construct; 11] = [
    Construct {
        uses_workers: false,
        ..construct(
            "sequential",
            Ok("a function that calls itself"),
            Err("nothing else runs that could call back"),
            |_| Ok(Box::new(joins::Sequential)),
        )
    },
    construct("rayon", Ok("join, or a parallel iterator"), Ok("spawn"), |workers| {
        Ok(Box::new(joins::Rayon::start(workers)?))
    }),
    construct("chili", Ok("join"), Err("it joins two functions, and starts none by itself"), |workers| {
        Ok(Box::new(joins::Chili::start(workers)))
    }),
    construct(
        "thread-pool",
        Err("a task that waits for its children keeps its worker, until none is left to run them"),
        Ok("a job more in the queue"),
        |workers| Ok(Box::new(callback::Pool::start(workers)?)),
    ),
    construct("tokio", Ok("spawn, await"), Ok("spawn"), |workers| {
        Ok(Box::new(coroutines::Tokio::start(workers)?))
    }),
    construct("smol", Ok("spawn, await"), Ok("spawn, detach"), |workers| {
        Ok(Box::new(coroutines::Smol::start(workers)?))
    }),
    construct("async-std", Ok("spawn, await"), Ok("spawn"), |workers| {
        Ok(Box::new(coroutines::AsyncStd::start(workers)?))
    }),
    Construct {
        uses_workers: false,
        ..construct(
            "join-all",
            Ok("join_all in the task itself"),
            Err("a future that is polled by its parent has nobody else to call back"),
            |_| Ok(Box::new(coroutines::Inline)),
        )
    },
    Construct {
        of: Of::Stacks,
        ..construct("may", Ok("spawn, join"), Ok("spawn"), |workers| {
            Ok(Box::new(stackful::May::start(workers)?))
        })
    },
    Construct {
        id: "thread-scoped",
        forms: [
            Ok("spawn in a scope"),
            Err("a scope waits for its threads: there is nothing left to call back for"),
        ],
        of: Of::Threads,
        uses_workers: false,
        start: |_| Ok(Box::new(joins::Scoped)),
    },
    Construct {
        id: "process-fork",
        forms: [Ok("fork, read a pipe"), Err("a process cannot call a function of its parent")],
        of: Of::Processes,
        uses_workers: false,
        start: |_| Ok(Box::new(forks::Forks)),
    },
];

/// Why a runtime of which each thread has one grows no tree.
const ON_ONE_THREAD: Absence =
    Absence::Unable("what a task starts stays on its thread: the whole tree would grow on one of them");
/// Why a worker of a pool of processes grows no tree.
const ONLY_THE_PARENT: Absence = Absence::Unable(
    "only the process that has started the workers hands out tasks: a worker cannot hand one on",
);

/// The models whose tasks start others by no construct of their own, each with the reason.
pub const ABSENT: [(&str, Absence); 18] = [
    ("thread-spawn", Absence::As("thread-scoped")),
    (
        "thread-pool-chunked",
        Absence::Unable("tasks are dealt out in chunks before the first begins: none can be added to one"),
    ),
    ("rayon-iter", Absence::As("rayon")),
    ("tokio-current-thread", Absence::As("tokio")),
    ("tokio-multi-thread", Absence::As("tokio")),
    ("tokio-per-core", ON_ONE_THREAD),
    ("tokio-blocking", Absence::As("thread-pool")),
    ("tokio-rayon", Absence::As("rayon")),
    ("smol-blocking", Absence::As("thread-pool")),
    ("async-std-blocking", Absence::As("thread-pool")),
    ("compio", ON_ONE_THREAD),
    ("process-spawn", Absence::As("process-fork")),
    (
        "process-forkserver",
        Absence::Unable("only the process that has started the server asks it to fork: a task cannot"),
    ),
    ("process-pool", ONLY_THE_PARENT),
    ("process-pool-chunked", ONLY_THE_PARENT),
    ("process-pool-shm", ONLY_THE_PARENT),
    ("process-threads", ONLY_THE_PARENT),
    ("process-async", ONLY_THE_PARENT),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A function that calls itself, and forgets one child of the root and all below it.
    struct DropsAChild;

    impl Running for DropsAChild {
        fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
            let left = children(0, growth).skip(1);
            let left = left.map(|child| joins::sequential(child, growth.depth - 1, growth));
            Ok(left.fold(Grown::INNER, Grown::and))
        }
    }

    #[test]
    fn what_a_tree_returns_follows_from_how_it_grows() {
        let growth = Growth { children: 10, depth: 5 };
        assert_eq!((growth.leaves(), growth.tasks()), (100_000, 111_111));
        assert_eq!(growth.expected(), Grown { sum: 5_000_050_000, tasks: 111_111 });
        assert_eq!(children(7, growth), 70..80);
        let growth = Growth { children: 2, depth: 16 };
        assert_eq!((growth.leaves(), growth.tasks()), (65_536, 131_071));
    }

    #[test]
    fn what_stands_for_another_is_a_construct() {
        let is_one = |id: &str| CONSTRUCTS.iter().any(|construct| construct.id == id);
        for (model, absence) in ABSENT {
            assert!(!is_one(model), "{model} is one");
            if let Absence::As(other) = absence {
                assert!(is_one(other), "{model}: {other}");
            }
        }
    }

    #[test]
    fn a_double_that_drops_a_child_is_caught() {
        let growth = Growth { children: 10, depth: 3 };
        let grown = |running: &mut dyn Running| {
            let grown = running.grow(growth, Form::Result).unwrap();
            grown.checked(growth).map_err(|error| error.to_string())
        };
        assert_eq!(grown(&mut joins::Sequential), Ok(()));
        let error = grown(&mut DropsAChild).unwrap_err();
        assert!(error.starts_with("1000 tasks came back") && error.contains("and 1111 with"), "{error}");
    }
}
