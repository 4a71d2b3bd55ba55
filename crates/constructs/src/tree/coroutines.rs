//! Trees of coroutines.

use std::sync::Arc;
use std::sync::mpsc;

use concbench_model::{ModelError, limits};
use smol::Executor;
use tokio::runtime::Runtime;

use super::callback::{Spawn, called_back};
use super::{Form, Grown, Growth, Running, Task, children};
use crate::completion::tokio_runtime;
use crate::workers::SmolThreads;
use crate::{Result, gone};

/// tokio's runtime.
pub(super) struct Tokio(Runtime);

impl Tokio {
    pub(super) fn start(workers: usize) -> Result<Self> {
        Ok(Self(tokio_runtime(workers)?))
    }
}

impl Running for Tokio {
    fn grow(&mut self, growth: Growth, form: Form) -> Result<Grown> {
        match form {
            Form::Result => {
                let root = self.0.spawn(on_tokio(0, growth.depth, growth));
                self.0.block_on(root).unwrap_or_else(|_| Err(gone("a tokio task")))
            }
            Form::Callback => {
                let (done, grown) = mpsc::channel();
                self.0.spawn(async move { called_back(&OnTokio, growth, done) });
                grown.recv().map_err(|_| gone("a tokio task"))
            }
        }
    }
}

fn on_tokio(node: u64, levels: u32, growth: Growth) -> Task {
    Box::pin(async move {
        if levels == 0 {
            return Ok(Grown::leaf(node));
        }
        let start = |child| tokio::spawn(on_tokio(child, levels - 1, growth));
        let tasks: Vec<_> = children(node, growth).map(start).collect();
        let mut grown = Grown::INNER;
        for task in tasks {
            grown = grown.and(task.await.unwrap_or_else(|_| Err(gone("a tokio task")))?);
        }
        Ok(grown)
    })
}

/// The runtime whose task spawns.
#[derive(Clone, Copy)]
struct OnTokio;

impl Spawn for OnTokio {
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static) {
        tokio::spawn(async move { job(&OnTokio) });
    }
}

/// smol's executor.
pub(super) struct Smol(SmolThreads);

impl Smol {
    pub(super) fn start(workers: usize) -> Result<Self> {
        SmolThreads::start(workers).map(Self)
    }
}

impl Running for Smol {
    fn grow(&mut self, growth: Growth, form: Form) -> Result<Grown> {
        let executor = Arc::clone(&self.0.executor);
        match form {
            Form::Result => {
                let root = on_smol(Arc::clone(&executor), 0, growth.depth, growth);
                smol::future::block_on(executor.spawn(root))
            }
            Form::Callback => {
                let (done, grown) = mpsc::channel();
                called_back(&OnSmol(executor), growth, done);
                grown.recv().map_err(|_| gone("a task of smol"))
            }
        }
    }
}

fn on_smol(executor: Arc<Executor<'static>>, node: u64, levels: u32, growth: Growth) -> Task {
    Box::pin(async move {
        if levels == 0 {
            return Ok(Grown::leaf(node));
        }
        let start = |child| executor.spawn(on_smol(Arc::clone(&executor), child, levels - 1, growth));
        let tasks: Vec<_> = children(node, growth).map(start).collect();
        let mut grown = Grown::INNER;
        for task in tasks {
            grown = grown.and(task.await?);
        }
        Ok(grown)
    })
}

/// The executor that spawns.
#[derive(Clone)]
struct OnSmol(Arc<Executor<'static>>);

impl Spawn for OnSmol {
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static) {
        let own = self.clone();
        self.0.spawn(async move { job(&own) }).detach();
    }
}

/// async-std's global executor.
pub(super) struct AsyncStd;

impl AsyncStd {
    pub(super) fn start(workers: usize) -> Result<Self> {
        limits::allow_threads(workers)?;
        // It starts this many threads with its first task, and keeps them.
        concbench_sys::set_before_threads("ASYNC_STD_THREAD_COUNT", workers.to_string())
            .map_err(ModelError::system("say how many threads there are to be"))?;
        async_std::task::block_on(async_std::task::spawn(async {}));
        Ok(Self)
    }
}

impl Running for AsyncStd {
    fn grow(&mut self, growth: Growth, form: Form) -> Result<Grown> {
        match form {
            // Not async-std's own `block_on`, which would make this thread one more worker.
            Form::Result => {
                smol::future::block_on(async_std::task::spawn(on_async_std(0, growth.depth, growth)))
            }
            Form::Callback => {
                let (done, grown) = mpsc::channel();
                called_back(&OnAsyncStd, growth, done);
                grown.recv().map_err(|_| gone("a task of async-std"))
            }
        }
    }
}

fn on_async_std(node: u64, levels: u32, growth: Growth) -> Task {
    Box::pin(async move {
        if levels == 0 {
            return Ok(Grown::leaf(node));
        }
        let start = |child| async_std::task::spawn(on_async_std(child, levels - 1, growth));
        let tasks: Vec<_> = children(node, growth).map(start).collect();
        let mut grown = Grown::INNER;
        for task in tasks {
            grown = grown.and(task.await?);
        }
        Ok(grown)
    })
}

/// The executor that spawns; a task whose handle is dropped goes on.
#[derive(Clone, Copy)]
struct OnAsyncStd;

impl Spawn for OnAsyncStd {
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static) {
        async_std::task::spawn(async move { job(&OnAsyncStd) });
    }
}

/// Futures that their parent polls, on the thread that asks.
pub(super) struct Inline;

impl Running for Inline {
    fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
        smol::future::block_on(inline(0, growth.depth, growth))
    }
}

fn inline(node: u64, levels: u32, growth: Growth) -> Task {
    Box::pin(async move {
        if levels == 0 {
            return Ok(Grown::leaf(node));
        }
        let tasks = children(node, growth).map(|child| inline(child, levels - 1, growth));
        let grown = futures::future::try_join_all(tasks).await?;
        Ok(grown.into_iter().fold(Grown::INNER, Grown::and))
    })
}
