//! The same batches without our models: what somebody would write who needs no other. The task is the same one, so that
//! the difference is what the model adds: catching panics, naming errors, the digest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use concbench::model::{Model, ModelError};
use concbench::models::{BuiltIn, Catalogue, Visitor};
use concbench::{Io, Workload};
use concbench_workloads::{Count, Noop};
use futures::FutureExt;

use crate::figure::{Measured, median};
use crate::ours::{settings, time_batch};
use crate::work::Work;

/// How many pairs of batches a ratio is made of.
const PAIRS: usize = 41;

/// A batch that is run by hand: so many tasks, whose values are added up.
pub(crate) type ByHand = Box<dyn FnMut(u64) -> u64>;

/// The loop for a model on the same library.
pub(crate) fn batch<W: Workload>(model: &str, workers: usize, work: W) -> Result<ByHand, String> {
    let work = Arc::new(work);
    Ok(match model {
        "thread-pool" => threadpool(workers, work),
        "rayon" => rayon(workers, work),
        "tokio-current-thread" => tokio_current_thread(work),
        "tokio-multi-thread" => tokio_multi_thread(workers, work),
        "smol" => smol(workers, work),
        "async-std" => Box::new(move |tasks| async_std(tasks, &work)),
        other => return Err(format!("nothing is written by hand for {other}")),
    })
}

/// The time of our model over that of the loop, for tasks that do nothing, or that count to `n`.
pub(crate) fn ratio(model: &str, workers: usize, tasks: u64, n: Option<u64>) -> Measured {
    match n {
        None => ratio_of(model, workers, tasks, &Noop {}),
        Some(n) => ratio_of(model, workers, tasks, &Count { n }),
    }
}

fn ratio_of<W: Workload + Clone>(model: &str, workers: usize, tasks: u64, work: &W) -> Measured {
    // Before the model: both use one async-std, which reads its size once.
    let by_hand = batch(model, workers, work.clone())?;
    let sum = (0..tasks).map(|index| at_once(work, index)).fold(0, u64::wrapping_add);
    match BuiltIn::visit(model, Ratio { workers, tasks, work: Arc::new(work.clone()), by_hand, sum }) {
        Ok(measured) => measured.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no model is called {model}")),
    }
}

struct Ratio<W> {
    workers: usize,
    tasks: u64,
    work: Arc<W>,
    by_hand: ByHand,
    /// What the values of all tasks add up to.
    sum: u64,
}

impl<W: Workload> Visitor for Ratio<W> {
    type Output = Result<f64, ModelError>;

    /// The median of the ratios of neighbours: what changes slowly on this machine changes both.
    fn visit<M: Model>(mut self) -> Self::Output {
        let mut model = M::start(&settings(self.workers, Work::Noop))?;
        let work = Arc::clone(&self.work);
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

impl<W> Ratio<W> {
    fn time_by_hand(&mut self) -> f64 {
        let started = Instant::now();
        let sum = (self.by_hand)(self.tasks);
        let seconds = started.elapsed().as_secs_f64();
        assert_eq!(sum, self.sum, "every task has returned its value");
        seconds
    }
}

/// What the loops hand to tasks that wait for nothing.
#[derive(Debug, Clone, Copy)]
struct NoIo;

impl Io for NoIo {
    type Stream = ::smol::net::TcpStream;

    async fn sleep(&self, _duration: Duration) {
        unreachable!("no task here sleeps");
    }

    async fn connect(&self, _address: SocketAddr) -> std::io::Result<Self::Stream> {
        unreachable!("no task here connects");
    }
}

/// Runs a task on the thread that calls.
fn at_once<W: Workload>(work: &W, index: u64) -> u64 {
    work.task(&NoIo, index).now_or_never().expect("it does not wait").expect("it does not fail")
}

fn threadpool<W: Workload>(workers: usize, work: Arc<W>) -> ByHand {
    let pool = ::threadpool::ThreadPool::new(workers);
    Box::new(move |tasks| {
        let (results, returned) = std::sync::mpsc::channel();
        for index in 0..tasks {
            let (work, results) = (Arc::clone(&work), results.clone());
            pool.execute(move || results.send(at_once(work.as_ref(), index)).expect("it is read to its end"));
        }
        drop(results);
        returned.iter().fold(0, u64::wrapping_add)
    })
}

fn rayon<W: Workload>(workers: usize, work: Arc<W>) -> ByHand {
    let pool = ::rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("it starts");
    Box::new(move |tasks| {
        let sum = AtomicU64::new(0);
        pool.scope(|scope| {
            for index in 0..tasks {
                let (work, sum) = (work.as_ref(), &sum);
                scope.spawn(move |_| {
                    sum.fetch_add(at_once(work, index), Ordering::Relaxed);
                });
            }
        });
        sum.into_inner()
    })
}

async fn on_tokio<W: Workload>(tasks: u64, work: Arc<W>) -> u64 {
    let spawn = |index| {
        let work = Arc::clone(&work);
        tokio::spawn(async move { work.task(&NoIo, index).await })
    };
    let handles: Vec<_> = (0..tasks).map(spawn).collect();
    let mut sum = 0;
    for handle in handles {
        let value = handle.await.expect("it does not panic").expect("it does not fail");
        sum = u64::wrapping_add(sum, value);
    }
    sum
}

fn tokio_current_thread<W: Workload>(work: Arc<W>) -> ByHand {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    Box::new(move |tasks| runtime.block_on(on_tokio(tasks, Arc::clone(&work))))
}

fn tokio_multi_thread<W: Workload>(workers: usize, work: Arc<W>) -> ByHand {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).enable_all().build().expect("it starts");
    Box::new(move |tasks| {
        let root = runtime.spawn(on_tokio(tasks, Arc::clone(&work)));
        runtime.block_on(root).expect("it does not panic")
    })
}

fn smol<W: Workload>(workers: usize, work: Arc<W>) -> ByHand {
    let executor: Arc<::smol::Executor<'static>> = Arc::default();
    for _ in 0..workers {
        let executor = Arc::clone(&executor);
        std::thread::spawn(move || ::smol::block_on(executor.run(std::future::pending::<()>())));
    }
    Box::new(move |tasks| {
        let (spawner, work) = (Arc::clone(&executor), Arc::clone(&work));
        ::smol::future::block_on(executor.spawn(async move {
            let spawn = |index| {
                let work = Arc::clone(&work);
                spawner.spawn(async move { work.task(&NoIo, index).await })
            };
            let handles: Vec<_> = (0..tasks).map(spawn).collect();
            let mut sum = 0;
            for handle in handles {
                sum = u64::wrapping_add(sum, handle.await.expect("it does not fail"));
            }
            sum
        }))
    })
}

fn async_std<W: Workload>(tasks: u64, work: &Arc<W>) -> u64 {
    use ::async_std::task::spawn;
    let work = Arc::clone(work);
    ::smol::future::block_on(spawn(async move {
        let start = |index| {
            let work = Arc::clone(&work);
            spawn(async move { work.task(&NoIo, index).await })
        };
        let handles: Vec<_> = (0..tasks).map(start).collect();
        let mut sum = 0;
        for handle in handles {
            sum = u64::wrapping_add(sum, handle.await.expect("it does not fail"));
        }
        sum
    }))
}
