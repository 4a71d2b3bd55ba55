//! Servers whose waiting keeps a thread.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::answer::{Answer, BUFFER};
use crate::{Result, Service, ServingError, listen};

/// One connection after the other.
pub(super) fn one_at_a_time(service: &Service) -> Result<Infallible> {
    let (answer, listener) = (Answer::new(service.lie), listen::alone()?);
    listen::announce(&listener)?;
    serve_in_turn(&listener, answer)
}

/// A thread for each connection.
pub(super) fn thread_per_client(service: &Service) -> Result<Infallible> {
    let (answer, listener) = (Answer::new(service.lie), listen::alone()?);
    listen::announce(&listener)?;
    loop {
        let stream = accept(&listener)?;
        let serve = move || echo(stream, answer);
        thread::Builder::new().spawn(serve).map_err(ServingError::system("start a thread"))?;
    }
}

/// A fixed number of threads, which take connections from a queue.
pub(super) fn thread_pool(service: &Service) -> Result<Infallible> {
    let (answer, listener) = (Answer::new(service.lie), listen::alone()?);
    let (queue, connections) = crossbeam_channel::unbounded::<TcpStream>();
    for _ in 0..service.workers {
        let connections = connections.clone();
        let serve = move || connections.iter().for_each(|stream| echo(stream, answer));
        thread::Builder::new().spawn(serve).map_err(ServingError::system("start a thread"))?;
    }
    listen::announce(&listener)?;
    loop {
        let stream = accept(&listener)?;
        queue.send(stream).expect("the threads live as long as their process");
    }
}

/// Serves one connection after the other, for ever.
pub(super) fn serve_in_turn(listener: &TcpListener, answer: &Answer) -> Result<Infallible> {
    loop {
        echo(accept(listener)?, answer);
    }
}

pub(super) fn accept(listener: &TcpListener) -> Result<TcpStream> {
    listener.accept().map(|(stream, _)| stream).map_err(ServingError::system("accept a connection"))
}

/// Answers until the client hangs up. A connection that breaks is the client's to notice.
pub(super) fn echo(mut stream: TcpStream, answer: &Answer) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut buffer = vec![0; BUFFER];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.answer(&mut buffer[..read]);
        if stream.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}
