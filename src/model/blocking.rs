//! Waiting that keeps its thread.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use concbench_workloads::Io;
use futures::io::{AsyncRead, AsyncWrite};

/// Waiting blocks the thread that runs the task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockingIo;

impl Io for BlockingIo {
    type Stream = BlockingStream;

    async fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<BlockingStream> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(BlockingStream::of(stream))
    }
}

/// Sleeping takes no time: for the reference, which is after what the tasks return and not after how long they take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DryIo;

impl Io for DryIo {
    type Stream = BlockingStream;

    async fn sleep(&self, _duration: Duration) {}

    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<BlockingStream>> + Send {
        BlockingIo.connect(address)
    }
}

/// A connection that can be closed in both directions.
pub(crate) trait Close {
    /// Closes it.
    fn close(&self) -> io::Result<()>;
}

impl Close for TcpStream {
    fn close(&self) -> io::Result<()> {
        self.shutdown(std::net::Shutdown::Both)
    }
}

/// A connection whose every poll waits until it is ready.
pub(crate) struct BlockingStream<S = TcpStream>(S);

impl<S> BlockingStream<S> {
    pub(crate) fn of(connection: S) -> Self {
        Self(connection)
    }
}

impl<S: Read + Unpin> AsyncRead for BlockingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.read(buffer))
    }
}

impl<S: Write + Close + Unpin> AsyncWrite for BlockingStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.close())
    }
}
