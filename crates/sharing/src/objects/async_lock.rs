use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ::async_lock::{Mutex, RwLock, Semaphore};
use concbench_model::Objects;
use concbench_model::shared::{Word, many, words};
use concbench_workloads::{Can, Capabilities, Layout, Result, Shared};
use event_listener::Event;

use super::{BLOCKS, NO_OWNER};

/// The objects of smol and async-std, which ask nothing of an executor but to be polled again.
#[derive(Debug)]
pub struct AsyncLock {
    words: Box<[Word]>,
    locks: Box<[Mutex<()>]>,
    thread_locks: Box<[std::sync::Mutex<()>]>,
    semaphores: Box<[Semaphore]>,
    read_write: Box<[RwLock<()>]>,
    events: Box<[(AtomicBool, Event)]>,
    conditions: Box<[(Mutex<()>, Event)]>,
}

impl Objects for AsyncLock {
    fn create(layout: &Layout) -> concbench_model::Result<Self> {
        Ok(Self {
            words: words(layout),
            locks: many(layout.locks),
            thread_locks: many(layout.thread_locks),
            semaphores: (0..layout.semaphores).map(|_| Semaphore::new(layout.permits)).collect(),
            read_write: many(layout.read_write),
            events: many(layout.events),
            conditions: many(layout.conditions),
        })
    }
}

impl Shared for AsyncLock {
    const CAN: Capabilities = Capabilities {
        word: Can::Yes("std::sync::atomic"),
        lock: Can::Yes("async_lock::Mutex"),
        thread_lock: Can::Yes("std::sync::Mutex"),
        reentrant: Can::No(NO_OWNER),
        semaphore: Can::Yes("async_lock::Semaphore"),
        read_write: Can::Yes("async_lock::RwLock"),
        event: Can::Yes("event_listener::Event and a flag"),
        condition: Can::Yes("async_lock::Mutex and event_listener::Event"),
        blocking: Can::No(BLOCKS),
    };

    fn word(&self, word: usize) -> &AtomicU64 {
        &self.words[word].0
    }

    async fn locked<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.locks[lock].lock().await;
        Ok(section.await)
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
        let _permit = self.semaphores[semaphore].acquire().await;
        Ok(section.await)
    }

    async fn reading<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.read_write[lock].read().await;
        Ok(section.await)
    }

    async fn writing<T: Send>(&self, lock: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        let _held = self.read_write[lock].write().await;
        Ok(section.await)
    }

    fn set(&self, event: usize) -> Result<()> {
        let (happened, happens) = &self.events[event];
        happened.store(true, Ordering::Release);
        happens.notify(usize::MAX);
        Ok(())
    }

    async fn happened(&self, event: usize) -> Result<()> {
        let (happened, happens) = &self.events[event];
        // It listens before it looks: what happens in between is heard.
        let listener = happens.listen();
        if !happened.load(Ordering::Acquire) {
            listener.await;
        }
        Ok(())
    }

    async fn once<T: Send>(
        &self,
        condition: usize,
        ready: impl Fn() -> bool + Send,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        let (lock, changed) = &self.conditions[condition];
        let mut held = lock.lock().await;
        while !ready() {
            // It listens before it lets go of the lock: whoever changes something has to take it.
            let listener = changed.listen();
            drop(held);
            listener.await;
            held = lock.lock().await;
        }
        let done = section.await;
        drop(held);
        changed.notify(usize::MAX);
        Ok(done)
    }
}
