//! Where tasks that are cancelled are counted, whichever process they run in.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

use concbench_model::{ModelError, Result};
use concbench_sharing::SharedBuffer;

const BEGUN: usize = 0;
const DROPPED: usize = 1;
const ASKED: usize = 2;
const WASTED: usize = 3;
const HELD: usize = 4;
const WORDS: usize = 5;
/// How long a thread sleeps between two looks at how many tasks have come so far.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// How long no other task may come before whoever waits for them gives up.
const PATIENCE: Duration = Duration::from_secs(20);

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
            begun: self.0.word(BEGUN).load(Acquire),
            dropped: self.0.word(DROPPED).load(Acquire),
            wasted_steps: self.0.word(WASTED).load(Relaxed),
            held: self.0.word(HELD).load(Acquire) == 1,
        }
    }

    /// Counts a task in; what is returned counts its destructor, and gives back what the first task holds.
    pub(crate) fn begin(self: &Arc<Self>, index: u64) -> Alive {
        if index == 0 {
            self.0.word(HELD).store(1, Relaxed);
        }
        self.0.word(BEGUN).fetch_add(1, AcqRel);
        Alive { scene: Arc::clone(self), index }
    }

    /// How many have begun.
    pub(crate) fn begun(&self) -> u64 {
        self.0.word(BEGUN).load(Acquire)
    }

    /// Looks whether so many have begun.
    pub(crate) fn look_for_begun(&self, tasks: u64) -> Look<'_> {
        self.look_for(BEGUN, "have begun", tasks)
    }

    /// Waits on this thread until so many have begun.
    pub(crate) fn await_begun(&self, tasks: u64) -> Result<()> {
        self.look_for_begun(tasks).wait()
    }

    /// Waits on this thread until so many have run their destructors.
    pub(crate) fn await_dropped(&self, tasks: u64) -> Result<()> {
        self.look_for(DROPPED, "have run their destructors", tasks).wait()
    }

    fn look_for(&self, word: usize, did: &'static str, tasks: u64) -> Look<'_> {
        Look { scene: self, word, did, tasks, seen: 0, since: Instant::now(), patience: PATIENCE }
    }

    /// Asks all of them to end: from now on what they compute is for nothing.
    pub(crate) fn ask(&self) -> Instant {
        self.0.word(ASKED).store(1, Relaxed);
        Instant::now()
    }

    /// Whether they were asked to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.word(ASKED).load(Relaxed) == 1
    }

    /// Computes one step of a task in the middle of its work, of which `left` counts what comes after the request; false
    /// once that was the last.
    pub(crate) fn step(&self, left: &mut u64) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Self::STEP {
            std::hint::spin_loop();
        }
        if self.is_asked() {
            self.0.word(WASTED).fetch_add(1, Relaxed);
            *left = left.saturating_sub(1);
        }
        *left > 0
    }
}

/// Looks again and again how many tasks have come so far; not for ever.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    scene: &'a Scene,
    /// Where they are counted, and what they did then.
    word: usize,
    did: &'static str,
    /// How many are to come.
    tasks: u64,
    seen: u64,
    /// When so many had been seen first.
    since: Instant,
    patience: Duration,
}

impl Look<'_> {
    /// Whether all have come.
    ///
    /// # Errors
    ///
    /// How many came, once no other has for long; all are asked to end then, so that nobody waits for ever for those that
    /// wait for that.
    pub(crate) fn all(&mut self) -> Result<bool> {
        let seen = self.scene.0.word(self.word).load(Acquire);
        if seen >= self.tasks {
            return Ok(true);
        }
        let now = Instant::now();
        if seen > self.seen {
            (self.seen, self.since) = (seen, now);
        }
        if now - self.since < self.patience {
            return Ok(false);
        }
        self.scene.ask();
        let (did, tasks, seconds) = (self.did, self.tasks, self.patience.as_secs());
        let what = format!("{seen} of {tasks} {did}, and no other for {seconds} s");
        Err(ModelError::Protocol { who: "the tasks", what })
    }

    fn wait(mut self) -> Result<()> {
        while !self.all()? {
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
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
            self.scene.0.word(HELD).store(0, Relaxed);
        }
        self.scene.0.word(DROPPED).fetch_add(1, AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_does_not_come_is_not_waited_for_for_ever() {
        let scene = Arc::new(Scene::create().unwrap());
        let begun = scene.begin(0);
        let mut look = Look { patience: Duration::ZERO, ..scene.look_for_begun(2) };
        let error = look.all().unwrap_err().to_string();
        assert_eq!(error, "protocol with the tasks: 1 of 2 have begun, and no other for 0 s");
        assert!(scene.is_asked(), "whoever goes on until it is asked to end does so no longer");
        drop(begun);
        assert!(scene.look_for(DROPPED, "", 1).all().unwrap());
        assert!(!scene.look_for(DROPPED, "", 2).all().unwrap(), "there is time left");
    }
}
