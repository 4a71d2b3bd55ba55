use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use concbench_model::{
    Digest, Family, Fold, Model, ModelError, ModelInfo, Placement, Result, Settings, Sizing, Waiting,
    attempt_blocking, limits,
};
use concbench_workloads::Workload;
use crossbeam_channel::{Sender, bounded, unbounded};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs from one shared queue: the executor of the textbooks.
#[derive(Debug)]
pub(crate) struct ThreadPool {
    queue: Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Model for ThreadPool {
    const INFO: ModelInfo = ModelInfo {
        id: "thread-pool",
        family: Family::Pools,
        summary: "a fixed number of threads on one shared queue",
        right_when: "tasks compute for tens of microseconds or more, or block and are bounded in number",
        elsewhere: "Python ThreadPoolExecutor, multiprocessing.pool.ThreadPool; Java newFixedThreadPool",
        sizing: Sizing::Workers,
        waiting: Waiting::Workers,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: false,
        limits: &["nproc", "vm.max_map_count", "kernel.threads-max"],
        default: true,
    };

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        let (queue, jobs) = unbounded::<Job>();
        let placement = Placement::of(settings)?;
        let mut threads = Vec::with_capacity(settings.workers);
        for _ in 0..settings.workers {
            let jobs = jobs.clone();
            let placement = placement.clone();
            let thread = settings.thread_builder().spawn(move || {
                placement.place();
                jobs.iter().for_each(|job| job());
            });
            threads.push(thread.map_err(ModelError::system("start a worker thread"))?);
        }
        Ok(Self { queue, threads })
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        let count = tasks.end - tasks.start;
        let (results, returned) = bounded(count as usize);
        for index in tasks {
            let (workload, results) = (Arc::clone(workload), results.clone());
            let job: Job = Box::new(move || {
                // The channel holds a whole batch; it is closed only if the batch was given up already.
                let _ = results.send((index, attempt_blocking(workload.as_ref(), index)));
            });
            if self.queue.send(job).is_err() {
                return Err(ModelError::Died {
                    who: "the thread pool",
                    how: "lost all its threads".to_owned(),
                });
            }
        }
        drop(results);
        Fold::over(returned.iter())
    }

    fn stop(self) -> Result<()> {
        drop(self.queue);
        for thread in self.threads {
            thread
                .join()
                .map_err(|_| ModelError::Died { who: "a worker thread", how: "panicked".to_owned() })?;
        }
        Ok(())
    }
}
