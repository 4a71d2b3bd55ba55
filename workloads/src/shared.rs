//! Objects that tasks share, as a task sees them: what it asks for by number, whatever they are made of.

use std::future::ready;
use std::sync::atomic::AtomicU64;

use serde::{Deserialize, Serialize};

use crate::{Io, Result, TaskError};

/// Whether something can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Can {
    /// It can: what it is made of.
    Yes(&'static str),
    /// It cannot: why not, as one lower-case line.
    No(&'static str),
}

impl Can {
    /// Why not; `None` where it can.
    pub const fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Yes(_) => None,
            Self::No(reason) => Some(reason),
        }
    }
}

/// A kind of object that tasks can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// A number of 64 bits that is read and written as a whole.
    Word,
    /// A lock that may be held while its holder waits.
    Lock,
    /// A lock of the thread's: its holder may not wait, and who waits for it keeps the thread.
    ThreadLock,
    /// A lock that its holder may take again.
    Reentrant,
    /// A number of permits.
    Semaphore,
    /// A lock for several readers or one writer.
    ReadWrite,
    /// Something that happens once, for which many may wait.
    Event,
    /// A lock, and word to those that wait for what it protects.
    Condition,
    /// A call that keeps its thread until it returns: of a lock on a file, or of another process.
    Blocking,
}

impl Object {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Word,
        Self::Lock,
        Self::ThreadLock,
        Self::Reentrant,
        Self::Semaphore,
        Self::ReadWrite,
        Self::Event,
        Self::Condition,
        Self::Blocking,
    ];
}

/// Which objects there are, and what each is made of; or why it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// [`Object::Word`].
    pub word: Can,
    /// [`Object::Lock`].
    pub lock: Can,
    /// [`Object::ThreadLock`].
    pub thread_lock: Can,
    /// [`Object::Reentrant`].
    pub reentrant: Can,
    /// [`Object::Semaphore`].
    pub semaphore: Can,
    /// [`Object::ReadWrite`].
    pub read_write: Can,
    /// [`Object::Event`].
    pub event: Can,
    /// [`Object::Condition`].
    pub condition: Can,
    /// [`Object::Blocking`].
    pub blocking: Can,
}

impl Capabilities {
    /// None of them, for this reason.
    pub const fn none(reason: &'static str) -> Self {
        let no = Can::No(reason);
        Self {
            word: no,
            lock: no,
            thread_lock: no,
            reentrant: no,
            semaphore: no,
            read_write: no,
            event: no,
            condition: no,
            blocking: no,
        }
    }

    /// Whether this one can be had.
    pub const fn of(&self, object: Object) -> Can {
        match object {
            Object::Word => self.word,
            Object::Lock => self.lock,
            Object::ThreadLock => self.thread_lock,
            Object::Reentrant => self.reentrant,
            Object::Semaphore => self.semaphore,
            Object::ReadWrite => self.read_write,
            Object::Event => self.event,
            Object::Condition => self.condition,
            Object::Blocking => self.blocking,
        }
    }
}

/// How many objects of each kind tasks share, and how many of the tasks must be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// How many words, all 0 at first, each in a cache line of its own.
    pub words: usize,
    /// How many locks.
    pub locks: usize,
    /// How many locks of the thread's.
    pub thread_locks: usize,
    /// How many re-entrant locks.
    pub reentrant: usize,
    /// How many semaphores.
    pub semaphores: usize,
    /// How many permits each of these has.
    pub permits: usize,
    /// How many locks for readers and writers.
    pub read_write: usize,
    /// How many events.
    pub events: usize,
    /// How many conditions.
    pub conditions: usize,
    /// Whether tasks make calls that block.
    pub blocking: bool,
    /// How many tasks must be under way at once, since one waits for another: 0 or 1 where none does.
    pub at_once: u64,
}

impl Layout {
    /// The kinds that are asked for.
    pub fn needs(&self) -> impl Iterator<Item = Object> {
        let asked = [
            (Object::Word, self.words > 0),
            (Object::Lock, self.locks > 0),
            (Object::ThreadLock, self.thread_locks > 0),
            (Object::Reentrant, self.reentrant > 0),
            (Object::Semaphore, self.semaphores > 0),
            (Object::ReadWrite, self.read_write > 0),
            (Object::Event, self.events > 0),
            (Object::Condition, self.conditions > 0),
            (Object::Blocking, self.blocking),
        ];
        asked.into_iter().filter_map(|(object, asked)| asked.then_some(object))
    }

    /// Why these cannot all be had, if they cannot.
    pub fn refusal(&self, can: &Capabilities) -> Option<&'static str> {
        self.needs().find_map(|object| can.of(object).refusal())
    }
}

