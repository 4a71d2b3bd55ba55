//! Servers of several processes, all forked from the first, which end with it.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;

use concbench_sys as sys;
use concbench_sys::Forker;
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

use super::threads::{accept, echo, serve_in_turn};
use super::tokio::serve_on_one_thread;
use crate::answer::Answer;
use crate::{Result, Service, ServingError, listen};

/// A process for each connection.
pub(super) fn process_per_client(service: &Service) -> Result<Infallible> {
    let (answer, listener, forks) = (Answer::new(service.lie), listen::alone()?, Forks::new()?);
    listen::announce(&listener)?;
    loop {
        let stream = accept(&listener)?;
        forks.fork(|| {
            echo(stream, answer);
            0
        })?;
        // Whoever has ended meanwhile; what is left over then is waited for after the next connection.
        while let Ok(Some(_)) = sys::wait(-1, false) {}
    }
}

/// Processes that accept from one socket, each one connection at a time.
pub(super) fn prefork(service: &Service) -> Result<Infallible> {
    let (answer, listener, forks) = (Answer::new(service.lie), listen::alone()?, Forks::new()?);
    for _ in 0..service.workers {
        forks.fork(|| failed(serve_in_turn(&listener, answer)))?;
    }
    listen::announce(&listener)?;
    watch()
}

/// Processes of which each accepts from a socket of its own on the same port, one connection at a time.
pub(super) fn prefork_reuseport(service: &Service) -> Result<Infallible> {
    let answer = Answer::new(service.lie);
    one_listener_each(service, |listener| failed(serve_in_turn(&listener, answer)))
}

/// Processes with an event loop and a listener each.
pub(super) fn process_loops(service: &Service) -> Result<Infallible> {
    let answer = Answer::new(service.lie);
    let protocol = service.protocol;
    one_listener_each(service, move |listener| failed(serve_on_one_thread(listener, protocol, answer)))
}

fn one_listener_each(service: &Service, serve: impl Fn(TcpListener) -> i32) -> Result<Infallible> {
    let (mut listeners, forks) = (listen::sharing(service.workers)?, Forks::new()?);
    listen::announce(&listeners[0])?;
    while let Some(listener) = listeners.pop() {
        // Nobody accepts from the copies of the others, and a process that holds them keeps their queues alive.
        forks.fork(|| {
            listeners.clear();
            serve(listener)
        })?;
    }
    watch()
}

/// Waits until one of the processes ends, which none should.
fn watch() -> Result<Infallible> {
    let ended = sys::wait(-1, true).map_err(ServingError::system("wait for a process"))?;
    let how = ended.map_or_else(|| "is gone".to_owned(), |(ended, _)| ended.to_string());
    Err(ServingError::Process { who: "a process of the server".to_owned(), how })
}

fn failed(served: Result<Infallible>) -> i32 {
    let Err(error) = served;
    eprintln!("concbench: {error}");
    1
}

/// Forks this process, whose children end with it.
#[derive(Debug)]
struct Forks {
    forker: Forker,
    parent: Pid,
}

impl Forks {
    fn new() -> Result<Self> {
        let forker = Forker::new().map_err(|error| match error.kind() {
            io::ErrorKind::Unsupported => ServingError::Unsupported(error.to_string()),
            _ => ServingError::System { what: "look for other threads", source: error },
        })?;
        Ok(Self { forker, parent: getpid() })
    }

    fn fork(&self, run: impl FnOnce() -> i32) -> Result<i32> {
        let child = || {
            let watched = set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
            // It may have ended before the kernel was asked to watch it.
            match watched && getppid() == Some(self.parent) {
                true => run(),
                false => 1,
            }
        };
        self.forker.fork(child).map_err(ServingError::system("fork a process"))
    }
}
