use std::io;
use std::net::{Shutdown, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::may::coroutine;
use ::may::coroutine::JoinHandle;
use ::may::net::TcpStream;
use concbench_model::{
    Arrivals, BlockingStream, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings,
    Sizing, Waiting, attempt_at_once, limits,
};
use concbench_workloads::{Io, Workload};

use concbench_sys::spawn_stackful;

/// What each worker opens, and what they share: the library panics if it cannot.
const DESCRIPTORS_PER_WORKER: usize = 2;

/// Waiting switches to another coroutine, from wherever it is called.
#[derive(Debug, Clone, Copy)]
struct MayIo;

impl Io for MayIo {
    type Stream = BlockingStream<TcpStream>;

    async fn sleep(&self, duration: Duration) {
        coroutine::sleep(duration);
        // The thread that keeps the timers wakes coroutines by running them; this gives the rest of the task back to
        // the workers.
        coroutine::yield_now();
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(BlockingStream::of(stream, |stream| stream.shutdown(Shutdown::Both)))
    }
}

/// May's coroutines, each with a stack of its own, on several threads that steal from each other.
#[derive(Debug)]
pub(crate) struct May;

impl Model for May {
    const INFO: ModelInfo = ModelInfo {
        id: "may",
        family: Family::Coroutines,
        summary: "coroutines with a stack of their own: what waits switches, whoever called it",
        right_when: "code is written as if it blocked, and far more tasks wait than there may be threads",
        elsewhere: "Python gevent and greenlet; Go goroutines; Java virtual threads",
        sizing: Sizing::Workers,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: false,
        isolates_tasks: false,
        global: true,
        limits: &["vm.max_map_count", "nofile", "nproc"],
        default: false,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::May;

    fn start(settings: &Settings) -> Result<Self> {
        limits::allow_threads(settings.workers)?;
        limits::allow_descriptors(DESCRIPTORS_PER_WORKER * settings.workers)?;
        configure(settings)?;
        // The scheduler starts with its first coroutine.
        // SAFETY: it does not wait.
        join(unsafe { spawn_stackful(async {}) })?;
        Ok(Self)
    }

    fn run<W: Workload>(&mut self, workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        limits::allow_stacks((tasks.end - tasks.start) as usize)?;
        let workload = Arc::clone(workload);
        let root = async move {
            let spawn = |index| {
                let workload = Arc::clone(&workload);
                let task = async move { attempt_at_once(workload.as_ref(), &MayIo, index) };
                // SAFETY: the task waits through `MayIo` alone, with `.await`. Where one polls by hand what waits, `Io`
                // asks of it that nothing of a thread is held.
                (index, unsafe { spawn_stackful(task) })
            };
            let running: Vec<_> = tasks.map(spawn).collect();
            Fold::over(running.into_iter().map(|(index, task)| (index, join(task).and_then(|result| result))))
        };
        // The root is a coroutine too: joined from a thread, every task would wake one.
        // SAFETY: it waits where it joins, and holds the tasks and their digest there.
        join(unsafe { spawn_stackful(root) })?
    }

    fn run_as_due<W: Workload>(&mut self, workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        limits::allow_stacks(arrivals.tasks() as usize)?;
        let spawn = |index| {
            let workload = Arc::clone(workload);
            let task = async move { attempt_at_once(workload.as_ref(), &MayIo, index) };
            // SAFETY: as in a batch.
            (index, unsafe { spawn_stackful(task) })
        };
        let running: Vec<_> = arrivals.map(spawn).collect();
        Fold::over(running.into_iter().map(|(index, task)| (index, join(task).and_then(|result| result))))
    }

    fn stop(self) -> Result<()> {
        // The scheduler is global and has no way to stop; it ends with the process.
        Ok(())
    }
}

fn join<T>(task: io::Result<JoinHandle<Option<T>>>) -> Result<T> {
    let task = task.map_err(ModelError::system("start a coroutine"))?;
    // Panics of tasks are caught inside of them, and what waits in there blocks the coroutine.
    task.join().ok().flatten().ok_or_else(|| ModelError::Died {
        who: "a coroutine",
        how: "panicked outside of its task".to_owned(),
    })
}

/// Sets what the global scheduler reads once, the first time.
fn configure(settings: &Settings) -> Result<()> {
    static CONFIGURED: OnceLock<Settings> = OnceLock::new();
    let configured = CONFIGURED.get_or_init(|| {
        let config = ::may::config();
        config.set_workers(settings.workers);
        // What is not set keeps the library's default: workers that are bound to cores, and stacks of 32 KiB.
        if let Some(bytes) = settings.stack_bytes {
            // The library counts in words; an odd number would ask it to fill and scan every stack.
            config.set_stack_size(bytes.div_ceil(2 * size_of::<usize>()) * 2);
        }
        if settings.pin {
            config.set_worker_pin(true);
        }
        settings.clone()
    });
    let same = |other: &Settings| (other.workers, other.stack_bytes, other.pin);
    if same(configured) == same(settings) {
        return Ok(());
    }
    Err(ModelError::Unsupported(format!(
        "{} workers: the library's scheduler is global, and this process has one with {} already; start each number of \
         workers in a process of its own",
        settings.workers, configured.workers
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_keeps_its_stacks_unless_others_are_asked_for() {
        // As many workers as every test of this process: the scheduler is global, and so is what it is told.
        let _ = configure(&Settings::new(2, ""));
        assert_eq!(::may::config().get_stack_size(), 0x1000, "in words, the library's default");
    }
}
