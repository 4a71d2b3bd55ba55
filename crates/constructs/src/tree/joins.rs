//! Trees whose tasks block until their children have returned.

use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc;

use concbench_model::ModelError;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::callback::{Spawn, called_back};
use super::{Form, Grown, Growth, Running, children};
use crate::completion::rayon_pool;
use crate::{Result, gone};

/// A function that calls itself.
pub(super) struct Sequential;

impl Running for Sequential {
    fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
        Ok(sequential(0, growth.depth, growth))
    }
}

/// What a task and all below it return; `levels` is how many lie below.
#[inline(never)]
pub(super) fn sequential(node: u64, levels: u32, growth: Growth) -> Grown {
    match levels {
        0 => Grown::leaf(node),
        _ => children(node, growth)
            .map(|child| sequential(child, levels - 1, growth))
            .fold(Grown::INNER, Grown::and),
    }
}

/// A rayon pool of its own.
pub(super) struct Rayon(rayon::ThreadPool);

impl Rayon {
    pub(super) fn start(workers: usize) -> Result<Self> {
        Ok(Self(rayon_pool(workers)?))
    }
}

impl Running for Rayon {
    fn grow(&mut self, growth: Growth, form: Form) -> Result<Grown> {
        match form {
            Form::Result => Ok(self.0.install(|| on_rayon(0, growth.depth, growth))),
            Form::Callback => {
                let (done, grown) = mpsc::channel();
                self.0.spawn(move || called_back(&OnRayon, growth, done));
                grown.recv().map_err(|_| gone("a task of rayon"))
            }
        }
    }
}

fn on_rayon(node: u64, levels: u32, growth: Growth) -> Grown {
    let grow = |child| on_rayon(child, levels - 1, growth);
    let below = children(node, growth);
    match (levels, growth.children) {
        (0, _) => Grown::leaf(node),
        (_, 2) => {
            let (left, right) = rayon::join(|| grow(below.start), || grow(below.start + 1));
            Grown::INNER.and(left).and(right)
        }
        _ => Grown::INNER.and(below.into_par_iter().map(grow).reduce(Grown::default, Grown::and)),
    }
}

/// The pool whose worker spawns.
#[derive(Clone, Copy)]
struct OnRayon;

impl Spawn for OnRayon {
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static) {
        rayon::spawn(move || job(&OnRayon));
    }
}

/// chili's pool.
pub(super) struct Chili(chili::ThreadPool);

impl Chili {
    pub(super) fn start(workers: usize) -> Self {
        // Whoever asks is one of its workers.
        let thread_count = NonZero::new(workers);
        Self(chili::ThreadPool::with_config(chili::Config { thread_count, ..chili::Config::default() }))
    }
}

impl Running for Chili {
    fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
        Ok(on_chili(&mut self.0.scope(), 0, growth.depth, growth))
    }
}

fn on_chili(scope: &mut chili::Scope<'_>, node: u64, levels: u32, growth: Growth) -> Grown {
    match levels {
        0 => Grown::leaf(node),
        _ => Grown::INNER.and(halves(scope, children(node, growth), levels - 1, growth)),
    }
}

/// Several tasks by joining two halves of them.
fn halves(scope: &mut chili::Scope<'_>, nodes: Range<u64>, levels: u32, growth: Growth) -> Grown {
    let count = nodes.end - nodes.start;
    if count <= 1 {
        return nodes.map(|node| on_chili(scope, node, levels, growth)).fold(Grown::default(), Grown::and);
    }
    let middle = nodes.start + count / 2;
    let (left, right) = scope.join(
        |scope| halves(scope, nodes.start..middle, levels, growth),
        |scope| halves(scope, middle..nodes.end, levels, growth),
    );
    left.and(right)
}

/// A thread for each task, which its parent waits for.
pub(super) struct Scoped;

impl Running for Scoped {
    fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
        scoped(0, growth.depth, growth)
    }
}

fn scoped(node: u64, levels: u32, growth: Growth) -> Result<Grown> {
    if levels == 0 {
        return Ok(Grown::leaf(node));
    }
    std::thread::scope(|scope| {
        let mut threads = Vec::with_capacity(growth.children as usize);
        for child in children(node, growth) {
            let thread =
                std::thread::Builder::new().spawn_scoped(scope, move || scoped(child, levels - 1, growth));
            threads.push(thread.map_err(ModelError::system("start a thread"))?);
        }
        threads.into_iter().try_fold(Grown::INNER, |grown, thread| {
            Ok(grown.and(thread.join().unwrap_or_else(|_| Err(gone("a thread")))?))
        })
    })
}
