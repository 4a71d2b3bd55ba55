//! The sites: which runtime or pool the short tasks run on, and where computing is put beside them.

use std::vec::IntoIter;

use concbench_model::Result;

use crate::job::{Long, Short};
use crate::load::Load;
use crate::measure::{Seen, measure};
use crate::place::{BesidePool, BesideRayon, Blocking, InPlace, Inline, OwnThread, Place, Second, Yielding};
use crate::pools::{Executes, Rayon, Threads};
use crate::processes::Processes;
use crate::runtime::{AsyncStd, Runtime, Smol, Tokio};

/// Takes tasks, from any thread. What it has started ends when it is dropped.
pub(crate) trait Takes: Sized + Send + Sync {
    /// Starts it with so many workers for short tasks, and as many for computing where that has workers of its own: a core
    /// each, as the libraries have it.
    fn start(workers: usize) -> Result<Self>;

    fn short(&self, task: Short);

    /// Each is begun when the one before it has ended.
    fn chain(&self, tasks: Vec<Long>);
}

/// A runtime, and a place for computing.
struct OnRuntime<R: Runtime, P> {
    spawner: R::Spawner,
    /// Ends before the runtime, whose tasks wait for what is done there.
    place: P,
    /// Held until the end.
    _runtime: R,
}

impl<R: Runtime, P: Place<R>> Takes for OnRuntime<R, P> {
    fn start(workers: usize) -> Result<Self> {
        let (place, runtime) = (P::start(workers)?, R::start(workers)?);
        Ok(Self { spawner: runtime.spawner(), place, _runtime: runtime })
    }

    fn short(&self, task: Short) {
        R::spawn(&self.spawner, async move { task.run() });
    }

    fn chain(&self, tasks: Vec<Long>) {
        let computing = |task| self.place.computing(&self.spawner, task);
        let (spawner, chain) = (self.spawner.clone(), tasks.into_iter().map(computing).collect::<Vec<_>>());
        R::spawn(&self.spawner, async move {
            for task in chain {
                R::run(&spawner, task).await;
            }
        });
    }
}

/// A pool for both.
struct Shared<E>(E);

impl<E: Executes> Takes for Shared<E> {
    fn start(workers: usize) -> Result<Self> {
        E::start(workers).map(Self)
    }

    fn short(&self, task: Short) {
        E::execute(&self.0.queue(), move || task.run());
    }

    fn chain(&self, tasks: Vec<Long>) {
        chain_on::<E>(&self.0.queue(), tasks.into_iter());
    }
}

/// A pool for each.
struct Apart<E> {
    short: E,
    long: E,
}

impl<E: Executes> Takes for Apart<E> {
    fn start(workers: usize) -> Result<Self> {
        Ok(Self { short: E::start(workers)?, long: E::start(workers)? })
    }

    fn short(&self, task: Short) {
        E::execute(&self.short.queue(), move || task.run());
    }

    fn chain(&self, tasks: Vec<Long>) {
        chain_on::<E>(&self.long.queue(), tasks.into_iter());
    }
}

/// Each queues the next when it has ended.
fn chain_on<E: Executes>(queue: &E::Queue, mut tasks: IntoIter<Long>) {
    if let Some(task) = tasks.next() {
        let again = queue.clone();
        E::execute(queue, move || {
            task.run();
            chain_on::<E>(&again, tasks);
        });
    }
}

/// Where short tasks run, and where computing is put beside them.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    /// What short tasks run on.
    pub runtime: &'static str,
    /// Where computing is put: in lower case with hyphens.
    pub placement: &'static str,
    /// The same in words, behind the name of the runtime: "inline on tokio".
    pub words: &'static str,
    /// Whether each computing task starts a thread, which takes longer than the shortest of them.
    pub thread_each: bool,
    /// Whether it forks, which takes a process with one thread.
    pub forks: bool,
    /// Whether it is measured without being asked for all.
    pub default: bool,
    measure: fn(&Load) -> Result<Seen>,
}

impl Site {
    /// Starts it, puts the load on it, and stops it.
    ///
    /// # Errors
    ///
    /// When it does not start; when a task was not done in time, was done twice, or returned something else than it has to.
    pub fn measure(&self, load: &Load) -> Result<Seen> {
        (self.measure)(load)
    }
}

const fn site<T: Takes>(runtime: &'static str, placement: &'static str, words: &'static str) -> Site {
    Site { runtime, placement, words, thread_each: false, forks: false, default: true, measure: measure::<T> }
}

const fn on_request(site: Site) -> Site {
    Site { default: false, ..site }
}

const fn thread_each(site: Site) -> Site {
    Site { thread_each: true, ..site }
}

const fn forks(site: Site) -> Site {
    Site { forks: true, ..site }
}

/// All of them.
pub const SITES: [Site; 22] = [
    site::<OnRuntime<Tokio, Inline>>("tokio", "inline", "inline on tokio"),
    site::<OnRuntime<Tokio, Yielding>>("tokio", "yielding", "inline on tokio and yielding every 100 µs"),
    site::<OnRuntime<Tokio, Blocking>>("tokio", "spawn-blocking", "behind tokio's `spawn_blocking`"),
    site::<OnRuntime<Tokio, InPlace>>("tokio", "block-in-place", "in tokio's `block_in_place`"),
    site::<OnRuntime<Tokio, BesideRayon>>("tokio", "rayon", "on rayon beside tokio"),
    site::<OnRuntime<Tokio, Second<Tokio>>>("tokio", "second-runtime", "on a second tokio runtime"),
    thread_each(site::<OnRuntime<Tokio, OwnThread>>(
        "tokio",
        "thread",
        "on a thread of its own beside tokio",
    )),
    site::<OnRuntime<Tokio, BesidePool>>("tokio", "pool", "on a pool of threads beside tokio"),
    forks(site::<OnRuntime<Tokio, Processes>>(
        "tokio",
        "process-pool",
        "on a pool of processes beside tokio",
    )),
    site::<OnRuntime<Smol, Inline>>("smol", "inline", "inline on smol"),
    on_request(site::<OnRuntime<Smol, Yielding>>(
        "smol",
        "yielding",
        "inline on smol and yielding every 100 µs",
    )),
    site::<OnRuntime<Smol, Blocking>>("smol", "unblock", "behind smol's `unblock`"),
    site::<OnRuntime<Smol, BesideRayon>>("smol", "rayon", "on rayon beside smol"),
    on_request(site::<OnRuntime<Smol, Second<Smol>>>("smol", "second-runtime", "on a second smol executor")),
    on_request(site::<OnRuntime<Smol, BesidePool>>("smol", "pool", "on a pool of threads beside smol")),
    on_request(site::<OnRuntime<AsyncStd, Inline>>("async-std", "inline", "inline on async-std")),
    on_request(site::<OnRuntime<AsyncStd, Blocking>>(
        "async-std",
        "spawn-blocking",
        "behind async-std's `spawn_blocking`",
    )),
    on_request(site::<OnRuntime<AsyncStd, BesideRayon>>("async-std", "rayon", "on rayon beside async-std")),
    site::<Shared<Threads>>("thread-pool", "shared", "in the same pool of threads"),
    site::<Apart<Threads>>("thread-pool", "apart", "in a second pool of threads"),
    site::<Shared<Rayon>>("rayon", "shared", "in the same pool of rayon's"),
    site::<Apart<Rayon>>("rayon", "apart", "in a second pool of rayon's"),
];
