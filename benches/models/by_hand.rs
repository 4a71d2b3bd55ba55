//! The same batches without our models: what somebody would write who needs no other.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use concbench::model::{BuiltIn, Catalogue, Model, ModelError, Visitor};

use crate::figure::{Measured, median};
use crate::ours::{settings, time_batch};
use crate::work::Work;

/// How many pairs of batches a ratio is made of.
const PAIRS: usize = 41;

/// A batch that is run by hand: so many tasks, whose values are added up.
pub(crate) type ByHand = Box<dyn FnMut(u64) -> u64>;

/// What a task makes of its index.
pub(crate) trait Task: Fn(u64) -> u64 + Copy + Send + Sync + 'static {}

impl<T: Fn(u64) -> u64 + Copy + Send + Sync + 'static> Task for T {}

/// The loop for a model on the same library.
pub(crate) fn batch(model: &str, workers: usize, task: impl Task) -> Result<ByHand, String> {
    Ok(match model {
        "thread-pool" => threadpool(workers, task),
        "rayon" => rayon(workers, task),
        "tokio-current-thread" => tokio_current_thread(task),
        "tokio-multi-thread" => tokio_multi_thread(workers, task),
        "smol" => smol(workers, task),
        "async-std" => Box::new(move |tasks| async_std(tasks, task)),
        other => return Err(format!("nothing is written by hand for {other}")),
    })
}

pub(crate) fn ratio(model: &str, workers: usize, tasks: u64) -> Measured {
    // Before the model: both use one async-std, which reads its size once.
    let by_hand = batch(model, workers, black_box)?;
    match BuiltIn::visit(model, Ratio { workers, tasks, by_hand }) {
        Ok(measured) => measured.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no model is called {model}")),
    }
}

struct Ratio {
    workers: usize,
    tasks: u64,
    by_hand: ByHand,
}

impl Visitor for Ratio {
    type Output = Result<f64, ModelError>;

    /// The median of the ratios of neighbours: what changes slowly on this machine changes both.
    fn visit<M: Model>(mut self) -> Self::Output {
        let mut model = M::start(&settings(self.workers, Work::Noop))?;
        let work = Arc::new(Work::Noop);
        let mut ratios = Vec::new();
        for pair in 0..=PAIRS {
            // Alternating who comes first: who comes second finds warmer caches.
            let theirs_first = pair % 2 == 0;
            let mut theirs = if theirs_first { self.time_by_hand() } else { 0.0 };
            let ours = time_batch(&mut model, &work, self.tasks)?;
            if !theirs_first {
                theirs = self.time_by_hand();
            }
            if pair > 0 {
                ratios.push(ours / theirs);
            }
        }
        model.stop()?;
        Ok(median(ratios))
    }
}

impl Ratio {
    fn time_by_hand(&mut self) -> f64 {
        let started = Instant::now();
        let sum = (self.by_hand)(self.tasks);
        let seconds = started.elapsed().as_secs_f64();
        assert_eq!(sum, self.tasks * (self.tasks - 1) / 2, "every task has returned its index");
        seconds
    }
}

fn threadpool(workers: usize, task: impl Task) -> ByHand {
    let pool = ::threadpool::ThreadPool::new(workers);
    Box::new(move |tasks| {
        let (results, returned) = std::sync::mpsc::channel();
        for index in 0..tasks {
            let results = results.clone();
            pool.execute(move || results.send(task(index)).expect("it is read to its end"));
        }
        drop(results);
        returned.iter().sum()
    })
}

fn rayon(workers: usize, task: impl Task) -> ByHand {
    let pool = ::rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("it starts");
    Box::new(move |tasks| {
        let sum = AtomicU64::new(0);
        pool.scope(|scope| {
            for index in 0..tasks {
                let sum = &sum;
                scope.spawn(move |_| {
                    sum.fetch_add(task(index), Ordering::Relaxed);
                });
            }
        });
        sum.into_inner()
    })
}

async fn on_tokio(tasks: u64, task: impl Task) -> u64 {
    let handles: Vec<_> = (0..tasks).map(|index| tokio::spawn(async move { task(index) })).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("it does not panic");
    }
    sum
}

fn tokio_current_thread(task: impl Task) -> ByHand {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    Box::new(move |tasks| runtime.block_on(on_tokio(tasks, task)))
}

fn tokio_multi_thread(workers: usize, task: impl Task) -> ByHand {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).enable_all().build().expect("it starts");
    Box::new(move |tasks| runtime.block_on(runtime.spawn(on_tokio(tasks, task))).expect("it does not panic"))
}

fn smol(workers: usize, task: impl Task) -> ByHand {
    let executor: Arc<::smol::Executor<'static>> = Arc::default();
    for _ in 0..workers {
        let executor = Arc::clone(&executor);
        std::thread::spawn(move || ::smol::block_on(executor.run(std::future::pending::<()>())));
    }
    Box::new(move |tasks| {
        let spawner = Arc::clone(&executor);
        ::smol::future::block_on(executor.spawn(async move {
            let handles: Vec<_> = (0..tasks).map(|index| spawner.spawn(async move { task(index) })).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await;
            }
            sum
        }))
    })
}

fn async_std(tasks: u64, task: impl Task) -> u64 {
    use ::async_std::task::spawn;
    ::smol::future::block_on(spawn(async move {
        let handles: Vec<_> = (0..tasks).map(|index| spawn(async move { task(index) })).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        sum
    }))
}
