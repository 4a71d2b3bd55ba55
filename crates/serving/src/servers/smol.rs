//! The server on smol's executor.

use std::convert::Infallible;
use std::net;
use std::thread;

use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::TcpStream;
use smol::{Async, Executor};
use smol_hyper::rt::FuturesIo;

use super::http;
use crate::answer::{Answer, BUFFER};
use crate::{Protocol, Result, Service, ServingError, listen};

/// Several threads that run one executor.
pub(super) fn smol(service: &Service) -> Result<Infallible> {
    let (listener, protocol, answer) = (listen::alone()?, service.protocol, Answer::new(service.lie));
    let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
    for _ in 0..service.workers {
        let run = || smol::block_on(executor.run(std::future::pending::<()>()));
        thread::Builder::new().spawn(run).map_err(ServingError::system("start a thread"))?;
    }
    listen::announce(&listener)?;
    let accepting = executor.spawn(async move {
        let listener =
            Async::<net::TcpListener>::new(listener).map_err(ServingError::system("watch a listener"))?;
        loop {
            let accepted = listener.accept().await;
            let (stream, _) = accepted.map_err(ServingError::system("accept a connection"))?;
            executor.spawn(serve(stream.into(), protocol, answer)).detach();
        }
    });
    smol::block_on(accepting)
}

async fn serve(stream: TcpStream, protocol: Protocol, answer: &'static Answer) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    match protocol {
        Protocol::Echo => echo(stream, answer).await,
        Protocol::Http => http::serve(FuturesIo::new(stream), answer).await,
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
