//! A double of shared objects.

use std::future::ready;
use std::sync::atomic::AtomicU64;

use concbench_model::{Objects, Threads};
use concbench_workloads::{Capabilities, Layout, Result, Shared};

/// Objects that look like those of threads, and protect nothing.
pub(crate) struct Unprotected(Threads);

impl Objects for Unprotected {
    fn create(layout: &Layout) -> concbench_model::Result<Self> {
        Threads::create(layout).map(Self)
    }
}

impl Shared for Unprotected {
    const CAN: Capabilities = Threads::CAN;

    fn word(&self, word: usize) -> &AtomicU64 {
        self.0.word(word)
    }

    async fn locked<T: Send>(&self, _: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        Ok(section.await)
    }

    fn thread_locked<T>(&self, _: usize, section: impl FnOnce() -> T) -> Result<T> {
        Ok(section())
    }

    async fn relocked<T: Send>(&self, _: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        Ok(section.await)
    }

    async fn permitted<T: Send>(&self, _: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        Ok(section.await)
    }

    async fn reading<T: Send>(&self, _: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        Ok(section.await)
    }

    async fn writing<T: Send>(&self, _: usize, section: impl Future<Output = T> + Send) -> Result<T> {
        Ok(section.await)
    }

    fn set(&self, _: usize) -> Result<()> {
        Ok(())
    }

    fn happened(&self, _: usize) -> impl Future<Output = Result<()>> + Send {
        ready(Ok(()))
    }

    async fn once<T: Send>(
        &self,
        _: usize,
        _ready: impl Fn() -> bool + Send,
        section: impl Future<Output = T> + Send,
    ) -> Result<T> {
        Ok(section.await)
    }
}
