//! A server that answers with given bytes, whatever it is asked.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use concbench_workloads::Io;
use futures::io::{AsyncRead, AsyncWrite};

/// How many bytes arrive at once, so that an answer is found in pieces.
const PIECE: usize = 50;

/// The server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    answer: Arc<[u8]>,
}

impl Server {
    pub(super) fn new(answer: &[u8]) -> Self {
        Self { answer: answer.into() }
    }
}

impl Io for Server {
    type Stream = Stream;

    async fn sleep(&self, _: Duration) {}

    async fn connect(&self, _: SocketAddr) -> io::Result<Stream> {
        Ok(Stream { answer: Arc::clone(&self.answer), sent: 0 })
    }
}

/// A connection to it.
#[derive(Debug)]
pub(super) struct Stream {
    answer: Arc<[u8]>,
    sent: usize,
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let left = &self.answer[self.sent..];
        let piece = left.len().min(into.len()).min(PIECE);
        into[..piece].copy_from_slice(&left[..piece]);
        self.sent += piece;
        Poll::Ready(Ok(piece))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
