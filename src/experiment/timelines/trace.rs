//! Where and when the tasks of a batch run: for the picture of one batch, never for a figure. Noting it costs time.
//!
//! Every process that runs tasks appends to one file: a line for each task, once it has ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use concbench_workloads::{Io, Result, Workload};
use rustix::process::getpid;
use rustix::thread::gettid;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Tasks from this index on are run and not noted: more bars than this are no picture.
pub(crate) const MOST_TASKS: u64 = 256;
/// The most stretches of one task that are noted.
const MOST_STRETCHES: usize = 64;
/// Two stretches of a task on one thread that lie no further apart are one: a coroutine that yields and goes on.
const TOUCHING_NS: u64 = 1_000;

/// Nanoseconds on the clock that all processes of the machine share.
pub(super) fn clock_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// A stretch of a task that one thread ran without giving it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stretch {
    pub(super) process: i32,
    pub(super) thread: i32,
    pub(super) from_ns: u64,
    pub(super) to_ns: u64,
}

/// What became of one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) task: u64,
    pub(super) stretches: Vec<Stretch>,
    /// Stretches beyond [`MOST_STRETCHES`].
    pub(super) lost: u32,
}

/// A workload whose tasks are noted.
#[derive(Debug)]
pub(crate) struct Traced<W> {
    workload: Arc<W>,
    log: File,
}

impl<W> Traced<W> {
    /// Notes the tasks of `workload` at the end of this file.
    ///
    /// # Errors
    ///
    /// When there is no such file.
    pub(crate) fn open(workload: Arc<W>, path: &Path) -> io::Result<Self> {
        Ok(Self { workload, log: OpenOptions::new().append(true).open(path)? })
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
        let value = std::future::poll_fn(|context| notes.of(|| task.as_mut().poll(context))).await;
        // In one piece, so that lines of several processes do not mix.
        (&self.log).write_all(&notes.line(index))?;
        value
    }
}

/// The stretches of one task so far.
#[derive(Debug, Default)]
struct Notes {
    stretches: Mutex<(Vec<Stretch>, u32)>,
}

impl Notes {
    /// Does something, and notes where and when.
    fn of<T>(&self, part: impl FnOnce() -> T) -> T {
        let from_ns = clock_ns();
        let done = part();
        let stretch = Stretch {
            process: getpid().as_raw_nonzero().get(),
            thread: gettid().as_raw_nonzero().get(),
            from_ns,
            to_ns: clock_ns(),
        };
        let (stretches, lost) = &mut *self.stretches.lock().unwrap_or_else(PoisonError::into_inner);
        *lost += u32::from(!join(stretches, stretch));
        done
    }

    fn line(&self, task: u64) -> Vec<u8> {
        let (stretches, lost) = self.stretches.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
    type Stream = I::Stream;

    async fn sleep(&self, duration: Duration) {
        self.io.sleep(duration).await;
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<I::Stream> {
        self.io.connect(address).await
    }

    async fn compute<T, F>(&self, stretch: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let notes = Arc::clone(&self.notes);
        self.io.compute(move || notes.of(stretch)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attempt_blocking;
    use concbench_workloads::Kernel;

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

    #[test]
    fn a_task_leaves_one_line_and_its_value() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let plain: Kernel = serde_json::from_str(r#"{"kernel":"mixed","n":1000,"wait_us":50}"#).unwrap();
        let traced = Traced::open(Arc::new(plain.clone()), file.path()).unwrap();
        for index in [0, 3, MOST_TASKS] {
            let value = attempt_blocking(&traced, index).unwrap();
            assert_eq!(value, attempt_blocking(&plain, index).unwrap());
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line.task).collect::<Vec<_>>(), [0, 3]);
        for line in lines {
            assert_eq!((line.stretches.len(), line.lost), (1, 0), "a task that blocks is one stretch");
            assert!(line.stretches[0].to_ns - line.stretches[0].from_ns >= 50_000);
        }
    }
}
