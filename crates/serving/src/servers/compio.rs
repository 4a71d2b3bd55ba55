//! The server on compio's runtimes: the kernel is handed operations by an io_uring, and nothing in its stead.

use std::convert::Infallible;
use std::net;
use std::thread;

use compio::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::Runtime;

use crate::answer::{Answer, BUFFER};
use crate::{Result, Service, ServingError, listen};

/// A runtime on each of several threads, each with a listener of its own on the same port.
pub(super) fn compio(service: &Service) -> Result<Infallible> {
    // Asked before anything is announced: where the kernel refuses, nobody should connect.
    drop(runtime()?);
    let (listeners, answer) = (listen::sharing(service.workers)?, Answer::new(service.lie));
    listen::announce(&listeners[0])?;
    let start = |listener| {
        let run = move || serve_on_one_thread(listener, answer);
        thread::Builder::new().spawn(run).map_err(ServingError::system("start a thread"))
    };
    let threads: Vec<_> = listeners.into_iter().map(start).collect::<Result<_>>()?;
    for thread in threads {
        thread.join().map_err(|_| panicked())??;
    }
    Err(panicked())
}

fn runtime() -> Result<Runtime> {
    Runtime::new().map_err(|error| ServingError::Unsupported(concbench_model::limits::refused_ring(&error)))
}

fn panicked() -> ServingError {
    ServingError::Process { who: "a thread of the server".to_owned(), how: "panicked".to_owned() }
}

fn serve_on_one_thread(listener: net::TcpListener, answer: &'static Answer) -> Result<Infallible> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).map_err(ServingError::system("watch a listener"))?;
        loop {
            let accepted = listener.accept().await;
            let (stream, _) = accepted.map_err(ServingError::system("accept a connection"))?;
            runtime.spawn(echo(stream, answer)).detach();
        }
    })
}

async fn echo(mut stream: TcpStream, answer: &Answer) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        buffer.clear();
        let BufResult(read, filled) = stream.read(buffer).await;
        buffer = filled;
        if !matches!(read, Ok(1..)) {
            return;
        }
        answer.answer(&mut buffer);
        let BufResult(written, sent) = stream.write_all(buffer).await;
        buffer = sent;
        if written.is_err() {
            return;
        }
    }
}
