//! Two threads.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use concbench_model::{ModelError, Result, Settings};

use super::ping_pong::{Link, PingPong, agree, blocking, gone, ping, pong};

/// A channel of the standard library in each direction.
struct Standard(SyncSender<u64>, Receiver<u64>);

impl Link for Standard {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().ok()
    }
}

pub(super) fn standard(settings: &Settings, time: Duration) -> Result<PingPong> {
    let ((there, sent), (back, came_back)) = (sync_channel(1), sync_channel(1));
    between(settings, Standard(there, came_back), Standard(back, sent), time)
}

/// crossbeam's channel in each direction.
struct Crossbeam(crossbeam_channel::Sender<u64>, crossbeam_channel::Receiver<u64>);

impl Link for Crossbeam {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().ok()
    }
}

pub(super) fn crossbeam(settings: &Settings, time: Duration) -> Result<PingPong> {
    let (there, sent) = crossbeam_channel::bounded(1);
    let (back, came_back) = crossbeam_channel::bounded(1);
    between(settings, Crossbeam(there, came_back), Crossbeam(back, sent), time)
}

fn between<L: Link + 'static>(settings: &Settings, ours: L, theirs: L, time: Duration) -> Result<PingPong> {
    let other = settings.thread_builder().spawn(move || blocking(pong(theirs)));
    let other = other.map_err(ModelError::system("start a thread"))?;
    let ping_pong = blocking(ping(ours, time));
    agree(ping_pong, other.join().unwrap_or_else(|_| Err(gone())))
}
