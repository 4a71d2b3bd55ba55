//! The HTTP target: the server that the `http` workload asks, in a process of its own.
//!
//! - `GET /?seed=S&delay_us=D&bytes=B` answers D microseconds after it arrived, with the body
//!   [`concbench_workloads::http::body`]`(S, B)`, so that a client can tell the right answer from any other.
//! - `GET /health` answers `ok`.
//! - `GET /stall?ms=N`, where it is allowed, holds every answer that becomes due within the next N milliseconds until
//!   they are over: whoever measures latency must see that.
//!
//! A query that is not understood is answered with status 400 and one line.

mod alarm;
mod answer;

use std::convert::Infallible;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use concbench_sys::{raise_descriptor_limit, widen_descriptor_table};
use futures::future::{self, Either};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use answer::Answerer;

/// How many connections may wait to be accepted: a shorter queue turns a crowd of clients into connects that take a
/// second each, which is when the client's kernel asks again. The kernel cuts it to `net.core.somaxconn`.
pub const BACKLOG: u32 = 4096;
/// For how many clients at once there is room from the start.
const ROOM: u64 = 4 * BACKLOG as u64;
/// The longest body that can be asked for, in bytes: the most that the client accepts.
pub const LONGEST_BODY: usize = 64 << 20;
/// The longest delay, or stall, that can be asked for.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// How long to wait before accepting again when there is nothing left to accept with.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen. Port 0 leaves the choice to the system.
    pub address: SocketAddr,
    /// How many threads serve. Of few cores the target shares all with the clients that are measured, so one is the default:
    /// it waits in the kernel for most of the time, and can never hold more than one core against them.
    pub threads: NonZeroUsize,
    /// Whether to stop at the end of standard input, which comes when the supervisor is gone, however it went.
    pub exit_on_stdin_eof: bool,
    /// Whether `/stall` is answered.
    pub allow_stall: bool,
    /// How to answer wrongly, if at all.
    pub lie: Option<Lie>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            threads: NonZeroUsize::MIN,
            exit_on_stdin_eof: false,
            allow_stall: false,
            lie: None,
        }
    }
}

/// A way to answer wrongly, to see that the client notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Half of the promised body, then the end of the connection.
    Short,
    /// A body of the right length with other bytes.
    Wrong,
    /// Status 500.
    Status500,
}

impl Lie {
    const NAMES: [(&str, Self); 3] =
        [("short", Self::Short), ("wrong", Self::Wrong), ("status-500", Self::Status500)];
}

impl FromStr for Lie {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, lie)| *lie).ok_or_else(|| {
            format!("{name:?} is not one of {}", Self::NAMES.map(|(known, _)| known).join(", "))
        })
    }
}

/// Why the target cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The runtime, the timer or a thread could not be made.
    #[error("serve: cannot start: {0}")]
    Start(#[source] io::Error),
    /// The address cannot be listened on.
    #[error("serve: cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system answers.
        source: io::Error,
    },
    /// Nobody can be told where it listens.
    #[error("serve: cannot write the address to standard output: {0}")]
    Announce(#[source] io::Error),
    /// It stopped by itself.
    #[error("serve: stopped: {0}")]
    Stopped(#[source] io::Error),
}

/// A target that listens, and answers once it runs.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    answerer: Arc<Answerer>,
}

impl Server {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// The address is taken or not this machine's, or the process has no descriptors or threads left.
    pub fn bind(options: &ServeOptions) -> Result<Self, ServeError> {
        make_room();
        let runtime = runtime(options.threads).map_err(ServeError::Start)?;
        let inside = runtime.enter();
        let answerer = Arc::new(Answerer::new(options).map_err(ServeError::Start)?);
        let (listener, address) = listen(options.address)
            .map_err(|source| ServeError::Listen { address: options.address, source })?;
        drop(inside);
        Ok(Self { runtime, listener, address, answerer })
    }