/// The objects that the tasks of a batch share, each kind numbered from 0.
///
/// What is protected is a future, which runs while the lock or the permit is held: so it is given back however the future
/// ends. Where waiting blocks, it is ready at its first poll.
///
/// A kind that is not there answers with an error that says why; [`Layout::refusal`] says so before anything starts.
///
/// # Panics
///
/// Every function panics on a number that the [`Layout`] has not.
pub trait Shared: Send + Sync + 'static {
    /// Which of them there are.
    const CAN: Capabilities;

    /// A word.
    fn word(&self, word: usize) -> &AtomicU64;

    /// Runs `section` while a lock is held. It may wait.
    ///
    /// # Errors
    ///
    /// Where there are no such locks.
    fn locked<T: Send>(
        &self,
        _lock: usize,
        _section: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        ready(absent(Self::CAN.lock))
    }

    /// Runs `section` while a lock of the thread's is held.
    ///
    /// # Errors
    ///
    /// Where there are no such locks.
    fn thread_locked<T>(&self, _lock: usize, _section: impl FnOnce() -> T) -> Result<T> {
        absent(Self::CAN.thread_lock)
    }

    /// Runs `section` while a lock is held that `section` may take again. It may not wait for anything else.
    ///
    /// # Errors
    ///
    /// Where there are no such locks.
    fn relocked<T: Send>(
        &self,
        _lock: usize,
        _section: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        ready(absent(Self::CAN.reentrant))
    }

    /// Runs `section` with one of the permits of a semaphore.
    ///
    /// # Errors
    ///
    /// Where there are no semaphores.
    fn permitted<T: Send>(
        &self,
        _semaphore: usize,
        _section: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        ready(absent(Self::CAN.semaphore))
    }

    /// Runs `section` beside other readers, and beside no writer.
    ///
    /// # Errors
    ///
    /// Where there are no such locks.
    fn reading<T: Send>(
        &self,
        _lock: usize,
        _section: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        ready(absent(Self::CAN.read_write))
    }

    /// Runs `section` beside nobody else.
    ///
    /// # Errors
    ///
    /// Where there are no such locks.
    fn writing<T: Send>(
        &self,
        _lock: usize,
        _section: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        ready(absent(Self::CAN.read_write))
    }

    /// Has an event happen: whoever waits for it goes on, and whoever comes later does not wait.
    ///
    /// # Errors
    ///
    /// Where there are no events.
    fn set(&self, _event: usize) -> Result<()> {
        absent(Self::CAN.event)
    }

    /// Waits until an event has happened.
    ///
    /// # Errors
    ///
    /// Where there are no events.
    fn happened(&self, _event: usize) -> impl Future<Output = Result<()>> + Send {
        ready(absent(Self::CAN.event))
    }

    /// Waits until `ready` holds, looking at it under the lock of the condition, and runs `section` before anybody else
    /// can change that; then everybody who waits looks again.
    ///
    /// # Errors
    ///
    /// Where there are no conditions.
    fn once<T: Send>(
        &self,
        _condition: usize,
        _ready: impl Fn() -> bool + Send,
        _section: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        ready(absent(Self::CAN.condition))
    }
}

fn absent<T>(can: Can) -> Result<T> {
    Err(TaskError::new(can.refusal().unwrap_or("this object is promised and was not made")))
}

/// A kind of task whose tasks share objects: written once, and run under every model that has them.
///
/// ```
/// use std::sync::atomic::Ordering::Relaxed;
///
/// use concbench_workloads::{Io, Layout, Result, Shared, SharingWorkload};
///
/// /// Counts tasks in a word that is read and written apart.
/// struct Counter;
///
/// impl SharingWorkload for Counter {
///     fn layout(&self) -> Layout {
///         Layout { words: 1, locks: 1, ..Layout::default() }
///     }
///
///     async fn task<I: Io, S: Shared>(&self, _io: &I, shared: &S, index: u64) -> Result<u64> {
///         let count = shared.word(0);
///         shared.locked(0, async { count.store(count.load(Relaxed) + 1, Relaxed) }).await?;
///         Ok(index)
///     }
///
///     fn verdict<S: Shared>(&self, tasks: u64, shared: &S) -> Result<()> {
///         match shared.word(0).load(Relaxed) {
///             counted if counted == tasks => Ok(()),
///             counted => Err(concbench_workloads::TaskError::new(format!("{counted} of {tasks} were counted"))),
///         }
///     }
/// }
/// ```
pub trait SharingWorkload: Send + Sync + 'static {
    /// The objects that the tasks of a batch share. They stay from batch to batch: words are 0 again at the start of each,
    /// and what has happened has happened.
    fn layout(&self) -> Layout;

    /// Runs task `index`; the same rules hold as for [`Workload::task`](crate::Workload::task).
    fn task<I: Io, S: Shared>(
        &self,
        io: &I,
        shared: &S,
        index: u64,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Whether the objects are as they should be once all tasks of a batch have ended.
    ///
    /// # Errors
    ///
    /// What is wrong with them, as one lower-case line.
    fn verdict<S: Shared>(&self, tasks: u64, shared: &S) -> Result<()>;
}
