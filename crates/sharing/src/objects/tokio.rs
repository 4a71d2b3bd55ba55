use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ::tokio::sync::{Mutex, Notify, RwLock, Semaphore};
use concbench_model::Objects;
use concbench_model::shared::{Word, many, words};
use concbench_workloads::{Can, Capabilities, Layout, Result, Shared, TaskError};

use super::{BLOCKS, NO_OWNER};

/// The objects of tokio, whose waiting gives the thread back.
#[derive(Debug)]
pub struct Tokio {
    words: Box<[Word]>,
    locks: Box<[Mutex<()>]>,
    thread_locks: Box<[std::sync::Mutex<()>]>,
    semaphores: Box<[Semaphore]>,
    read_write: Box<[RwLock<()>]>,
    events: Box<[(AtomicBool, Notify)]>,
    conditions: Box<[(Mutex<()>, Notify)]>,
}

impl Objects for Tokio {
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

impl Shared for Tokio {
    const CAN: Capabilities = Capabilities {
        word: Can::Yes("std::sync::atomic"),
        lock: Can::Yes("tokio::sync::Mutex"),
        thread_lock: Can::Yes("std::sync::Mutex"),
        reentrant: Can::No(NO_OWNER),
        semaphore: Can::Yes("tokio::sync::Semaphore"),
        read_write: Can::Yes("tokio::sync::RwLock"),
        event: Can::Yes("tokio::sync::Notify and a flag"),
        condition: Can::Yes("tokio::sync::Mutex and Notify"),
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
        let permit = self.semaphores[semaphore].acquire().await;
        let _permit = permit.map_err(|_| TaskError::new("a semaphore was closed that nobody closes"))?;
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
        happens.notify_waiters();
        Ok(())
    }

    async fn happened(&self, event: usize) -> Result<()> {
        let (happened, happens) = &self.events[event];
        let mut notified = pin!(happens.notified());
        // It listens before it looks: what happens in between is heard.
        notified.as_mut().enable();
        if !happened.load(Ordering::Acquire) {
            notified.await;
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
            let mut notified = pin!(changed.notified());
            // It listens before it lets go of the lock: whoever changes something has to take it.
            notified.as_mut().enable();
            drop(held);
            notified.await;
            held = lock.lock().await;
        }
        let done = section.await;
        drop(held);
        changed.notify_waiters();
        Ok(done)
    }
}
