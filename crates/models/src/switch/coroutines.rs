//! Two coroutines under one scheduler.

use std::time::Duration;

use concbench_model::{Model, ModelError, Result, Settings};

use ::async_std::channel as async_std_channel;
use ::compio::runtime::Runtime;
use ::may::sync::mpsc as may_channel;
use ::smol::channel as smol_channel;
use ::tokio::sync::mpsc as tokio_channel;
use futures::channel::mpsc as futures_channel;
use futures::{SinkExt, StreamExt};

use super::ping_pong::{Link, PingPong, agree, gone, ping, pong};
use crate::async_std::AsyncStd;
use crate::may::May;
use crate::smol::Smol;
use crate::tokio::{current_thread, multi_thread};
use concbench_sys::spawn_stackful;

/// tokio's channel in each direction.
struct Tokio(tokio_channel::Sender<u64>, tokio_channel::Receiver<u64>);

impl Link for Tokio {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().await
    }
}

async fn on_tokio(time: Duration) -> Result<PingPong> {
    let ((there, sent), (back, came_back)) = (tokio_channel::channel(1), tokio_channel::channel(1));
    let other = ::tokio::spawn(pong(Tokio(back, sent)));
    let ping_pong = ::tokio::spawn(ping(Tokio(there, came_back), time)).await;
    agree(ping_pong.unwrap_or_else(|_| Err(gone())), other.await.unwrap_or_else(|_| Err(gone())))
}

pub(super) fn tokio_current_thread(_: &Settings, time: Duration) -> Result<PingPong> {
    current_thread()?.block_on(on_tokio(time))
}

pub(super) fn tokio_multi_thread(settings: &Settings, time: Duration) -> Result<PingPong> {
    multi_thread(settings)?.block_on(on_tokio(time))
}

/// async-std's channel in each direction.
struct OfAsyncStd(async_std_channel::Sender<u64>, async_std_channel::Receiver<u64>);

impl Link for OfAsyncStd {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().await.ok()
    }
}

pub(super) fn async_std(settings: &Settings, time: Duration) -> Result<PingPong> {
    let model = AsyncStd::start(settings)?;
    let (there, sent) = async_std_channel::bounded(1);
    let (back, came_back) = async_std_channel::bounded(1);
    let other = ::async_std::task::spawn(pong(OfAsyncStd(back, sent)));
    let ping_pong = ::async_std::task::spawn(ping(OfAsyncStd(there, came_back), time));
    // Not async-std's own `block_on`, which would make this thread one more worker.
    let ping_pong = ::smol::future::block_on(async { agree(ping_pong.await, other.await) });
    model.stop()?;
    ping_pong
}

/// smol's channel in each direction: a later version of async-std's.
struct OfSmol(smol_channel::Sender<u64>, smol_channel::Receiver<u64>);

impl Link for OfSmol {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().await.ok()
    }
}

pub(super) fn smol(settings: &Settings, time: Duration) -> Result<PingPong> {
    let model = Smol::start(settings)?;
    let (there, sent) = smol_channel::bounded(1);
    let (back, came_back) = smol_channel::bounded(1);
    let other = model.executor().spawn(pong(OfSmol(back, sent)));
    let ping_pong = model.executor().spawn(ping(OfSmol(there, came_back), time));
    let ping_pong = ::smol::future::block_on(async { agree(ping_pong.await, other.await) });
    model.stop()?;
    ping_pong
}

/// The channel of `futures` in each direction, for schedulers that bring none.
struct OfFutures(futures_channel::Sender<u64>, futures_channel::Receiver<u64>);

impl Link for OfFutures {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.next().await
    }
}

fn of_futures() -> (OfFutures, OfFutures) {
    let ((there, sent), (back, came_back)) = (futures_channel::channel(0), futures_channel::channel(0));
    (OfFutures(there, came_back), OfFutures(back, sent))
}

pub(super) fn join_all(_: &Settings, time: Duration) -> Result<PingPong> {
    let (ours, theirs) = of_futures();
    current_thread()?.block_on(async {
        let (ping_pong, answered) = futures::join!(ping(ours, time), pong(theirs));
        agree(ping_pong, answered)
    })
}

pub(super) fn compio(_: &Settings, time: Duration) -> Result<PingPong> {
    let (ours, theirs) = of_futures();
    let runtime = Runtime::new().map_err(ModelError::system("make an io_uring"))?;
    runtime.block_on(async {
        let other = runtime.spawn(pong(theirs));
        let ping_pong = runtime.spawn(ping(ours, time)).await.unwrap_or_else(|_| Err(gone()));
        agree(ping_pong, other.await.unwrap_or_else(|_| Err(gone())))
    })
}

/// May's channel in each direction: it blocks the coroutine and not its thread.
struct OfMay(may_channel::Sender<u64>, may_channel::Receiver<u64>);

impl Link for OfMay {
    async fn send(&mut self, token: u64) -> Result<()> {
        self.0.send(token).map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().ok()
    }
}

#[allow(unsafe_code, reason = "what waits in a coroutine with a stack of its own goes on on another thread")]
pub(super) fn may(settings: &Settings, time: Duration) -> Result<PingPong> {
    // Where both sides may run is asked here, and the process is bound for it already: the library would bind the workers
    // once more.
    ::may::config().set_worker_pin(false);
    let model = May::start(settings)?;
    let ((there, sent), (back, came_back)) = (may_channel::channel(), may_channel::channel());
    // SAFETY: both wait with `.await` alone, and their link holds nothing of a thread where it waits.
    let other = unsafe { spawn_stackful(pong(OfMay(back, sent))) };
    let other = other.map_err(ModelError::system("start a coroutine"))?;
    // SAFETY: as above.
    let ping_pong = unsafe { spawn_stackful(ping(OfMay(there, came_back), time)) };
    let ping_pong = ping_pong.map_err(ModelError::system("start a coroutine"))?;
    let ping_pong = ping_pong.join().ok().flatten().unwrap_or_else(|| Err(gone()));
    let ping_pong = agree(ping_pong, other.join().ok().flatten().unwrap_or_else(|| Err(gone())));
    model.stop()?;
    ping_pong
}
