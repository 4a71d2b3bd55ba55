//! The server on may's coroutines, each with a stack of its own: what waits switches, whoever called it.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::Ipv4Addr;

use concbench_sys::spawn_stackful;
use may::net::{TcpListener, TcpStream};

use crate::answer::{Answer, BUFFER};
use crate::{Result, Service, ServingError, listen};

/// Coroutines of the global scheduler.
pub(super) fn may(service: &Service) -> Result<Infallible> {
    may::config().set_workers(service.workers);
    let answer = Answer::new(service.lie);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServingError::system("listen"))?;
    // The library asks for a short queue, and the kernel lets a socket that listens ask again.
    rustix::net::listen(listener.inner(), listen::BACKLOG).map_err(ServingError::system("listen"))?;
    listen::announce(listener.inner())?;
    let accepting = async move {
        loop {
            let accepted = listener.accept();
            let (stream, _) = accepted.map_err(ServingError::system("accept a connection"))?;
            // SAFETY: it waits where it reads and writes, and holds its stream and its buffer there.
            let spawned = unsafe { spawn_stackful(async move { echo(stream, answer) }) };
            spawned.map_err(ServingError::system("start a coroutine"))?;
        }
    };
    // SAFETY: it waits where it accepts, and holds its listener there.
    let accepting = unsafe { spawn_stackful(accepting) };
    let ended = accepting.map_err(ServingError::system("start a coroutine"))?.join();
    ended.ok().flatten().unwrap_or_else(|| {
        Err(ServingError::Process { who: "a coroutine of the server".to_owned(), how: "panicked".to_owned() })
    })
}

fn echo(mut stream: TcpStream, answer: &Answer) {
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
