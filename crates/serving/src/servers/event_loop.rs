//! The server with nothing but the kernel's events: what others are held against, and what shows how much the fleet can do.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::thread;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::answer::{Answer, BUFFER};
use crate::{Protocol, Result, Service, ServingError, listen};

/// The token of the listener; connections have their place as theirs.
const LISTENER: Token = Token(usize::MAX);
/// How many events are taken from the kernel at once.
const EVENTS: usize = 1024;

/// A loop on each of several threads, each with a listener of its own on the same port.
pub(super) fn event_loop(service: &Service) -> Result<Infallible> {
    let (listeners, protocol, answer) =
        (listen::sharing(service.workers)?, service.protocol, Answer::new(service.lie));
    listen::announce(&listeners[0])?;
    let start = |listener| {
        let run = move || serve(listener, protocol, answer);
        thread::Builder::new().spawn(run).map_err(ServingError::system("start a thread"))
    };
    let threads: Vec<_> = listeners.into_iter().map(start).collect::<Result<_>>()?;
    let panicked =
        || ServingError::Process { who: "a thread of the server".to_owned(), how: "panicked".to_owned() };
    for thread in threads {
        let ended = thread.join().map_err(|_| panicked())?;
        ended.map_err(ServingError::system("wait for events"))?;
    }
    Err(panicked())
}

fn serve(listener: net::TcpListener, protocol: Protocol, answer: &Answer) -> io::Result<Infallible> {
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(EVENTS));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Some((mut stream, _)) = unless_empty(listener.accept())? {
                    let place = free.pop().unwrap_or_else(|| {
                        connections.push(None);
                        connections.len() - 1
                    });
                    stream.set_nodelay(true)?;
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(place), interest)?;
                    connections[place] = Some(Connection { stream, unsent: Vec::new(), head: Vec::new() });
                }
            } else {
                let Token(place) = event.token();
                let Some(connection) = &mut connections[place] else { continue };
                if connection.go_on(protocol, answer, &mut buffer).is_err() {
                    connections[place] = None;
                    free.push(place);
                }
            }
        }
    }
}

/// What a call gave that does not block; none if it would have.
fn unless_empty<T>(given: io::Result<T>) -> io::Result<Option<T>> {
    match given {
        Ok(given) => Ok(Some(given)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

struct Connection {
    stream: TcpStream,
    /// What the kernel had no room for.
    unsent: Vec<u8>,
    /// What has come of a request over HTTP.
    head: Vec<u8>,
}

impl Connection {
    /// Reads and answers as long as there is something to read, or writes what is left over; an error once the client has
    /// hung up.
    fn go_on(&mut self, protocol: Protocol, answer: &Answer, buffer: &mut [u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            self.send(&unsent)?;
        }
        while self.unsent.is_empty() {
            let Some(read) = unless_empty(self.stream.read(buffer))? else { return Ok(()) };
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match protocol {
                Protocol::Echo => {
                    answer.answer(&mut buffer[..read]);
                    self.send(&buffer[..read])?;
                }
                Protocol::Http => {
                    self.head.extend_from_slice(&buffer[..read]);
                    self.respond(answer)?;
                }
            }
            // A buffer that was not filled has emptied the socket: what comes later is another event.
            if read < buffer.len() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Answers the request, if the whole of it has come.
    fn respond(&mut self, answer: &Answer) -> io::Result<()> {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(&self.head).map_err(io::Error::other)?;
        let httparse::Status::Complete(head) = parsed else { return Ok(()) };
        let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
        let length = length.ok_or(ErrorKind::InvalidData)?;
        let Some(body) = self.head.get_mut(head..head + length) else { return Ok(()) };
        answer.answer(body);
        let mut response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
        response.extend_from_slice(body);
        self.head.clear();
        self.send(&response)
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match unless_empty(self.stream.write(bytes))? {
                Some(written) => bytes = &bytes[written..],
                None => {
                    self.unsent.extend_from_slice(bytes);
                    break;
                }
            }
        }
        Ok(())
    }
}
