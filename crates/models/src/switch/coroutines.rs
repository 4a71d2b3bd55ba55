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

use super::rally::{Link, Rally, answer, gone, serve, settle};
use crate::async_std::AsyncStd;
use crate::may::May;
use crate::smol::Smol;
use crate::tokio::{current_thread, multi_thread};
use concbench_sys::spawn_stackful;

/// tokio's channel in each direction.
struct Tokio(tokio_channel::Sender<u64>, tokio_channel::Receiver<u64>);

impl Link for Tokio {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.0.send(ball).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().await
    }
}

async fn on_tokio(time: Duration) -> Result<Rally> {
    let ((there, served), (back, came_back)) = (tokio_channel::channel(1), tokio_channel::channel(1));
    let other = ::tokio::spawn(answer(Tokio(back, served)));
    let rally = ::tokio::spawn(serve(Tokio(there, came_back), time)).await;
    settle(rally.unwrap_or_else(|_| Err(gone())), other.await.unwrap_or_else(|_| Err(gone())))
}

pub(super) fn tokio_current_thread(_: &Settings, time: Duration) -> Result<Rally> {
    current_thread()?.block_on(on_tokio(time))
}

pub(super) fn tokio_multi_thread(settings: &Settings, time: Duration) -> Result<Rally> {
    multi_thread(settings)?.block_on(on_tokio(time))
}

/// async-std's channel in each direction.
struct OfAsyncStd(async_std_channel::Sender<u64>, async_std_channel::Receiver<u64>);

impl Link for OfAsyncStd {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.0.send(ball).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().await.ok()
    }
}

pub(super) fn async_std(settings: &Settings, time: Duration) -> Result<Rally> {
    let model = AsyncStd::start(settings)?;
    let (there, served) = async_std_channel::bounded(1);
    let (back, came_back) = async_std_channel::bounded(1);
    let other = ::async_std::task::spawn(answer(OfAsyncStd(back, served)));
    let rally = ::async_std::task::spawn(serve(OfAsyncStd(there, came_back), time));
    // Not async-std's own `block_on`, which would make this thread one more worker.
    let rally = ::smol::future::block_on(async { settle(rally.await, other.await) });
    model.stop()?;
    rally
}

/// smol's channel in each direction: a later version of async-std's.
struct OfSmol(smol_channel::Sender<u64>, smol_channel::Receiver<u64>);

impl Link for OfSmol {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.0.send(ball).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().await.ok()
    }
}

pub(super) fn smol(settings: &Settings, time: Duration) -> Result<Rally> {
    let model = Smol::start(settings)?;
    let (there, served) = smol_channel::bounded(1);
    let (back, came_back) = smol_channel::bounded(1);
    let other = model.executor().spawn(answer(OfSmol(back, served)));
    let rally = model.executor().spawn(serve(OfSmol(there, came_back), time));
    let rally = ::smol::future::block_on(async { settle(rally.await, other.await) });
    model.stop()?;
    rally
}

/// The channel of `futures` in each direction, for schedulers that bring none.
struct OfFutures(futures_channel::Sender<u64>, futures_channel::Receiver<u64>);

impl Link for OfFutures {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.0.send(ball).await.map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.next().await
    }
}

fn of_futures() -> (OfFutures, OfFutures) {
    let ((there, served), (back, came_back)) = (futures_channel::channel(0), futures_channel::channel(0));
    (OfFutures(there, came_back), OfFutures(back, served))
}

pub(super) fn join_all(_: &Settings, time: Duration) -> Result<Rally> {
    let (ours, theirs) = of_futures();
    current_thread()?.block_on(async {
        let (rally, answered) = futures::join!(serve(ours, time), answer(theirs));
        settle(rally, answered)
    })
}

pub(super) fn compio(_: &Settings, time: Duration) -> Result<Rally> {
    let (ours, theirs) = of_futures();
    let runtime = Runtime::new().map_err(ModelError::system("make an io_uring"))?;
    runtime.block_on(async {
        let other = runtime.spawn(answer(theirs));
        let rally = runtime.spawn(serve(ours, time)).await.unwrap_or_else(|_| Err(gone()));
        settle(rally, other.await.unwrap_or_else(|_| Err(gone())))
    })
}

/// May's channel in each direction: it blocks the coroutine and not its thread.
struct OfMay(may_channel::Sender<u64>, may_channel::Receiver<u64>);

impl Link for OfMay {
    async fn send(&mut self, ball: u64) -> Result<()> {
        self.0.send(ball).map_err(|_| gone())
    }

    async fn receive(&mut self) -> Option<u64> {
        self.1.recv().ok()
    }
}

pub(super) fn may(settings: &Settings, time: Duration) -> Result<Rally> {
    let model = May::start(settings)?;
    let ((there, served), (back, came_back)) = (may_channel::channel(), may_channel::channel());
    let other = spawn_stackful(answer(OfMay(back, served)));
    let other = other.map_err(ModelError::system("start a coroutine"))?;
    let rally = spawn_stackful(serve(OfMay(there, came_back), time));
    let rally = rally.map_err(ModelError::system("start a coroutine"))?;
    let rally = rally.join().ok().flatten().unwrap_or_else(|| Err(gone()));
    let rally = settle(rally, other.join().ok().flatten().unwrap_or_else(|| Err(gone())));
    model.stop()?;
    rally
}
