//! The HTTP target, asked by the workload that it was made for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use concbench::server::{Lie, ServeError, ServeOptions, Server};
use concbench_workloads::{Http, Io, Result, Workload, http};
use futures::io::AllowStdIo;
use tokio::sync::oneshot;

/// Waits by blocking.
#[derive(Clone)]
struct Blocking;

impl Io for Blocking {
    type Stream = AllowStdIo<TcpStream>;

    async fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        TcpStream::connect(address).map(AllowStdIo::new)
    }
}

/// A target on a thread of this process, gone when this is dropped.
struct Target {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Target {
    fn start(options: &ServeOptions) -> Self {
        let server = Server::bind(options).unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let stopped = async { stopped.await.unwrap() };
            server.run_until(stopped).unwrap();
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn http(&self, requests: u64, body_bytes: usize) -> Http {
        Http { requests, delay_us: 0, body_bytes, target: Some(self.address), path: None, delay_tail: None }
    }

    /// The status line and the body of the answer to a request that ends the connection.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: target\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let sent = self.stop.take().unwrap().send(());
        let ended = self.thread.take().unwrap().join();
        if !thread::panicking() {
            sent.unwrap();
            ended.unwrap();
        }
    }
}

fn run(workload: &Http, index: u64) -> Result<u64> {
    let task = pin!(workload.task(&Blocking, index));
    match task.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a blocking task is ready at its first poll"),
    }
}

#[test]
fn the_workload_gets_the_bodies_that_it_asks_for() {
    for threads in [1, 3] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let target = Target::start(&ServeOptions { threads, ..ServeOptions::default() });
        for bytes in [0, 1, 1000, 1 << 20] {
            let workload = target.http(3, bytes);
            assert_eq!(run(&workload, 5), run(&workload, 5));
            assert_ne!(run(&workload, 5).unwrap(), run(&workload, 6).unwrap());
        }
    }
}

#[test]
fn many_clients_at_once_all_get_theirs() {
    let target = Target::start(&ServeOptions::default());
    let workload = Http { delay_us: 20_000, ..target.http(2, 64) };
    let workload = &workload;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..50).map(|index| scope.spawn(move || run(workload, index))).collect();
        for client in clients {
            client.join().unwrap().unwrap();
        }
    });
}

#[test]
fn no_answer_comes_before_its_delay() {
    let target = Target::start(&ServeOptions::default());
    let workload = Http { delay_us: 7300, ..target.http(3, 10) };
    let start = Instant::now();
    run(&workload, 0).unwrap();
    assert!(start.elapsed() >= Duration::from_micros(3 * 7300));
}

#[test]
fn the_body_is_the_published_one_and_its_length_is_announced() {
    let target = Target::start(&ServeOptions::default());
    let mut stream = TcpStream::connect(target.address).unwrap();
    stream.write_all(b"GET /?seed=9&bytes=33 HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&http::body(9, 33)));
    let head = String::from_utf8_lossy(&answer[..answer.len() - 33]).to_lowercase();
    assert!(head.contains("content-length: 33\r\n"), "{head}");
}

#[test]
fn what_is_not_understood_is_refused_with_one_line() {
    let target = Target::start(&ServeOptions::default());
    assert_eq!(target.get("/health"), ("HTTP/1.1 200 OK".into(), "ok".into()));
    for (path, status) in [
        ("/", "400 Bad Request"),
        ("/?seed=1&bytes=67108865", "400 Bad Request"),
        ("/?seed=1&delay_us=x", "400 Bad Request"),
        ("/elsewhere", "404 Not Found"),
        ("/stall?ms=1", "404 Not Found"),
    ] {
        let (line, body) = target.get(path);
        assert_eq!(line, format!("HTTP/1.1 {status}"), "{path}");
        assert_eq!(body.lines().count(), 1, "{path}: {body}");
    }
}

#[test]
fn a_stall_holds_what_becomes_due_in_it_and_nothing_after() {
    let target = Target::start(&ServeOptions { allow_stall: true, ..ServeOptions::default() });
    let stall = Duration::from_millis(300);
    let start = Instant::now();
    assert_eq!(target.get("/stall?ms=300").1, "stalled");
    run(&target.http(1, 8), 0).unwrap();
    assert!(start.elapsed() >= stall);
    // The stall is over: this would hang for its whole length if every answer waited for another one.
    run(&target.http(100, 8), 0).unwrap();
    assert!(start.elapsed() < 100 * stall);
    assert_eq!(target.get("/stall?ms=60001").0, "HTTP/1.1 400 Bad Request");
}

#[test]
fn the_workload_catches_every_lie() {
    for (name, expected) in [
        ("short", "closed before the answer was whole"),
        ("wrong", "not the one that was asked for"),
        ("status-500", "status 500"),
    ] {
        let lie: Lie = name.parse().unwrap();
        let target = Target::start(&ServeOptions { lie: Some(lie), ..ServeOptions::default() });
        let error = run(&target.http(2, 100), 1).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(run(&target.http(2, 0), 1).is_err(), "{name}: without a body");
    }
    assert!("late".parse::<Lie>().unwrap_err().contains("short, wrong, status-500"));
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let target = Target::start(&ServeOptions::default());
    let error =
        Server::bind(&ServeOptions { address: target.address, ..ServeOptions::default() }).err().unwrap();
    assert!(matches!(error, ServeError::Listen { .. }));
    assert!(error.to_string().contains(&target.address.to_string()));
}
