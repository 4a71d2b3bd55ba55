//! Where tasks that are cancelled are counted, whichever process they run in.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

use concbench_sharing::SharedBuffer;

const BEGUN: usize = 0;
const DROPPED: usize = 1;
const ASKED: usize = 2;
const WASTED: usize = 3;
const HELD: usize = 4;
const WORDS: usize = 5;

/// What is counted of tasks from their begin to their end.
#[derive(Debug)]
pub struct Scene(SharedBuffer);

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// How many tasks have begun.
    pub begun: u64,
    /// How many have run their destructors.
    pub dropped: u64,
    /// How many steps were computed after all were asked to end.
    pub wasted_steps: u64,
    /// Whether what the first task held is still held.
    pub held: bool,
}

impl Scene {
    /// How long a task has still to wait, when all are asked to end, where nothing can end that.
    pub const SHORT: Duration = Duration::from_millis(20);
    /// How long a task waits elsewhere.
    pub const LONG: Duration = Duration::from_secs(3600);
    /// How many steps a computing task has left when all are asked to end, if nobody cancels it.
    pub const STEPS_LEFT: u64 = 50;
    /// How long a step takes.
    pub const STEP: Duration = Duration::from_micros(100);

    /// A new one.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create() -> io::Result<Self> {
        SharedBuffer::create(WORDS).map(Self)
    }

    /// What was counted up to now.
    pub fn counted(&self) -> Counted {
        Counted {
            begun: self.word(BEGUN).load(Acquire),
            dropped: self.word(DROPPED).load(Acquire),
            wasted_steps: self.word(WASTED).load(Relaxed),
            held: self.word(HELD).load(Acquire) == 1,
        }
    }

    /// Counts a task in; what is returned counts its destructor, and gives back what the first task holds.
    pub(crate) fn begin(self: &Arc<Self>, index: u64) -> Alive {
        if index == 0 {
            self.word(HELD).store(1, Relaxed);
        }
        self.word(BEGUN).fetch_add(1, AcqRel);
        Alive { scene: Arc::clone(self), index }
    }

    /// How many have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.word(BEGUN).load(Acquire)
    }

    /// Waits on this thread until so many have begun.
    pub(crate) fn await_begun(&self, tasks: u64) {
        while self.begun() < tasks {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Waits on this thread until so many have run their destructors.
    pub(crate) fn await_dropped(&self, tasks: u64) {
        while self.word(DROPPED).load(Acquire) < tasks {
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Asks all of them to end: from now on what they compute is for nothing.
    pub(crate) fn ask(&self) -> Instant {
        self.word(ASKED).store(1, Relaxed);
        Instant::now()
    }

    /// Whether they were asked to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.word(ASKED).load(Relaxed) == 1
    }

    /// Computes one step of a task in the middle of its work, of which `left` counts what comes after the request; false
    /// once that was the last.
    pub(crate) fn step(&self, left: &mut u64) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Self::STEP {
            std::hint::spin_loop();
        }
        if self.is_asked() {
            self.word(WASTED).fetch_add(1, Relaxed);
            *left = left.saturating_sub(1);
        }
        *left > 0
    }

    fn word(&self, word: usize) -> &AtomicU64 {
        &self.0.words(word..word + 1)[0]
    }
}

/// A task that has begun.
#[derive(Debug)]
pub(crate) struct Alive {
    scene: Arc<Scene>,
    index: u64,
}

impl Drop for Alive {
    fn drop(&mut self) {
        if self.index == 0 {
            self.scene.word(HELD).store(0, Relaxed);
        }
        self.scene.word(DROPPED).fetch_add(1, AcqRel);
    }
}
