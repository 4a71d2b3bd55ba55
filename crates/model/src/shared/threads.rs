use std::sync::atomic::AtomicU64;
use std::sync::{Condvar, Mutex, PoisonError, RwLock};

use concbench_workloads::{Can, Capabilities, Layout, Result, Shared};
use parking_lot::ReentrantMutex;

use super::{Objects, Word, at_once, many, words};

/// Objects of threads that share memory: those of the standard library, and of `parking_lot` where it has none.
#[derive(Debug)]
pub struct Threads {
    words: Box<[Word]>,
    locks: Box<[Mutex<()>]>,
    thread_locks: Box<[parking_lot::Mutex<()>]>,
    reentrant: Box<[ReentrantMutex<()>]>,
    semaphores: Box<[Semaphore]>,
    read_write: Box<[RwLock<()>]>,
    events: Box<[Event]>,
    conditions: Box<[(Mutex<()>, Condvar)]>,
}

/// Permits as they are made where the library has none: a number under a lock, and a condition.
#[derive(Debug)]
struct Semaphore {
    free: Mutex<usize>,
    returned: Condvar,
}

/// Something that happens once, made likewise.
#[derive(Debug, Default)]
struct Event {
    happened: Mutex<bool>,
    happens: Condvar,
}

impl Objects for Threads {
    fn create(layout: &Layout) -> crate::Result<Self> {
        let semaphore = || Semaphore { free: Mutex::new(layout.permits), returned: Condvar::new() };
        Ok(Self {
            words: words(layout),
            locks: many(layout.locks),
            thread_locks: many(layout.thread_locks),
            reentrant: (0..layout.reentrant).map(|_| ReentrantMutex::new(())).collect(),
            semaphores: std::iter::repeat_with(semaphore).take(layout.semaphores).collect(),
            read_write: many(layout.read_write),
            events: many(layout.events),
            conditions: many(layout.conditions),
        })
    }
}

impl Shared for Threads {
    const CAN: Capabilities = Capabilities {
        word: Can::Yes("std::sync::atomic"),
        lock: Can::Yes("std::sync::Mutex"),
        thread_lock: Can::Yes("parking_lot::Mutex"),
        reentrant: Can::Yes("parking_lot::ReentrantMutex"),
        semaphore: Can::Yes("std::sync::Mutex and Condvar"),
        read_write: Can::Yes("std::sync::RwLock"),
        event: Can::Yes("std::sync::Mutex and Condvar"),
        condition: Can::Yes("std::sync::Condvar"),
        blocking: Can::Yes("a call of the system"),
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

    async fn relocked<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.reentrant[lock].lock();
        at_once(section)
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
        let event = &self.events[event];
        *event.happened.lock().unwrap_or_else(PoisonError::into_inner) = true;
        event.happens.notify_all();
        Ok(())
    }

    async fn happened(&self, event: usize) -> Result<()> {
        let event = &self.events[event];
        let happened = event.happened.lock().unwrap_or_else(PoisonError::into_inner);
        drop(event.happens.wait_while(happened, |happened| !*happened));
        Ok(())
    }

    async fn once<T: Send>(
        &self,
        condition: usize,
        ready: impl Fn() -> bool + Send,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        let (lock, changed) = &self.conditions[condition];
        let held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let held = changed.wait_while(held, |()| !ready()).unwrap_or_else(PoisonError::into_inner);
        let done = at_once(section);
        drop(held);
        changed.notify_all();
        done
    }
}

/// A permit that is held.
struct Permit<'a>(&'a Semaphore);

impl<'a> Permit<'a> {
    fn of(semaphore: &'a Semaphore) -> Self {
        let free = semaphore.free.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = semaphore.returned.wait_while(free, |free| *free == 0);
        *taken.unwrap_or_else(PoisonError::into_inner) -= 1;
        Self(semaphore)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}
