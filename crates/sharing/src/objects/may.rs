use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;

use ::may::sync::{Condvar, Mutex, RwLock, Semphore, SyncFlag};
use concbench_model::Objects;
use concbench_model::shared::{Word, at_once, words};
use concbench_workloads::{Can, Capabilities, Layout, Result, Shared};

use super::{BLOCKS, NO_OWNER};

/// The objects of may: who waits for one switches to another coroutine, in the middle of the call.
pub struct May {
    words: Box<[Word]>,
    locks: Box<[Mutex<()>]>,
    thread_locks: Box<[std::sync::Mutex<()>]>,
    semaphores: Box<[Semphore]>,
    read_write: Box<[RwLock<()>]>,
    events: Box<[SyncFlag]>,
    conditions: Box<[(Mutex<()>, Condvar)]>,
}

impl std::fmt::Debug for May {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("May").finish_non_exhaustive()
    }
}

impl Objects for May {
    fn create(layout: &Layout) -> concbench_model::Result<Self> {
        let condition = |_| (Mutex::new(()), Condvar::new());
        Ok(Self {
            words: words(layout),
            locks: (0..layout.locks).map(|_| Mutex::new(())).collect(),
            thread_locks: (0..layout.thread_locks).map(|_| std::sync::Mutex::new(())).collect(),
            semaphores: (0..layout.semaphores).map(|_| Semphore::new(layout.permits)).collect(),
            read_write: (0..layout.read_write).map(|_| RwLock::new(())).collect(),
            events: (0..layout.events).map(|_| SyncFlag::new()).collect(),
            conditions: (0..layout.conditions).map(condition).collect(),
        })
    }
}

impl Shared for May {
    const CAN: Capabilities = Capabilities {
        word: Can::Yes("std::sync::atomic"),
        lock: Can::Yes("may::sync::Mutex"),
        thread_lock: Can::Yes("std::sync::Mutex"),
        reentrant: Can::No(NO_OWNER),
        semaphore: Can::Yes("may::sync::Semphore"),
        read_write: Can::Yes("may::sync::RwLock"),
        event: Can::Yes("may::sync::SyncFlag"),
        condition: Can::Yes("may::sync::Condvar"),
        blocking: Can::No(BLOCKS),
    };

    fn word(&self, word: usize) -> &AtomicU64 {
        &self.words[word].0
    }

    async fn locked<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.locks[lock].lock().unwrap_or_else(PoisonError::into_inner);
        at_once(section)
    }

    fn thread_locked<T>(&self, lock: usize, section: impl FnOnce() -> T) -> Result<T> {
        let _held = self.thread_locks[lock].lock();
        Ok(section())
    }

    async fn permitted<T: Send>(
        &self,
        semaphore: usize,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        let _permit = Permit::of(&self.semaphores[semaphore]);
        at_once(section)
    }

    async fn reading<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.read_write[lock].read().unwrap_or_else(PoisonError::into_inner);
        at_once(section)
    }

    async fn writing<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.read_write[lock].write().unwrap_or_else(PoisonError::into_inner);
        at_once(section)
    }

    fn set(&self, event: usize) -> Result<()> {
        self.events[event].fire();
        Ok(())
    }

    async fn happened(&self, event: usize) -> Result<()> {
        self.events[event].wait();
        Ok(())
    }

    async fn once<T: Send>(
        &self,
        condition: usize,
        ready: impl Fn() -> bool + Send,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        let (lock, changed) = &self.conditions[condition];
        let mut held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !ready() {
            held = changed.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        let done = at_once(section);
        drop(held);
        changed.notify_all();
        done
    }
}

/// A permit that is held.
struct Permit<'a>(&'a Semphore);

impl<'a> Permit<'a> {
    fn of(semaphore: &'a Semphore) -> Self {
        semaphore.wait();
        Self(semaphore)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.post();
    }
}
