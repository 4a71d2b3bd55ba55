//! Trees of coroutines with stacks of their own.

use std::sync::mpsc;

use ::may::coroutine::JoinHandle;
use concbench_model::{ModelError, limits};
use concbench_sys::spawn_stackful;

use super::callback::{Spawn, called_back};
use super::{Form, Grown, Growth, Running, Task, children};
use crate::{Result, gone};

/// may's scheduler, which is global.
pub(super) struct May;

impl May {
    pub(super) fn start(workers: usize) -> Result<Self> {
        limits::allow_threads(workers)?;
        // It is read once, with the first coroutine.
        ::may::config().set_workers(workers);
        Ok(Self)
    }
}

impl Running for May {
    fn grow(&mut self, growth: Growth, form: Form) -> Result<Grown> {
        match form {
            Form::Result => joined(start(0, growth.depth, growth)?),
            Form::Callback => {
                let (done, grown) = mpsc::channel();
                called_back(&OnMay, growth, done);
                grown.recv().map_err(|_| gone("a coroutine of may"))
            }
        }
    }
}

type Handle = JoinHandle<Option<Result<Grown>>>;

fn start(node: u64, levels: u32, growth: Growth) -> Result<Handle> {
    let task: Task = Box::pin(async move {
        if levels == 0 {
            return Ok(Grown::leaf(node));
        }
        let tasks = children(node, growth).map(|child| start(child, levels - 1, growth));
        let tasks = tasks.collect::<Result<Vec<_>>>()?;
        tasks.into_iter().try_fold(Grown::INNER, |grown, task| Ok(grown.and(joined(task)?)))
    });
    // SAFETY: it waits where it joins its children, and holds their handles meanwhile, which belong to no thread.
    let task = unsafe { spawn_stackful(task) };
    Ok(task.map_err(ModelError::system("start a coroutine"))?)
}

fn joined(task: Handle) -> Result<Grown> {
    task.join().ok().flatten().ok_or_else(|| gone("a coroutine of may"))?
}

/// The scheduler whose coroutine spawns; one whose handle is dropped goes on.
#[derive(Clone, Copy)]
struct OnMay;

impl Spawn for OnMay {
    fn spawn(&self, job: impl FnOnce(&Self) + Send + 'static) {
        // SAFETY: it starts others and calls what was left for it, and waits nowhere. One that cannot be started drops its
        // job, and whoever waits for the tree sees that nothing comes back.
        drop(unsafe { spawn_stackful(async move { job(&OnMay) }) });
    }
}