    /// Where it listens: the port is the real one, also where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is over; answers under way are dropped then.
    ///
    /// # Errors
    ///
    /// The timer failed.
    pub fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self { runtime, listener, answerer, .. } = self;
        let notifying = Arc::clone(&answerer);
        let notifying = runtime.spawn(async move { notifying.alarms().notify().await });
        runtime.spawn(accept(listener, answerer));
        match runtime.block_on(future::select(pin!(stop), notifying)) {
            Either::Left(((), _)) => Ok(()),
            Either::Right((Ok(Err(error)), _)) => Err(ServeError::Stopped(error)),
            Either::Right((Err(lost), _)) => Err(ServeError::Stopped(io::Error::other(lost))),
        }
    }
}

/// Serves until standard input ends, if that was asked for, or until a signal ends the process. The first and only line
/// on standard output says where: `listening on 127.0.0.1:8080`.
///
/// # Errors
///
/// Those of [`Server::bind`] and [`Server::run_until`], and a standard output that takes no line.
pub fn serve(options: &ServeOptions) -> Result<(), ServeError> {
    let server = Server::bind(options)?;
    announce(server.address()).map_err(ServeError::Announce)?;
    if options.exit_on_stdin_eof {
        let end = end_of_stdin().map_err(ServeError::Start)?;
        server.run_until(end)
    } else {
        server.run_until(future::pending())
    }
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {address}")?;
    out.flush()
}

/// A thread of its own reads: standard input may be anything, also what no event loop can wait for.
fn end_of_stdin() -> io::Result<impl Future<Output = ()>> {
    let (open, ended) = oneshot::channel::<Infallible>();
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        // An input that cannot be read is as good as ended; the sender goes either way.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(open);
    })?;
    Ok(async move {
        let _ = ended.await;
    })
}

fn runtime(threads: NonZeroUsize) -> io::Result<Runtime> {
    can_start(threads.get())?;
    let mut builder = match threads.get() {
        1 => tokio::runtime::Builder::new_current_thread(),
        several => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(several);
            builder
        }
    };
    builder.enable_all().build()
}

/// Whether so many threads can be started: the runtime panics if they cannot, and then waits for those that it has.
fn can_start(threads: usize) -> io::Result<()> {
    let (open, ended) = std::sync::mpsc::channel::<Infallible>();
    let ended = Arc::new(Mutex::new(ended));
    let start = |_| {
        let ended = Arc::clone(&ended);
        // Each waits for its turn to see that nobody sends.
        let wait = move || drop(ended.lock().map(|ended| ended.recv()));
        std::thread::Builder::new().spawn(wait)
    };
    let started: io::Result<Vec<_>> = (1..threads).map(start).collect();
    drop(open);
    started.map(|threads| threads.into_iter().for_each(|thread| drop(thread.join())))
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Every client needs a descriptor here too.
fn make_room() {
    if let Err(error) = raise_descriptor_limit() {
        complain(format_args!("serve: keeping the limit of file descriptors: {error}"));
    }
    // Without the room, the kernel makes it when a crowd comes.
    let _ = widen_descriptor_table(ROOM);
}

async fn accept(listener: TcpListener, answerer: Arc<Answerer>) {
    let mut failing = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                failing = false;
                tokio::spawn(answer_all(stream, Arc::clone(&answerer)));
            }
            Err(error) => {
                // Once for each streak: nobody may be reading, and a full pipe would hold the server.
                if !failing {
                    complain(format_args!("serve: cannot accept: {error}"));
                }
                failing = true;
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer_all(stream: TcpStream, answerer: Arc<Answerer>) {
    let service = service_fn(move |request| {
        let answerer = Arc::clone(&answerer);
        async move { Ok::<_, Infallible>(answerer.answer(request).await) }
    });
    // What can fail from here on is a client that hung up or spoke no HTTP, which the client knows best.
    if stream.set_nodelay(true).is_ok() {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}

/// To standard error, as far as there is one.
fn complain(what: impl Display) {
    let _ = writeln!(io::stderr(), "{what}");
}
