//! Processes, which a signal ends wherever they are.

use std::sync::Arc;
use std::time::Duration;

use concbench_model::process::{Child, REPLIED, fork_child, forker};
use concbench_model::{Result, limits};

use crate::{Batch, Doing, Scene};

pub(crate) fn kill(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    limits::allow_processes(batch.tasks as usize)?;
    let forker = forker()?;
    let fork = |index| {
        fork_child(&forker, "the process of a task", || {
            let _alive = scene.begin(index);
            match batch.doing {
                Doing::Waiting => std::thread::sleep(Scene::LONG),
                Doing::Computing => {
                    // Far more than are computed until the signal comes.
                    let mut left = 1000 * Scene::STEPS_LEFT;
                    while scene.step(&mut left) {}
                }
            }
            REPLIED
        })
    };
    let children = (0..batch.tasks).map(fork).collect::<Result<Vec<_>>>()?;
    scene.await_begun(batch.tasks)?;
    let asked = scene.ask();
    children.iter().for_each(Child::kill);
    for child in children {
        // It was killed, or had come to its end already.
        let _ = child.join();
    }
    Ok(asked.elapsed())
}
