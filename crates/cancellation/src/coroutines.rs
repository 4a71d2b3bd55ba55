//! Tasks that give their thread back while they wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::task::JoinSet;
use concbench_model::{ModelError, Result, limits};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::{Batch, Doing, Scene};

/// What a task does, by what waits for far longer than anybody has patience, and by what gives its thread back.
async fn task<W: Future, Y: Future>(
    scene: Arc<Scene>,
    (index, doing): (u64, Doing),
    wait: impl FnOnce() -> W,
    give_back: impl Fn() -> Y,
) {
    let _alive = scene.begin(index);
    match doing {
        Doing::Waiting => drop(wait().await),
        Doing::Computing => {
            let mut left = Scene::STEPS_LEFT;
            while scene.step(&mut left) {
                give_back().await;
            }
        }
    }
}

/// A task of tokio's.
async fn tokio_task(scene: Arc<Scene>, index: u64, doing: Doing) {
    task(scene, (index, doing), || ::tokio::time::sleep(Scene::LONG), ::tokio::task::yield_now).await;
}

fn runtime(builder: &mut Builder) -> Result<Runtime> {
    builder.enable_time().build().map_err(ModelError::system("start the tokio runtime"))
}

fn multi_thread(batch: &Batch) -> Result<Runtime> {
    runtime(Builder::new_multi_thread().worker_threads(batch.workers))
}

/// Lets the tasks of an event loop run until all have begun.
async fn all_begun(scene: &Scene, batch: &Batch) -> Result<()> {
    let mut look = scene.look_for_begun(batch.tasks);
    while !look.all()? {
        ::tokio::task::yield_now().await;
    }
    Ok(())
}

pub(crate) fn tokio_abort(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let runtime = runtime(&mut Builder::new_current_thread())?;
    runtime.block_on(async {
        let spawn = |index| ::tokio::spawn(tokio_task(Arc::clone(scene), index, batch.doing));
        let tasks: Vec<_> = (0..batch.tasks).map(spawn).collect();
        all_begun(scene, batch).await?;
        let asked = scene.ask();
        tasks.iter().for_each(::tokio::task::JoinHandle::abort);
        for task in tasks {
            // It was aborted, or had come to its end already.
            let _ = task.await;
        }
        Ok(asked.elapsed())
    })
}

pub(crate) fn tokio_joinset(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let runtime = multi_thread(batch)?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        (0..batch.tasks)
            .for_each(|index| drop(tasks.spawn(tokio_task(Arc::clone(scene), index, batch.doing))));
        all_begun(scene, batch).await?;
        let asked = scene.ask();
        tasks.shutdown().await;
        Ok(asked.elapsed())
    })
}

pub(crate) fn tokio_runtime(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let runtime = multi_thread(batch)?;
    (0..batch.tasks).for_each(|index| drop(runtime.spawn(tokio_task(Arc::clone(scene), index, batch.doing))));
    scene.await_begun(batch.tasks)?;
    let asked = scene.ask();
    drop(runtime);
    Ok(asked.elapsed())
}

pub(crate) fn join_all(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let runtime = runtime(&mut Builder::new_current_thread())?;
    runtime.block_on(::tokio::task::unconstrained(async {
        let task = |index| tokio_task(Arc::clone(scene), index, batch.doing);
        let mut tasks: FuturesUnordered<_> = (0..batch.tasks).map(task).collect();
        let mut look = scene.look_for_begun(batch.tasks);
        while !look.all()? {
            // Nothing has ended yet: the others are polled, and then this goes on.
            futures::future::select(tasks.next(), std::pin::pin!(::tokio::task::yield_now())).await;
        }
        let asked = scene.ask();
        drop(tasks);
        Ok(asked.elapsed())
    }))
}

/// A task of smol's or async-std's, which share their timers.
async fn smol_task(scene: Arc<Scene>, index: u64, doing: Doing) {
    task(scene, (index, doing), || ::smol::Timer::after(Scene::LONG), ::smol::future::yield_now).await;
}

/// Runs what cancels tasks beside an executor with its workers, which end with it.
fn with_smol(
    scene: &Arc<Scene>,
    batch: &Batch,
    cancel: impl FnOnce(Vec<::smol::Task<()>>) -> Result<Instant>,
) -> Result<Duration> {
    let executor = Arc::new(::smol::Executor::new());
    let (running, stopped) = ::smol::channel::unbounded::<()>();
    let worker = |_| {
        let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
        let run = move || {
            // Ends with an error once the channel is closed, which is what is waited for.
            let _closed = ::smol::block_on(executor.run(stopped.recv()));
        };
        std::thread::Builder::new().spawn(run).map_err(ModelError::system("start a smol worker"))
    };
    let workers = (0..batch.workers).map(worker).collect::<Result<Vec<_>>>()?;
    let spawn = |index| executor.spawn(smol_task(Arc::clone(scene), index, batch.doing));
    let tasks: Vec<_> = (0..batch.tasks).map(spawn).collect();
    scene.await_begun(batch.tasks)?;
    let took = cancel(tasks)?.elapsed();
    running.close();
    for worker in workers {
        worker.join().map_err(|_| ModelError::Died { who: "a smol worker", how: "panicked".to_owned() })?;
    }
    Ok(took)
}

pub(crate) fn smol_cancel(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    with_smol(scene, batch, |tasks| {
        let asked = scene.ask();
        let cancelled: FuturesUnordered<_> = tasks.into_iter().map(::smol::Task::cancel).collect();
        ::smol::future::block_on(cancelled.for_each(|_| std::future::ready(())));
        Ok(asked)
    })
}

pub(crate) fn smol_drop(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    with_smol(scene, batch, |tasks| {
        let asked = scene.ask();
        drop(tasks);
        // A drop only asks: the tasks are gone once the executor has come round to them.
        scene.await_dropped(batch.tasks)?;
        Ok(asked)
    })
}

pub(crate) fn compio_cancel(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let refused = |error| ModelError::Unsupported(limits::refused_ring(&error));
    let runtime = ::compio::runtime::Runtime::new().map_err(refused)?;
    runtime.block_on(async {
        let spawn = |index| ::compio::runtime::spawn(compio_task(Arc::clone(scene), index, batch.doing));
        let tasks: Vec<_> = (0..batch.tasks).map(spawn).collect();
        all_begun(scene, batch).await?;
        let asked = scene.ask();
        let cancelled: FuturesUnordered<_> =
            tasks.into_iter().map(::compio::runtime::JoinHandle::cancel).collect();
        cancelled.for_each(|_| std::future::ready(())).await;
        Ok(asked.elapsed())
    })
}

/// A task of compio's.
async fn compio_task(scene: Arc<Scene>, index: u64, doing: Doing) {
    task(scene, (index, doing), || ::compio::time::sleep(Scene::LONG), ::smol::future::yield_now).await;
}

pub(crate) fn async_std_cancel(scene: &Arc<Scene>, batch: &Batch) -> Result<Duration> {
    let spawn = |index| ::async_std::task::spawn(smol_task(Arc::clone(scene), index, batch.doing));
    let tasks: Vec<_> = (0..batch.tasks).map(spawn).collect();
    scene.await_begun(batch.tasks)?;
    let asked = scene.ask();
    let cancelled: FuturesUnordered<_> =
        tasks.into_iter().map(::async_std::task::JoinHandle::cancel).collect();
    ::smol::future::block_on(cancelled.for_each(|_| std::future::ready(())));
    Ok(asked.elapsed())
}
