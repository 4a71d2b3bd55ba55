//! One client: it sends a message, and holds what it is answered against it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use super::expected::Progress;
use super::text::Text;
use crate::{Life, Protocol};

/// One client.
#[derive(Debug)]
pub(super) struct Connection {
    /// Its number in the whole fleet.
    number: usize,
    stream: TcpStream,
    /// Whether the connection is there.
    pub(super) open: bool,
    /// From when the exchange under way counts; none while nothing is under way.
    since: Option<Instant>,
    /// What is still to be sent: the message, or a request around it.
    request: Vec<u8>,
    sent: usize,
    progress: Progress,
    /// How many messages it has sent.
    messages: u64,
    /// Messages that were due while another was under way.
    pub(super) waiting: VecDeque<Instant>,
}

/// An exchange that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) at: Instant,
    pub(super) latency: Duration,
}

impl Connection {
    /// One that is being opened.
    pub(super) fn start(
        number: usize,
        address: SocketAddr,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let stream = connect(address, registry, token)?;
        Ok(Self {
            number,
            stream,
            open: false,
            since: None,
            request: Vec::new(),
            sent: 0,
            progress: Progress::default(),
            messages: 0,
            waiting: VecDeque::new(),
        })
    }

    /// Closes it and opens another in its stead, as part of the exchange that begins now.
    pub(super) fn again(&mut self, address: SocketAddr, registry: &Registry, token: Token) -> io::Result<()> {
        self.since = Some(Instant::now());
        // Reset, not closed: a port that has to wait for the last word of the other side could not be used again for a
        // minute, and there are fewer ports than a second has exchanges.
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
        self.stream = connect(address, registry, token)?;
        self.open = false;
        Ok(())
    }

    /// Sends no more. What lives for one exchange hangs up: a server that waits for that serves nobody else.
    pub(super) fn rest(&mut self, life: Life) {
        self.waiting.clear();
        if life == Life::Short {
            // The server may have hung up first.
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_free(&self) -> bool {
        self.since.is_none()
    }

    /// Sends the next message; its latency counts from `since`, or from what was said when its connection was opened.
    pub(super) fn send(
        &mut self,
        since: Instant,
        protocol: Protocol,
        life: Life,
        text: &Text,
    ) -> Result<(), String> {
        self.since.get_or_insert(since);
        let (message, _) = text.message(self.number, self.messages);
        self.request.clear();
        if protocol == Protocol::Http {
            let close = if life == Life::Short { "connection: close\r\n" } else { "" };
            let length = message.len();
            let head =
                format!("POST / HTTP/1.1\r\nhost: localhost\r\n{close}content-length: {length}\r\n\r\n");
            self.request.extend_from_slice(head.as_bytes());
        }
        self.request.extend_from_slice(message);
        self.sent = 0;
        self.progress.restart();
        self.write().map_err(broken)
    }

    /// Goes on after an event; the exchange that has ended with it, if one has.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer, or how the connection ended.
    pub(super) fn go_on(
        &mut self,
        protocol: Protocol,
        text: &Text,
        buffer: &mut [u8],
    ) -> Result<Option<Done>, String> {
        if !self.open {
            if let Some(error) = self.stream.take_error().map_err(broken)? {
                return Err(broken(error));
            }
            match self.stream.peer_addr() {
                Ok(_) => self.open = true,
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(None),
                Err(error) => return Err(broken(error)),
            }
            return Ok(None);
        }
        if self.sent < self.request.len() {
            self.write().map_err(broken)?;
        }
        loop {
            let read = match self.stream.read(buffer) {
                // With nothing under way it has hung up itself, or will notice when it sends.
                Ok(0) if self.since.is_none() => return Ok(None),
                Ok(0) => return Err("was closed by the server".to_owned()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(error)),
            };
            let Some(since) = self.since else {
                return Err("was answered without having asked".to_owned());
            };
            let (_, expected) = text.message(self.number, self.messages);
            if self.progress.take(protocol, &buffer[..read], expected)? {
                self.messages += 1;
                self.since = None;
                let at = Instant::now();
                return Ok(Some(Done { at, latency: at - since }));
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while self.sent < self.request.len() {
            match self.stream.write(&self.request[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn connect(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(stream)
}

fn broken(error: io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrNotAvailable => {
            "finds no free port; look at `sysctl net.ipv4.ip_local_port_range`".to_owned()
        }
        _ => format!("broke: {error}"),
    }
}
