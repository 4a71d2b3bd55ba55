//! Coroutines: the caller is one of them.

use std::sync::Arc;

use concbench_model::{ModelError, limits};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::{Form, Running, Seen, TASKS, call, shared, taken, task};
use crate::workers::SmolThreads;
use crate::{Result, gone};

/// tokio's runtime.
pub(super) struct Tokio(Runtime);

impl Tokio {
    pub(super) fn start(workers: usize) -> Result<Self> {
        Ok(Self(tokio_runtime(workers)?))
    }
}

/// A tokio runtime with exactly so many workers.
pub(crate) fn tokio_runtime(workers: usize) -> Result<Runtime> {
    limits::allow_threads(workers)?;
    let runtime = Builder::new_multi_thread().worker_threads(workers).build();
    Ok(runtime.map_err(ModelError::system("start the tokio runtime"))?)
}

impl Running for Tokio {
    fn batch(&mut self, form: Form) -> Result<Seen> {
        // The caller is spawned: polled by `block_on`, it would pay a wake-up across threads for every result.
        let caller = self.0.spawn(on_tokio(form));
        self.0.block_on(caller).unwrap_or_else(|_| Err(gone("a tokio task")))
    }
}

async fn on_tokio(form: Form) -> Result<Seen> {
    let lost = |_| gone("a tokio task");
    match form {
        Form::Ordered => {
            let mut seen = Seen::begin();
            let tasks: Vec<_> = (0..TASKS).map(|index| tokio::spawn(async move { task(index) })).collect();
            for (index, running) in (0..).zip(tasks) {
                seen.see(index, running.await.map_err(lost)?);
            }
            Ok(seen)
        }
        Form::AsCompleted => {
            let mut seen = Seen::begin();
            let mut tasks: JoinSet<_> = (0..TASKS).map(|index| async move { (index, task(index)) }).collect();
            while let Some(result) = tasks.join_next().await {
                let (index, value) = result.map_err(lost)?;
                seen.see(index, value);
            }
            Ok(seen)
        }
        Form::Callback => {
            let seen = shared();
            let spawn = |index| {
                let seen = seen.clone();
                tokio::spawn(async move { call(&seen, index, task(index)) })
            };
            let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
            for running in tasks {
                running.await.map_err(lost)?;
            }
            taken(seen)
        }
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
    fn batch(&mut self, form: Form) -> Result<Seen> {
        let executor = Arc::clone(&self.0.executor);
        smol::future::block_on(self.0.executor.spawn(on_smol(executor, form)))
    }
}

async fn on_smol(executor: Arc<smol::Executor<'static>>, form: Form) -> Result<Seen> {
    match form {
        Form::Ordered => {
            let mut seen = Seen::begin();
            let tasks: Vec<_> = (0..TASKS).map(|index| executor.spawn(async move { task(index) })).collect();
            for (index, running) in (0..).zip(tasks) {
                seen.see(index, running.await);
            }
            Ok(seen)
        }
        Form::AsCompleted => {
            let mut seen = Seen::begin();
            let spawn = |index| executor.spawn(async move { (index, task(index)) });
            let mut tasks: FuturesUnordered<_> = (0..TASKS).map(spawn).collect();
            while let Some((index, value)) = tasks.next().await {
                seen.see(index, value);
            }
            Ok(seen)
        }
        Form::Callback => {
            let seen = shared();
            let spawn = |index| {
                let seen = seen.clone();
                executor.spawn(async move { call(&seen, index, task(index)) })
            };
            let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
            for running in tasks {
                running.await;
            }
            taken(seen)
        }
    }
}
