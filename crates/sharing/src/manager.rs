//! A process that serves shared objects to the tasks of others, which see them through proxies: a connection each.
//!
//! What is said is of fixed size: a request of `REQUEST` bytes, an answer of eight.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use concbench_model::process::{Child, REPLIED, Role, stdin};
use concbench_model::{ModelError, Result};

/// What it is asked, for which number, and with what.
const REQUEST: usize = 1 + 8;
/// Adds to the number, and answers with what it is then.
const ADD: u8 = 1;
/// Ends the process.
const STOP: u8 = 2;
/// What the process is called in errors.
const WHO: &str = "the manager process";

/// A manager process, which ends with this value.
#[derive(Debug)]
pub struct Manager {
    process: Child,
    address: String,
}

impl Manager {
    /// Starts one whose number is 0. It is this executable again.
    ///
    /// # Errors
    ///
    /// When the system refuses a socket or a process.
    pub fn start() -> Result<Self> {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        // In the abstract namespace: no file is left behind, however this ends.
        let address = format!("concbench-manager-{}-{number}", std::process::id());
        let listen = |address| UnixListener::bind_addr(&named(address)?);
        let listener = listen(&address).map_err(ModelError::system("listen for the tasks of a manager"))?;
        let mut command = Role::Manager.command();
        command.stdin(OwnedFd::from(listener)).stdout(io::stderr());
        let process = Child::spawn(&mut command, WHO)?;
        Ok(Self { process, address })
    }

    /// By what tasks find it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    ///
    /// When it has ended before, or does not end as it should.
    pub fn stop(self) -> Result<()> {
        let stopped = Proxy::connect(&self.address).and_then(|mut proxy| proxy.ask(STOP, 0));
        let end = self.process.join();
        stopped.map_err(ModelError::system("ask the manager process to end"))?;
        end
    }
}

/// A number that a manager process keeps, as a task sees it.
#[derive(Debug)]
pub struct Proxy(UnixStream);

impl Proxy {
    /// Connects to the manager with this address.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn connect(address: &str) -> io::Result<Self> {
        UnixStream::connect_addr(&named(address)?).map(Self)
    }

    /// Adds to the number; what it is then.
    ///
    /// # Errors
    ///
    /// When the manager has ended.
    pub fn add(&mut self, more: u64) -> io::Result<u64> {
        self.ask(ADD, more)
    }

    fn ask(&mut self, what: u8, with: u64) -> io::Result<u64> {
        let mut request = [what; REQUEST];
        request[1..].copy_from_slice(&with.to_le_bytes());
        let mut answer = [0; 8];
        let asked = self.0.write_all(&request).and_then(|()| self.0.read_exact(&mut answer));
        asked.map_err(|error| io::Error::other(format!("{WHO} has ended: {error}")))?;
        Ok(u64::from_le_bytes(answer))
    }
}

fn named(address: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(address)
}

/// Serves, as the process that [`Manager::start`] has started; its exit code.
///
/// # Errors
///
/// When its standard input is no socket that listens.
pub fn serve() -> Result<u8> {
    let listener = UnixListener::from(stdin()?);
    serve_clients(&listener).map_err(ModelError::system("serve shared objects"))?;
    Ok(u8::try_from(REPLIED).unwrap_or(u8::MAX))
}

/// A thread for each proxy, as managers are made; a client that asks for the end ends the process.
fn serve_clients(listener: &UnixListener) -> io::Result<()> {
    let number = Arc::new(Mutex::new(0));
    let (ending, ended) = std::sync::mpsc::channel();
    let clients = listener.try_clone()?;
    std::thread::spawn(move || {
        for client in clients.incoming() {
            let (number, ending) = (Arc::clone(&number), ending.clone());
            let client = client.and_then(|client| {
                let body = move || drop(ending.send(serve_one(client, &number)));
                std::thread::Builder::new().spawn(body)
            });
            // One that cannot be served finds its connection closed.
            drop(client);
        }
    });
    loop {
        // A client that has gone is no reason to end: others may be there.
        if let Ok(Ok(true)) | Err(_) = ended.recv() {
            return Ok(());
        }
    }
}

/// Serves a client until it goes; whether it has asked for the end.
fn serve_one(mut client: UnixStream, number: &Mutex<u64>) -> io::Result<bool> {
    let mut request = [0; REQUEST];
    loop {
        if let Err(error) = client.read_exact(&mut request) {
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(false) } else { Err(error) };
        }
        let [what, with @ ..] = request;
        let value = match what {
            ADD => {
                let mut number = number.lock().unwrap_or_else(PoisonError::into_inner);
                *number = number.wrapping_add(u64::from_le_bytes(with));
                *number
            }
            _ => 0,
        };
        client.write_all(&value.to_le_bytes())?;
        if what == STOP {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proxies_add_is_added_once_and_the_end_ends_it() {
        let address = format!("concbench-manager-test-{}", std::process::id());
        let listener = UnixListener::bind_addr(&named(&address).unwrap()).unwrap();
        let server = std::thread::spawn(move || serve_clients(&listener));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut proxy = Proxy::connect(&address).unwrap();
                    (0..100).for_each(|_| assert!(proxy.add(1).unwrap() > 0));
                });
            }
        });
        let mut proxy = Proxy::connect(&address).unwrap();
        assert_eq!(proxy.add(0).unwrap(), 400);
        proxy.ask(STOP, 0).unwrap();
        server.join().unwrap().unwrap();
    }
}
