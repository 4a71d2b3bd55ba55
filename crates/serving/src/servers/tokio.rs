//! Servers on tokio's runtimes.

use std::convert::Infallible;
use std::net;
use std::thread;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};

use super::http;
use crate::answer::{Answer, BUFFER};
use crate::{Protocol, Result, Service, ServingError, listen};

/// The runtime for one thread.
pub(super) fn current_thread(service: &Service) -> Result<Infallible> {
    let listener = listen::alone()?;
    listen::announce(&listener)?;
    serve_on_one_thread(listener, service.protocol, Answer::new(service.lie))
}

/// The runtime whose threads take tasks from each other.
pub(super) fn multi_thread(service: &Service) -> Result<Infallible> {
    let (listener, protocol, answer) = (listen::alone()?, service.protocol, Answer::new(service.lie));
    let runtime = Builder::new_multi_thread().worker_threads(service.workers).enable_all().build();
    let runtime = runtime.map_err(ServingError::system("start a tokio runtime"))?;
    listen::announce(&listener)?;
    // The thread that blocks is none of the workers: what accepts is a task as well.
    let accepting = runtime.spawn(async move {
        let listener = registered(listener)?;
        loop {
            let stream = accept(&listener).await?;
            tokio::spawn(serve(stream, protocol, answer));
        }
    });
    let ended: Result<Infallible> = runtime.block_on(accepting).map_err(|_| panicked())?;
    ended
}

/// A runtime for one thread on each of several threads, each with a listener of its own on the same port.
pub(super) fn per_core(service: &Service) -> Result<Infallible> {
    let (listeners, protocol, answer) =
        (listen::sharing(service.workers)?, service.protocol, Answer::new(service.lie));
    listen::announce(&listeners[0])?;
    let start = |listener| {
        let run = move || serve_on_one_thread(listener, protocol, answer);
        thread::Builder::new().spawn(run).map_err(ServingError::system("start a thread"))
    };
    let threads: Vec<_> = listeners.into_iter().map(start).collect::<Result<_>>()?;
    // None of them ends; if one does, its error is the server's.
    for thread in threads {
        thread.join().map_err(|_| panicked())??;
    }
    Err(panicked())
}

/// Serves a listener on this thread.
pub(super) fn serve_on_one_thread(
    listener: net::TcpListener,
    protocol: Protocol,
    answer: &'static Answer,
) -> Result<Infallible> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = runtime.map_err(ServingError::system("start a tokio runtime"))?;
    runtime.block_on(async {
        let listener = registered(listener)?;
        loop {
            let stream = accept(&listener).await?;
            runtime.spawn_local(serve(stream, protocol, answer));
        }
    })
}

fn registered(listener: net::TcpListener) -> Result<TcpListener> {
    let registered = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    registered.map_err(ServingError::system("watch a listener"))
}

async fn accept(listener: &TcpListener) -> Result<TcpStream> {
    let accepted = listener.accept().await;
    accepted.map(|(stream, _)| stream).map_err(ServingError::system("accept a connection"))
}

fn panicked() -> ServingError {
    ServingError::Process { who: "a thread of the server".to_owned(), how: "panicked".to_owned() }
}

async fn serve(stream: TcpStream, protocol: Protocol, answer: &'static Answer) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match protocol {
        Protocol::Echo => echo(stream, answer).await,
        Protocol::Http => http::serve(TokioIo::new(stream), answer).await,
    }
}

async fn echo(mut stream: TcpStream, answer: &Answer) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        answer.answer(&mut buffer[..read]);
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
