//! Where and when the tasks of a batch run: for the picture of one batch, never for a figure. Noting it costs time.
//!
//! Every process that runs tasks appends to one file: a line for each task, once it has ended.

use std::fs::{File, OpenOptions};
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use concbench_model::clock_ns;
use concbench_workloads::{Io, Result, Workload};
use futures::io::{AsyncRead, AsyncWrite};
use rustix::process::getpid;
use rustix::thread::gettid;
use serde::{Deserialize, Serialize};

use concbench_model::process::FileHandle;

/// Tasks from this index on are run and not noted: more bars than this are no picture.
pub const MOST_TASKS: u64 = 256;
/// The most stretches of one task that are noted.
const MOST_STRETCHES: usize = 64;
/// Two stretches of a task on one thread that lie no further apart are one: a coroutine that yields and goes on.
const TOUCHING_NS: u64 = 1_000;

/// A stretch of a task that one thread ran without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// The process that the thread belongs to.
    pub process: i32,
    /// The thread.
    pub thread: i32,
    /// When it began, on the clock that all processes share.
    pub from_ns: u64,
    /// When it ended.
    pub to_ns: u64,
}

impl Stretch {
    /// One that ends here and now.
    fn until_now(from_ns: u64) -> Self {
        Self {
            process: getpid().as_raw_nonzero().get(),
            thread: gettid().as_raw_nonzero().get(),
            from_ns,
            to_ns: clock_ns(),
        }
    }
}

/// What became of one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which.
    pub task: u64,
    /// Where and when it ran.
    pub stretches: Vec<Stretch>,
    /// Stretches beyond the most that are noted.
    pub lost: u32,
}

/// A workload whose tasks are noted.
#[derive(Debug)]
pub struct Traced<W> {
    workload: Arc<W>,
    log: File,
}

impl<W> Traced<W> {
    /// Notes the tasks of `workload` at the end of this file.
    ///
    /// # Errors
    ///
    /// When that file is not there any more.
    pub fn open(workload: Arc<W>, notes: &FileHandle) -> io::Result<Self> {
        Ok(Self { workload, log: notes.open(OpenOptions::new().append(true))? })
    }
}

impl<W: Workload> Workload for Traced<W> {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        if index >= MOST_TASKS {
            return self.workload.task(io, index).await;
        }
        let notes = Arc::new(Notes::default());
        let io = TracedIo { io: io.clone(), notes: Arc::clone(&notes) };
        let mut task = pin!(self.workload.task(&io, index));
        let value = poll_fn(|context| notes.running(|| task.as_mut().poll(context))).await;
        // In one piece, so that lines of several processes do not mix.
        (&self.log).write_all(&notes.line(index))?;
        value
    }
}

/// The stretches of one task so far.
#[derive(Debug, Default)]
struct Notes {
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    /// Since when the poll of the task under way has run without waiting.
    running_since: u64,
    stretches: Vec<Stretch>,
    lost: u32,
}

impl State {
    fn push(&mut self, stretch: Stretch) {
        self.lost += u32::from(!join(&mut self.stretches, stretch));
    }
}

impl Notes {
    /// Polls the task, and notes where and when it runs.
    fn running<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.with(|state| state.running_since = clock_ns());
        let polled = poll();
        self.with(|state| state.push(Stretch::until_now(state.running_since)));
        polled
    }

    /// Polls what the task waits for. A poll that returns only once the wait is over has kept the task from running: it
    /// parts two stretches, which need not lie on one thread. One that is pending gives the thread back at once.
    fn waiting<T>(&self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let before = Stretch::until_now(self.with(|state| state.running_since));
        let polled = poll();
        if polled.is_ready() {
            self.with(|state| {
                state.push(before);
                state.running_since = clock_ns();
            });
        }
        polled
    }

    /// Computes, and notes where and when.
    fn computing<T>(&self, stretch: impl FnOnce() -> T) -> T {
        let from_ns = clock_ns();
        let computed = stretch();
        self.with(|state| state.push(Stretch::until_now(from_ns)));
        computed
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn line(&self, task: u64) -> Vec<u8> {
        let State { stretches, lost, .. } = self.with(|state| state.clone());
        let line = Line { task, stretches, lost };
        let mut bytes = serde_json::to_vec(&line).expect("a line has no map with keys other than strings");
        bytes.push(b'\n');
        bytes
    }
}

/// Adds a stretch to those of its task, joined with those on its thread that it touches or holds: computing that a task
/// hands out and that comes back at once is noted before the stretch around it. False if there are too many.
fn join(stretches: &mut Vec<Stretch>, mut stretch: Stretch) -> bool {
    while let Some(last) = stretches.last() {
        let same = (last.process, last.thread) == (stretch.process, stretch.thread);
        if !same || last.to_ns + TOUCHING_NS < stretch.from_ns {
            break;
        }
        stretch.from_ns = stretch.from_ns.min(last.from_ns);
        stretches.pop();
    }
    let fits = stretches.len() < MOST_STRETCHES;
    if fits {
        stretches.push(stretch);
    }
    fits
}

