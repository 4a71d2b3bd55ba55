//! Threads, which nobody can end from outside.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ::tokio::runtime::Builder;
use concbench_model::{ModelError, Result, limits};
use crossbeam_channel::unbounded;

use crate::{Batch, Doing, Scene};

/// A flag for which a thread can wait.
#[derive(Debug, Default)]
struct Flag {
    raised: Mutex<bool>,
    raises: Condvar,
}

pub(crate) fn flag(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    limits::allow_threads(batch.tasks as usize)?;
    let flag = Arc::new(Flag::default());
    let raise = || {
        *flag.raised.lock().unwrap_or_else(PoisonError::into_inner) = true;
        flag.raises.notify_all();
    };
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut refused = None;
    for index in 0..batch.tasks {
        let (scene, flag, doing) = (Arc::clone(scene), Arc::clone(&flag), batch.doing);
        let body = move || {
            let _alive = scene.begin(index);
            match doing {
                Doing::Waiting => {
                    let raised = flag.raised.lock().unwrap_or_else(PoisonError::into_inner);
                    drop(flag.raises.wait_while(raised, |raised| !*raised));
                }
                Doing::Computing => {
                    let mut left = Scene::STEPS_LEFT;
                    while scene.step(&mut left) {
                        if *flag.raised.lock().unwrap_or_else(PoisonError::into_inner) {
                            break;
                        }
                    }
                }
            }
        };
        match std::thread::Builder::new().spawn(body) {
            Ok(thread) => threads.push(thread),
            Err(source) => {
                refused = Some(ModelError::System { what: "start a thread", source });
                break;
            }
        }
    }
    scene.await_begun(threads.len() as u64)?;
    let asked = scene.ask();
    raise();
    join(threads)?;
    let took = asked.elapsed();
    refused.map_or(Ok(took), Err)
}

/// What runs where nothing can end it.
fn uncancelled(scene: &Arc<Scene>, index: u64, doing: Doing) {
    let _alive = scene.begin(index);
    match doing {
        Doing::Waiting => {
            // In the middle of its wait, too, when all are asked.
            while !scene.is_asked() {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Scene::SHORT);
        }
        Doing::Computing => {
            let mut left = Scene::STEPS_LEFT;
            while scene.step(&mut left) {}
        }
    }
}

pub(crate) fn pool(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let (queue, queued) = unbounded::<u64>();
    let mut threads = Vec::new();
    for _ in 0..batch.workers {
        let (scene, queued, doing) = (Arc::clone(scene), queued.clone(), batch.doing);
        let body = move || {
            for index in queued {
                // As a pool does that drops its queue: what was taken is run, and what is left is not.
                if scene.is_asked() {
                    continue;
                }
                uncancelled(&scene, index, doing);
            }
        };
        threads.push(std::thread::Builder::new().spawn(body).map_err(ModelError::system("start a thread"))?);
    }
    // It is received as long as `queued` lives.
    (0..batch.tasks).for_each(|index| queue.send(index).unwrap_or_default());
    scene.await_begun(batch.tasks.min(batch.workers as u64))?;
    let asked = scene.ask();
    while queued.try_recv().is_ok() {}
    drop(queue);
    join(threads)?;
    Ok(asked.elapsed())
}

pub(crate) fn spawn_blocking(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    limits::allow_threads(batch.tasks as usize)?;
    let runtime = Builder::new_current_thread().max_blocking_threads(batch.tasks as usize).build();
    let runtime = runtime.map_err(ModelError::system("start the tokio runtime"))?;
    let spawn = |index| {
        let (scene, doing) = (Arc::clone(scene), batch.doing);
        runtime.spawn_blocking(move || uncancelled(&scene, index, doing))
    };
    let tasks: Vec<_> = (0..batch.tasks).map(spawn).collect();
    scene.await_begun(batch.tasks)?;
    let asked = scene.ask();
    tasks.iter().for_each(::tokio::task::JoinHandle::abort);
    runtime.block_on(async {
        for task in tasks {
            // It has run to its end, whatever was asked.
            let _ = task.await;
        }
    });
    let took = asked.elapsed();
    drop(runtime);
    Ok(took)
}

fn join(threads: Vec<JoinHandle<()>>) -> Result<()> {
    // Every one of them is waited for, also behind one that has panicked.
    let ends: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
    let died = |_| ModelError::Died { who: "a thread", how: "panicked".to_owned() };
    ends.into_iter().try_for_each(|end| end.map_err(died))
}
