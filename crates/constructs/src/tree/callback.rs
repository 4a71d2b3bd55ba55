//! Trees whose tasks do not wait: the last child of each to end calls what its parent left for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};

use super::{Form, Grown, Growth, Running, children};
use crate::workers::Threads;
use crate::{Result, gone};

/// Whatever starts a task that nobody waits for.
pub(super) trait Spawn: Clone + Send + Sync + 'static {
    /// Starts a task, which can start others.
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static);
}

/// What a task has left behind for its children.
struct Parent {
    sum: AtomicU64,
    tasks: AtomicU64,
    /// How many children have not ended.
    left: AtomicU64,
    then: Then,
}

/// What is called with what a task and all below it return.
#[derive(Clone)]
enum Then {
    /// The parent's function.
    Add(Arc<Parent>),
    /// The function of whoever has planted the tree.
    Done(Sender<Grown>),
}

/// Grows a tree; `done` gets what comes back.
pub(super) fn called_back(spawner: &impl Spawn, growth: Growth, done: Sender<Grown>) {
    start(spawner, 0, growth.depth, growth, Then::Done(done));
}

fn start(spawner: &impl Spawn, node: u64, levels: u32, growth: Growth, then: Then) {
    if levels == 0 {
        return call(then, Grown::leaf(node));
    }
    let parent = Arc::new(Parent {
        sum: AtomicU64::new(Grown::INNER.sum),
        tasks: AtomicU64::new(Grown::INNER.tasks),
        left: AtomicU64::new(growth.children),
        then,
    });
    for child in children(node, growth) {
        let then = Then::Add(Arc::clone(&parent));
        spawner.spawn(move |spawner| start(spawner, child, levels - 1, growth, then));
    }
}

/// Calls a function, and those further up that wait for nothing else.
fn call(mut then: Then, mut grown: Grown) {
    loop {
        let parent = match then {
            Then::Done(done) => {
                // Nobody listens any more once the tree was given up.
                let _ = done.send(grown);
                return;
            }
            Then::Add(parent) => parent,
        };
        parent.sum.fetch_add(grown.sum, Ordering::Relaxed);
        parent.tasks.fetch_add(grown.tasks, Ordering::Relaxed);
        // Whoever is the last sees what all others have added.
        if parent.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        grown =
            Grown { sum: parent.sum.load(Ordering::Relaxed), tasks: parent.tasks.load(Ordering::Relaxed) };
        then = parent.then.clone();
    }
}

/// Threads on one queue.
pub(super) struct Pool(Threads);

impl Pool {
    pub(super) fn start(workers: usize) -> Result<Self> {
        Threads::start(workers).map(Self)
    }
}

impl Running for Pool {
    fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
        let (done, grown) = mpsc::channel();
        let jobs = self.0.jobs().ok_or_else(|| gone("the pool"))?;
        called_back(&Queue(jobs), growth, done);
        grown.recv().map_err(|_| gone("a thread of the pool"))
    }
}

/// The queue of a pool.
#[derive(Clone)]
struct Queue(crossbeam_channel::Sender<crate::workers::Job>);

impl Spawn for Queue {
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static) {
        let queue = self.clone();
        // A pool that has ended runs nothing more, and whoever waits for the tree sees that nothing comes back.
        let _ = self.0.send(Box::new(move || job(&queue)));
    }
}
