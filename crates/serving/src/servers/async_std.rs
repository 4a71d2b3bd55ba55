//! The server on async-std's global runtime, whose threads are as many as the variable says that it reads.

use std::convert::Infallible;

use async_std::io::{ReadExt, WriteExt};
use async_std::net::{TcpListener, TcpStream};
use async_std::task;

use crate::answer::{Answer, BUFFER};
use crate::{Result, Service, ServingError, listen};

/// Tasks of the global runtime.
pub(super) fn async_std(service: &Service) -> Result<Infallible> {
    let (listener, answer) = (listen::alone()?, Answer::new(service.lie));
    listen::announce(&listener)?;
    task::block_on(task::spawn(async move {
        let listener = TcpListener::from(listener);
        loop {
            let accepted = listener.accept().await;
            let (stream, _) = accepted.map_err(ServingError::system("accept a connection"))?;
            task::spawn(echo(stream, answer));
        }
    }))
}

async fn echo(mut stream: TcpStream, answer: &Answer) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = vec![0; BUFFER];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        answer.answer(&mut buffer[..read]);
        if stream.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
