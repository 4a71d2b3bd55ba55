//! What contending tasks write down, whichever process they run in.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use serde::{Deserialize, Serialize};

use crate::buffer::{BufferHandle, SharedBuffer};

/// How many waits of each task are kept: the last ones.
const WAITS: usize = 512;
/// The words before those of the tasks: who has come, when the first began and the last ended, what was found at the end.
const COME: usize = 0;
const BEGUN: usize = 1;
const ENDED: usize = 2;
const FOUND: usize = 3;
const NUMBER: usize = 4;
const MOST_INSIDE: usize = 5;
const WRONG: usize = 6;
const HEAD: usize = 7;
/// The words of a task: visits, waits that were measured, whether it has ended; then the waits.
const OWN: usize = 3 + WAITS;

/// Where contending tasks write down what they see.
#[derive(Debug)]
pub struct Tally {
    memory: SharedBuffer,
    contenders: u64,
}

/// By what a process of the model opens it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TallyHandle {
    memory: BufferHandle,
    contenders: u64,
}

/// What was seen of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// From the first begin to the last end, in nanoseconds; 0 where no task has ended.
    pub elapsed_ns: u64,
    /// How often each task was inside.
    pub visits: Vec<u64>,
    /// How long tasks waited until they were inside, in nanoseconds: one wait in several, and the last ones of each task.
    pub waits_ns: Vec<u64>,
    /// How many tasks came to their end.
    pub ended: u64,
    /// What was found once all had ended; `None` if they have not.
    pub found: Option<Found>,
}

/// What the objects were once all tasks had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// The number that they have counted, or the tickets that are left.
    pub number: u64,
    /// The most that were inside at once.
    pub most_inside: u64,
    /// How often something was seen that must not be.
    pub wrong: u64,
}

impl Tally {
    /// One for so many tasks, in the runner.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the memory.
    pub fn create(contenders: u64) -> io::Result<Self> {
        let tasks = usize::try_from(contenders).map_err(io::Error::other)?;
        let memory = SharedBuffer::create(HEAD + tasks * OWN)?;
        memory.word(BEGUN).store(u64::MAX, Relaxed);
        Ok(Self { memory, contenders })
    }

    /// By what others open it; `None` in these.
    pub fn handle(&self) -> Option<TallyHandle> {
        Some(TallyHandle { memory: self.memory.handle()?, contenders: self.contenders })
    }

    /// That of the runner.
    ///
    /// # Errors
    ///
    /// When the runner is gone.
    pub fn open(handle: &TallyHandle) -> io::Result<Self> {
        Ok(Self { memory: SharedBuffer::open(&handle.memory)?, contenders: handle.contenders })
    }

    /// How many tasks have come, with this one.
    pub(super) fn come(&self) -> u64 {
        self.memory.word(COME).fetch_add(1, Release) + 1
    }

    /// How many have come.
    pub(super) fn have_come(&self) -> u64 {
        self.memory.word(COME).load(Acquire)
    }

    /// Notes that a task begins.
    pub(super) fn begin(&self, now: u64) {
        self.memory.word(BEGUN).fetch_min(now, Relaxed);
    }

    /// Notes that a task has ended, after so many visits.
    pub(super) fn end(&self, task: u64, visits: u64, now: u64) {
        let own = self.own(task);
        own[0].store(visits, Relaxed);
        own[2].store(1, Release);
        self.memory.word(ENDED).fetch_max(now, Relaxed);
    }

    /// Notes how long a task waited until it was inside.
    pub(super) fn wait(&self, task: u64, wait_ns: u64) {
        let own = self.own(task);
        // Nobody else writes here.
        let measured = own[1].load(Relaxed);
        own[1].store(measured + 1, Relaxed);
        own[3 + measured as usize % WAITS].store(wait_ns, Relaxed);
    }

    /// Notes what the objects were once all had ended.
    pub(super) fn find(&self, found: Found) {
        self.memory.word(NUMBER).store(found.number, Relaxed);
        self.memory.word(MOST_INSIDE).store(found.most_inside, Relaxed);
        self.memory.word(WRONG).store(found.wrong, Relaxed);
        self.memory.word(FOUND).store(1, Release);
    }

    /// What was seen.
    pub fn outcome(&self) -> Outcome {
        let own: Vec<&[AtomicU64]> = (0..self.contenders).map(|task| self.own(task)).collect();
        let ended = own.iter().filter(|own| own[2].load(Acquire) == 1).count() as u64;
        let waits = own.iter().flat_map(|own| {
            let kept = (own[1].load(Relaxed) as usize).min(WAITS);
            own[3..3 + kept].iter().map(|wait| wait.load(Relaxed))
        });
        let read = |word| self.memory.word(word).load(Relaxed);
        let found = (self.memory.word(FOUND).load(Acquire) == 1).then(|| Found {
            number: read(NUMBER),
            most_inside: read(MOST_INSIDE),
            wrong: read(WRONG),
        });
        Outcome {
            elapsed_ns: read(ENDED).saturating_sub(read(BEGUN)),
            visits: own.iter().map(|own| own[0].load(Relaxed)).collect(),
            waits_ns: waits.collect(),
            ended,
            found,
        }
    }

    fn own(&self, task: u64) -> &[AtomicU64] {
        assert!(task < self.contenders, "there is no task {task} among {}", self.contenders);
        let start = HEAD + task as usize * OWN;
        self.memory.words(start..start + OWN)
    }
}
