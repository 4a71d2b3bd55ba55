use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

/// What waiting means under one concurrency model.
///
/// Wait with `.await`. Under `may` a wait is over when its first poll returns, and goes on on another thread: what polls
/// one by hand, or blocks on it, may hold nothing meanwhile that belongs to its thread, such as a reference to
/// thread-local data.
pub trait Io: Clone + Send + Sync + 'static {
    /// A connected byte stream.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// Waits for at least `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// Opens a TCP connection with `TCP_NODELAY` set.
    ///
    /// # Errors
    ///
    /// Whatever the operating system answers.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Reads a whole file.
    ///
    /// The file is read where the task runs, or wherever the model has computing done, unless its library has a way of its
    /// own.
    ///
    /// # Errors
    ///
    /// Whatever the operating system answers.
    fn read(&self, path: &Path) -> impl Future<Output = io::Result<Vec<u8>>> + Send {
        let path = path.to_owned();
        self.compute(move || std::fs::read(path))
    }

    /// Runs a stretch of computing.
    ///
    /// It runs where the task runs, unless the model hands computing to other threads.
    fn compute<T, F>(&self, stretch: F) -> impl Future<Output = T> + Send
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        async move { stretch() }
    }
}
