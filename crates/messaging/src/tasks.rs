//! A task of tokio's runtime for each end, and the channels between tasks.

use std::sync::Arc;

use concbench_model::ModelError;
use concbench_sys::cpu_time;
use tokio::runtime::Builder;
use tokio::sync::{Barrier, mpsc};

use crate::ends::{Inlet, Outlet, gone};
use crate::lane::{Lane, Outcome, Scene};
use crate::plan::{Cores, Plan, Result};
use crate::stamp::Stamp;
use crate::threads::channels::{End, Message, shared, shared_sender};
use crate::threads::whole;

/// Runs every end as a task, on as many workers as there are cores.
///
/// # Errors
///
/// What the channel did wrong, or what the first to fail says.
pub(crate) fn run(scene: Scene, cores: Cores) -> Result<Outcome> {
    let workers = if cores == Cores::One { 1 } else { 2 };
    let runtime = Builder::new_multi_thread().worker_threads(workers).build();
    let runtime = runtime.map_err(ModelError::system("start the tokio runtime"))?;
    let ends: Vec<_> = scene.producers.into_iter().chain(scene.consumers).collect();
    let barrier = Arc::new(Barrier::new(ends.len()));
    let clock = || ModelError::system("read the clock of CPU time");
    let begun = cpu_time(0).map_err(clock())?;
    let start = |end| {
        let barrier = Arc::clone(&barrier);
        runtime.spawn(async move {
            barrier.wait().await;
            end.await
        })
    };
    let tasks: Vec<_> = ends.into_iter().map(start).collect();
    let told = runtime.block_on(async {
        let mut told = Vec::with_capacity(tasks.len());
        for task in tasks {
            told.push(task.await.unwrap_or_else(|_| Err(gone().into())));
        }
        told
    });
    let cpu = cpu_time(0).map_err(clock())?.saturating_sub(begun);
    Ok(Outcome { told: whole(told)?, cpu })
}

/// What a channel between tasks cannot do whose shortest queue has one place.
fn no_handing_over(plan: &Plan) -> Result<()> {
    match plan.capacity() {
        Some(0) => {
            let reason = "it holds at least one message: it cannot hand one over without keeping it";
            Err(ModelError::Unsupported(reason.to_owned()).into())
        }
        _ => Ok(()),
    }
}

/// Either sender of tokio's.
#[derive(Clone)]
pub(crate) enum TokioSender {
    Bounded(mpsc::Sender<Message>),
    Unbounded(mpsc::UnboundedSender<Message>),
}

/// Either receiver.
pub(crate) enum TokioReceiver {
    Bounded(mpsc::Receiver<Message>),
    Unbounded(mpsc::UnboundedReceiver<Message>),
}

pub(crate) fn tokio_mpsc(plan: &Plan) -> Result<Lane<End<TokioSender>, End<TokioReceiver>>> {
    no_handing_over(plan)?;
    let ends = match plan.capacity() {
        Some(capacity) => {
            let (sender, receiver) = mpsc::channel(capacity);
            (TokioSender::Bounded(sender), TokioReceiver::Bounded(receiver))
        }
        None => {
            let (sender, receiver) = mpsc::unbounded_channel();
            (TokioSender::Unbounded(sender), TokioReceiver::Unbounded(receiver))
        }
    };
    shared_sender(plan, ends)
}

impl Outlet for End<TokioSender> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        let message = Message::new(stamp, self.1);
        let sent = match &self.0 {
            TokioSender::Bounded(sender) => sender.send(message).await.is_ok(),
            TokioSender::Unbounded(sender) => sender.send(message).is_ok(),
        };
        sent.then_some(()).ok_or_else(|| gone().into())
    }
}

impl Inlet for End<TokioReceiver> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        let message = match &mut self.0 {
            TokioReceiver::Bounded(receiver) => receiver.recv().await,
            TokioReceiver::Unbounded(receiver) => receiver.recv().await,
        };
        message.map(|message| message.stamp()).transpose()
    }
}

type AsyncChannel = Lane<End<async_channel::Sender<Message>>, End<async_channel::Receiver<Message>>>;

pub(crate) fn async_channel(plan: &Plan) -> Result<AsyncChannel> {
    no_handing_over(plan)?;
    Ok(shared(plan, plan.capacity().map_or_else(async_channel::unbounded, async_channel::bounded)))
}

impl Outlet for End<async_channel::Sender<Message>> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        Ok(self.0.send(Message::new(stamp, self.1)).await.map_err(|_| gone())?)
    }
}

impl Inlet for End<async_channel::Receiver<Message>> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.0.recv().await.ok().map(|message| message.stamp()).transpose()
    }
}

/// An end of flume's channel that gives its thread back while it waits.
#[derive(Clone)]
pub(crate) struct Yielding<C>(C);

type Flume = Lane<End<Yielding<flume::Sender<Message>>>, End<Yielding<flume::Receiver<Message>>>>;

pub(crate) fn flume(plan: &Plan) -> Result<Flume> {
    let (sender, receiver) = plan.capacity().map_or_else(flume::unbounded, flume::bounded);
    Ok(shared(plan, (Yielding(sender), Yielding(receiver))))
}

impl Outlet for End<Yielding<flume::Sender<Message>>> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        Ok(self.0.0.send_async(Message::new(stamp, self.1)).await.map_err(|_| gone())?)
    }
}

impl Inlet for End<Yielding<flume::Receiver<Message>>> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.0.0.recv_async().await.ok().map(|message| message.stamp()).transpose()
    }
}
