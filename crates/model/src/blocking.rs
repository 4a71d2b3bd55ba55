//! Waiting that keeps its thread.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use concbench_workloads::Io;
use futures::io::{AsyncRead, AsyncWrite};
use serde::{Deserialize, Serialize};

/// Waiting blocks the thread that runs the task.
#[derive(Debug, Clone, Copy)]
pub struct BlockingIo;

impl Io for BlockingIo {
    type Stream = BlockingStream;

    async fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<BlockingStream> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(BlockingStream::of(stream, |stream| stream.shutdown(Shutdown::Both)))
    }
}

/// Sleeping takes no time and is added up: for the reference, which is after what the tasks return and what they wait for,
/// and not after how long they take.
#[derive(Debug, Clone, Default)]
pub struct DryIo(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    sleep_ns: AtomicU64,
    sleeps: AtomicU64,
    connects: AtomicU64,
}

/// What tasks were seen to wait for, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waits {
    /// How long they asked to sleep, in nanoseconds.
    pub sleep_ns: u64,
    /// How often they did.
    pub sleeps: u64,
    /// How many connections they opened.
    pub connects: u64,
}

impl DryIo {
    /// What was waited for up to now.
    pub fn waits(&self) -> Waits {
        let Counters { sleep_ns, sleeps, connects } = &*self.0;
        let [sleep_ns, sleeps, connects] = [sleep_ns, sleeps, connects].map(|counter| counter.load(Relaxed));
        Waits { sleep_ns, sleeps, connects }
    }
}

impl Io for DryIo {
    type Stream = BlockingStream;

    async fn sleep(&self, duration: Duration) {
        self.0.sleep_ns.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        self.0.sleeps.fetch_add(1, Relaxed);
    }

    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<BlockingStream>> + Send {
        self.0.connects.fetch_add(1, Relaxed);
        BlockingIo.connect(address)
    }
}

/// A connection whose every poll waits until it is ready.
pub struct BlockingStream<S = TcpStream> {
    connection: S,
    /// Closes it in both directions.
    close: fn(&S) -> io::Result<()>,
}

impl<S> BlockingStream<S> {
    /// One over a connection that blocks, and is closed in both directions like this.
    pub fn of(connection: S, close: fn(&S) -> io::Result<()>) -> Self {
        Self { connection, close }
    }
}

impl<S: Read + Unpin> AsyncRead for BlockingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.connection.read(buffer))
    }
}

impl<S: Write + Unpin> AsyncWrite for BlockingStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.connection.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.connection.flush())
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready((self.close)(&self.connection))
    }
}