/// The waiting of a model, and its computing, which may run on another thread.
#[derive(Debug, Clone)]
struct TracedIo<I> {
    io: I,
    notes: Arc<Notes>,
}

impl<I: Io> Io for TracedIo<I> {
    type Stream = TracedStream<I::Stream>;

    async fn sleep(&self, duration: Duration) {
        self.wait(self.io.sleep(duration)).await;
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = self.wait(self.io.connect(address)).await?;
        Ok(TracedStream { stream, notes: Arc::clone(&self.notes) })
    }

    async fn compute<T, F>(&self, stretch: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let notes = Arc::clone(&self.notes);
        self.io.compute(move || notes.computing(stretch)).await
    }
}

impl<I> TracedIo<I> {
    async fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        let mut what = pin!(what);
        poll_fn(|context| self.notes.waiting(|| what.as_mut().poll(context))).await
    }
}

/// A connection whose task is noted as waiting for it.
struct TracedStream<S> {
    stream: S,
    notes: Arc<Notes>,
}

impl<S: AsyncRead + Unpin> AsyncRead for TracedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, notes } = self.get_mut();
        notes.waiting(|| Pin::new(stream).poll_read(context, buffer))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TracedStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, notes } = self.get_mut();
        notes.waiting(|| Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, notes } = self.get_mut();
        notes.waiting(|| Pin::new(stream).poll_flush(context))
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, notes } = self.get_mut();
        notes.waiting(|| Pin::new(stream).poll_close(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concbench_model::{Model, Settings, attempt_blocking};
    use concbench_workloads::{Kernel, Mixed};

    use crate::catalogue::{BuiltIn, Catalogue, Visitor};

    fn stretch(thread: i32, from_ns: u64, to_ns: u64) -> Stretch {
        Stretch { process: 1, thread, from_ns, to_ns }
    }

    #[test]
    fn stretches_that_touch_on_one_thread_are_one() {
        let mut joined = Vec::new();
        for (thread, from, to) in
            [(1, 0, 10), (1, 500, 600), (2, 600, 700), (1, 5_000, 5_100), (1, 4_900, 6_000)]
        {
            assert!(join(&mut joined, stretch(thread, from, to)));
        }
        assert_eq!(joined, [stretch(1, 0, 600), stretch(2, 600, 700), stretch(1, 4_900, 6_000)]);
        for number in 0..100 {
            join(&mut joined, stretch(number % 2, 10_000, 10_100));
        }
        assert_eq!(joined.len(), MOST_STRETCHES);
    }

    /// Tasks that compute, wait and compute, under a model: their lines.
    #[derive(Debug)]
    struct Waiters(Mixed);

    impl Visitor for Waiters {
        type Output = Vec<Line>;

        fn visit<M: Model>(self) -> Vec<Line> {
            let file = tempfile::NamedTempFile::new().unwrap();
            let traced = Arc::new(Traced::open(Arc::new(self.0), &FileHandle::of(&file).unwrap()).unwrap());
            let settings = Settings::new(2, "");
            let mut model = M::start(&settings).unwrap();
            model.run(&traced, 0..8).unwrap();
            model.stop().unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    #[test]
    fn a_task_runs_before_and_after_its_wait_and_no_thread_runs_two_at_once() {
        const WAIT_US: u64 = 10_000;
        for model in ["may", "thread-pool", "thread-spawn", "rayon", "tokio-multi-thread", "tokio-rayon"] {
            let lines = BuiltIn::visit(model, Waiters(Mixed { n: 100_000, wait_us: WAIT_US })).unwrap();
            assert_eq!(lines.len(), 8, "{model}");
            for line in &lines {
                let gaps =
                    line.stretches.windows(2).map(|pair| pair[1].from_ns.saturating_sub(pair[0].to_ns));
                assert!(gaps.max() >= Some(1_000 * WAIT_US), "{model}: {line:?}");
            }
            let mut stretches: Vec<_> = lines.iter().flat_map(|line| &line.stretches).collect();
            stretches.sort_by_key(|stretch| (stretch.thread, stretch.from_ns));
            for pair in stretches.windows(2) {
                assert!(
                    pair[0].thread != pair[1].thread || pair[0].to_ns <= pair[1].from_ns,
                    "{model}: {pair:?}"
                );
            }
        }
    }

    #[test]
    fn a_task_leaves_one_line_and_its_value() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let plain: Kernel = serde_json::from_str(r#"{"kernel":"mixed","n":1000,"wait_us":50}"#).unwrap();
        let traced = Traced::open(Arc::new(plain.clone()), &FileHandle::of(&file).unwrap()).unwrap();
        for index in [0, 3, MOST_TASKS] {
            let value = attempt_blocking(&traced, index).unwrap();
            assert_eq!(value, attempt_blocking(&plain, index).unwrap());
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line.task).collect::<Vec<_>>(), [0, 3]);
        for line in lines {
            let [first, second] = line.stretches[..] else { panic!("it waits once: {line:?}") };
            assert_eq!((first.thread, line.lost), (second.thread, 0), "a task that blocks keeps its thread");
            assert!(second.from_ns - first.to_ns >= 50_000);
        }
    }
}
