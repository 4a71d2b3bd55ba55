//! A runtime on each of several threads. Its tasks cannot move between them, so each thread gets every n-th task of a batch.

use std::io;
use std::iter::StepBy;
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{Arrivals, Digest, Fold, ModelError, Placement, Result, Settings, limits};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// The tasks of a share.
pub(super) type Indices = StepBy<Range<u64>>;

/// The tasks of a thread as they come, whatever its runtime is.
pub(super) type Due = ::smol::channel::Receiver<u64>;

/// A share of a batch, to be run on a runtime.
type Share<R> = Box<dyn FnOnce(&R) + Send>;

/// Threads with a runtime each.
pub(super) struct PerThread<R> {
    workers: Vec<Worker<R>>,
    /// What a thread is called in errors.
    who: &'static str,
}

impl<R> std::fmt::Debug for PerThread<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} of {}", self.workers.len(), self.who)
    }
}

struct Worker<R> {
    shares: Sender<Share<R>>,
    thread: JoinHandle<()>,
}

impl<R: 'static> PerThread<R> {
    /// Starts the threads, each of which makes its runtime; `refused` says what it means if one cannot.
    pub(super) fn start(
        settings: &Settings,
        who: &'static str,
        make: fn() -> io::Result<R>,
        refused: impl FnOnce(io::Error) -> ModelError,
    ) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let placement = Placement::of(settings)?;
        let (starting, started) = bounded(settings.workers);
        let mut model = Self { workers: Vec::with_capacity(settings.workers), who };
        for _ in 0..settings.workers {
            let (shares, work) = unbounded();
            let (placement, starting) = (placement.clone(), starting.clone());
            let body = move || {
                placement.place();
                serve(make, &work, starting);
            };
            let thread = settings.thread_builder().spawn(body);
            let thread = thread.map_err(ModelError::system("start a thread for a runtime"))?;
            model.workers.push(Worker { shares, thread });
        }
        drop(starting);
        match started.iter().find_map(io::Result::err) {
            None => Ok(model),
            Some(error) => {
                model.stop()?;
                Err(refused(error))
            }
        }
    }

    /// Runs a batch: `run_share` runs the tasks of one thread on its runtime.
    pub(super) fn run<W: Send + Sync + 'static>(
        &self,
        workload: &Arc<W>,
        tasks: Range<u64>,
        run_share: fn(&R, &Arc<W>, Indices) -> Fold,
    ) -> Result<Digest> {
        let (results, returned) = bounded(self.workers.len());
        for (worker, first) in self.workers.iter().zip(tasks.start..) {
            let (workload, results) = (Arc::clone(workload), results.clone());
            let share = (first..tasks.end).step_by(self.workers.len());
            let share: Share<R> = Box::new(move |runtime| {
                // It is read until every share has been.
                let _ = results.send(run_share(runtime, &workload, share));
            });
            worker.shares.send(share).map_err(|_| self.gone())?;
        }
        drop(results);
        self.gather(&returned)
    }

    /// Runs tasks as they come, each on the next thread: `run_due` runs those of one thread on its runtime.
    pub(super) fn run_as_due<W: Send + Sync + 'static>(
        &self,
        workload: &Arc<W>,
        arrivals: Arrivals,
        run_due: fn(&R, &Arc<W>, Due) -> Fold,
    ) -> Result<Digest> {
        let (results, returned) = bounded(self.workers.len());
        let mut queues = Vec::with_capacity(self.workers.len());
        for worker in &self.workers {
            let (queue, due) = ::smol::channel::unbounded();
            let (workload, results) = (Arc::clone(workload), results.clone());
            let share: Share<R> = Box::new(move |runtime| {
                // It is read until every share has been.
                let _ = results.send(run_due(runtime, &workload, due));
            });
            worker.shares.send(share).map_err(|_| self.gone())?;
            queues.push(queue);
        }
        drop(results);
        for (index, queue) in arrivals.zip(queues.iter().cycle()) {
            queue.try_send(index).map_err(|_| self.gone())?;
        }
        drop(queues);
        self.gather(&returned)
    }

    /// What the shares have come to.
    fn gather(&self, returned: &Receiver<Fold>) -> Result<Digest> {
        let mut folds = Vec::with_capacity(self.workers.len());
        folds.extend(returned.iter());
        // A share that was dropped unread would be a thread that has panicked.
        if folds.len() < self.workers.len() {
            return Err(self.gone());
        }
        folds.into_iter().fold(Fold::default(), Fold::merge).finish()
    }

    /// Ends the threads, and waits for that.
    pub(super) fn stop(self) -> Result<()> {
        let gone = self.gone();
        let (shares, threads): (Vec<_>, Vec<_>) =
            self.workers.into_iter().map(|worker| (worker.shares, worker.thread)).unzip();
        drop(shares);
        threads.into_iter().try_for_each(|thread| thread.join()).map_err(|_| gone)
    }

    fn gone(&self) -> ModelError {
        ModelError::Died { who: self.who, how: "panicked".to_owned() }
    }
}

/// A thread: makes its runtime, says whether it could, and runs shares until no more can come.
fn serve<R>(make: fn() -> io::Result<R>, work: &Receiver<Share<R>>, starting: Sender<io::Result<()>>) {
    let (runtime, outcome) = match make() {
        Ok(runtime) => (Some(runtime), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // Nobody listens any more once one of the others has failed.
    let _ = starting.send(outcome);
    drop(starting);
    if let Some(runtime) = runtime {
        work.iter().for_each(|share| share(&runtime));
    }
}
