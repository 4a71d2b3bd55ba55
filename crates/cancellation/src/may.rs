//! Coroutines with stacks of their own: one that is cancelled is unwound where it waits, as by a panic.

use std::sync::Arc;
use std::time::Duration;

use ::may::coroutine;
use concbench_model::{ModelError, Result, limits};
use concbench_sys::{cancel_stackful, spawn_stackful};

use crate::{Batch, Doing, Scene};

pub(crate) fn cancel(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    limits::allow_stacks(batch.tasks as usize)?;
    let spawn = |index| {
        let (scene, batch) = (Arc::clone(scene), *batch);
        let task = async move {
            let _alive = scene.begin(index);
            match batch.doing {
                Doing::Waiting => coroutine::sleep(Scene::LONG),
                Doing::Computing => {
                    // One that only yields may be run again before others have begun.
                    while scene.begun() < batch.tasks && !scene.is_asked() {
                        coroutine::sleep(Duration::from_micros(100));
                    }
                    let mut left = Scene::STEPS_LEFT;
                    while scene.step(&mut left) {
                        coroutine::yield_now();
                    }
                }
            }
        };
        // SAFETY: it waits in sleeps and yields, and holds the scene meanwhile, which belongs to no thread.
        unsafe { spawn_stackful(task) }.map_err(ModelError::system("start a coroutine"))
    };
    let tasks = (0..batch.tasks).map(spawn).collect::<Result<Vec<_>>>()?;
    scene.await_begun(batch.tasks)?;
    let asked = scene.ask();
    tasks.iter().for_each(cancel_stackful);
    for task in tasks {
        // It was cancelled, or had come to its end already.
        let _ = task.join();
    }
    Ok(asked.elapsed())
}
