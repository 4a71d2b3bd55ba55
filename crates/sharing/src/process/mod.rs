//! Objects in memory that processes share. They are made of futexes, and survive a process that is killed while it holds
//! one: whoever waits looks now and then whether the holder is still there.

mod lock;
mod permits;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use concbench_model::shared::at_once;
use concbench_model::{ModelError, Objects};
use concbench_workloads::{Can, Capabilities, Layout, Result, Shared};
use serde::{Deserialize, Serialize};

use crate::buffer::{BufferHandle, SharedBuffer};
use lock::{Lock, sleep, wake};
use permits::Permits;

/// Words of 32 bits from one object to the next, and of 64 from one word to the next: a cache line, and the one that is
/// fetched with it.
const APART: usize = 32;
const WORDS_APART: usize = 16;
/// How many readers there may be at once.
const READERS: usize = APART - Permits::words(0);

/// The objects of processes that share memory.
#[derive(Debug)]
pub struct Processes {
    memory: SharedBuffer,
    layout: Layout,
}

/// By what a process opens them.
#[derive(Debug, Serialize, Deserialize)]
struct Handle {
    memory: BufferHandle,
    layout: Layout,
}

impl Processes {
    /// Opens those that another process has made.
    ///
    /// # Errors
    ///
    /// When the handle is none, or that process is gone.
    pub fn open(handle: &str) -> std::io::Result<Self> {
        let Handle { memory, layout } = serde_json::from_str(handle)?;
        Ok(Self { memory: SharedBuffer::open(&memory)?, layout })
    }

    /// The words of 32 bits of an object: those of its kind come after those of the kinds before.
    fn of_kind(&self, kind: usize, number: usize) -> &[AtomicU32] {
        let kinds = kinds(&self.layout);
        let (count, each) = kinds[kind];
        assert!(number < count, "there is no object {number} among {count}");
        let start = halves(&kinds[..kind]) + number * each;
        &self.memory.halves()[start..start + each]
    }
}

/// How many objects of each kind there are, and how many words of 32 bits each takes.
fn kinds(layout: &Layout) -> [(usize, usize); 6] {
    [
        (layout.locks, APART),
        (layout.reentrant, APART),
        (layout.semaphores, Permits::words(layout.permits).next_multiple_of(APART)),
        (layout.read_write, 2 * APART),
        (layout.events, APART),
        (layout.conditions, APART),
    ]
}

const LOCK: usize = 0;
const REENTRANT: usize = 1;
const SEMAPHORE: usize = 2;
const READ_WRITE: usize = 3;
const EVENT: usize = 4;
const CONDITION: usize = 5;

/// How many words of 32 bits all objects of these kinds take.
fn halves(kinds: &[(usize, usize)]) -> usize {
    kinds.iter().map(|(count, each)| count * each).sum()
}

impl Objects for Processes {
    fn create(layout: &Layout) -> concbench_model::Result<Self> {
        let memory = SharedBuffer::with_halves(halves(&kinds(layout)), layout.words * WORDS_APART)
            .map_err(ModelError::system("make memory for what processes share"))?;
        Ok(Self { memory, layout: *layout })
    }

    fn handle(&self) -> Option<String> {
        let handle = Handle { memory: self.memory.handle()?, layout: self.layout };
        Some(serde_json::to_string(&handle).expect("a handle has no map with keys other than strings"))
    }
}

impl Shared for Processes {
    const CAN: Capabilities = Capabilities {
        word: Can::Yes("an atomic in shared memory"),
        lock: Can::Yes("a futex in shared memory"),
        thread_lock: Can::No("a lock of parking_lot lives within one process"),
        reentrant: Can::Yes("a futex in shared memory that names its owner"),
        semaphore: Can::Yes("futexes in shared memory"),
        read_write: Can::Yes("futexes in shared memory"),
        event: Can::Yes("a futex in shared memory"),
        condition: Can::Yes("futexes in shared memory"),
        blocking: Can::Yes("a call of the system"),
    };

    fn word(&self, word: usize) -> &AtomicU64 {
        assert!(word < self.layout.words, "there is no word {word} among {}", self.layout.words);
        self.memory.word(word * WORDS_APART)
    }

    async fn locked<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = Lock::new(&self.of_kind(LOCK, lock)[0]).take();
        at_once(section)
    }

    async fn relocked<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let lock = Lock::new(&self.of_kind(REENTRANT, lock)[0]);
        // What is held already is given back by those who took it first.
        let _held = (!lock.is_mine()).then(|| lock.take());
        at_once(section)
    }

    async fn permitted<T: Send>(
        &self,
        semaphore: usize,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        let words = self.of_kind(SEMAPHORE, semaphore);
        let _permit = Permits::new(&words[..Permits::words(self.layout.permits)]).take();
        at_once(section)
    }

    async fn reading<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let (writer, readers) = self.of_kind(READ_WRITE, lock).split_at(APART);
        // A writer that waits bars new readers.
        let barred = Lock::new(&writer[0]).take();
        let _reader = Permits::new(&readers[..Permits::words(READERS)]).take();
        drop(barred);
        at_once(section)
    }

    async fn writing<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let (writer, readers) = self.of_kind(READ_WRITE, lock).split_at(APART);
        let _held = Lock::new(&writer[0]).take();
        Permits::new(&readers[..Permits::words(READERS)]).wait_until_all_are_free();
        at_once(section)
    }

    fn set(&self, event: usize) -> Result<()> {
        let happened = &self.of_kind(EVENT, event)[0];
        happened.store(1, Ordering::Release);
        wake(happened, i32::MAX.unsigned_abs());
        Ok(())
    }

    async fn happened(&self, event: usize) -> Result<()> {
        let happened = &self.of_kind(EVENT, event)[0];
        while happened.load(Ordering::Acquire) == 0 {
            sleep(happened, 0);
        }
        Ok(())
    }

    async fn once<T: Send>(
        &self,
        condition: usize,
        ready: impl Fn() -> bool + Send,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        let [lock, changes, ..] = self.of_kind(CONDITION, condition) else {
            unreachable!("it has two words")
        };
        let lock = Lock::new(lock);
        let mut held = lock.take();
        while !ready() {
            // Whoever changes something counts that, and has to take the lock first.
            let seen = changes.load(Ordering::Acquire);
            drop(held);
            sleep(changes, seen);
            held = lock.take();
        }
        let done = at_once(section);
        changes.fetch_add(1, Ordering::Release);
        drop(held);
        wake(changes, i32::MAX.unsigned_abs());
        done
    }
}

/// The words of processes that each run an event loop: a lock between processes would keep the loop in which its holder
/// may wait.
#[derive(Debug)]
pub struct ProcessWords(Processes);

impl ProcessWords {
    /// Opens those that another process has made.
    ///
    /// # Errors
    ///
    /// When the handle is none, or that process is gone.
    pub fn open(handle: &str) -> std::io::Result<Self> {
        Processes::open(handle).map(Self)
    }
}

impl Objects for ProcessWords {
    fn create(layout: &Layout) -> concbench_model::Result<Self> {
        Processes::create(layout).map(Self)
    }

    fn handle(&self) -> Option<String> {
        self.0.handle()
    }
}

impl Shared for ProcessWords {
    const CAN: Capabilities = Capabilities {
        word: Processes::CAN.word,
        ..Capabilities::none(
            "who waits for a lock between processes keeps the event loop in which its holder may wait",
        )
    };

    fn word(&self, word: usize) -> &AtomicU64 {
        self.0.word(word)
    }
}
