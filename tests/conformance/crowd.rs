//! A server that counts how many tasks wait for it at once.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long it listens for one more than it expects, before it lets the crowd go.
const SURPLUS: Duration = Duration::from_millis(30);
/// How long it waits for those that it expects.
const PATIENCE: Duration = Duration::from_secs(10);

/// Holds tasks back until as many have come as should be able to wait at once; once that was seen, only for a moment,
/// since towards the end of a batch a pool may have fewer left.
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<u64>>,
}

impl Crowd {
    /// One that lets tasks go in crowds of `size` until `tasks` have come.
    pub(crate) fn of(size: u64, tasks: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let thread = {
            let over = Arc::clone(&over);
            std::thread::spawn(move || serve(&listener, size, tasks, &over))
        };
        Self { address, over, thread }
    }

    /// How large each crowd was.
    pub(crate) fn sizes(self) -> Vec<u64> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn serve(listener: &TcpListener, size: u64, mut tasks: u64, over: &AtomicBool) -> Vec<u64> {
    let mut sizes = Vec::new();
    while tasks > 0 && !over.load(Ordering::Relaxed) {
        let mut crowd = Vec::new();
        let patience = if sizes.is_empty() { PATIENCE } else { SURPLUS };
        gather(listener, &mut crowd, size.min(tasks), Instant::now() + patience, over);
        gather(listener, &mut crowd, u64::MAX, Instant::now() + SURPLUS, over);
        tasks = tasks.saturating_sub(crowd.len() as u64);
        if crowd.is_empty() {
            continue;
        }
        sizes.push(crowd.len() as u64);
        for mut stream in crowd {
            let mut word = [0; 4];
            // A task that went away meanwhile fails its own trial.
            let _ = stream.read_exact(&mut word).and_then(|()| stream.write_all(b"go"));
        }
    }
    sizes
}

fn gather(listener: &TcpListener, crowd: &mut Vec<TcpStream>, size: u64, until: Instant, over: &AtomicBool) {
    while (crowd.len() as u64) < size && Instant::now() < until && !over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                crowd.push(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(1))
            }
            Err(error) => panic!("cannot accept: {error}"),
        }
    }
}
