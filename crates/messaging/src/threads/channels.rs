//! The channels between threads: what is handed over is the address of a message, or the message if it is one word.

use std::sync::mpsc;

use concbench_model::ModelError;

use crate::ends::{Inlet, Outlet, gone};
use crate::lane::Lane;
use crate::plan::{Plan, Result};
use crate::stamp::Stamp;
use crate::tally::Wrong;

/// A message within a process.
pub(crate) enum Message {
    Word(u64),
    Words(Box<[u64]>),
}

impl Message {
    pub(crate) fn new(stamp: Stamp, words: usize) -> Self {
        if words == 1 {
            return Self::Word(stamp.word(0));
        }
        let mut message = vec![0; words].into_boxed_slice();
        stamp.fill(&mut message);
        Self::Words(message)
    }

    pub(crate) fn stamp(&self) -> Result<Stamp> {
        let stamp = match self {
            Self::Word(word) => Stamp::of(&[*word]),
            Self::Words(words) => Stamp::of(words),
        };
        Ok(stamp.ok_or(Wrong::Damaged)?)
    }
}

/// An end of a channel within a process, and how long a message is, in words.
pub(crate) struct End<C>(pub(crate) C, pub(crate) usize);

/// As many ends as the shape has, each with a copy of what all share.
pub(crate) fn shared<S: Clone, R: Clone>(plan: &Plan, (sender, receiver): (S, R)) -> Lane<End<S>, End<R>> {
    let words = plan.words();
    Lane {
        outlets: vec![sender; plan.shape.producers()].into_iter().map(|end| End(end, words)).collect(),
        inlets: vec![receiver; plan.shape.consumers()].into_iter().map(|end| End(end, words)).collect(),
        between: None,
    }
}

/// The same for a channel of which there is one receiver.
pub(crate) fn shared_sender<S: Clone, R>(
    plan: &Plan,
    (sender, receiver): (S, R),
) -> Result<Lane<End<S>, End<R>>> {
    if plan.shape.consumers() > 1 {
        let reason = "it has one receiver: several would have to share it under a lock";
        return Err(ModelError::Unsupported(reason.to_owned()).into());
    }
    let words = plan.words();
    Ok(Lane {
        outlets: vec![sender; plan.shape.producers()].into_iter().map(|end| End(end, words)).collect(),
        inlets: vec![End(receiver, words)],
        between: None,
    })
}

/// Either sender of the standard library.
#[derive(Clone)]
pub(crate) enum Standard {
    Bounded(mpsc::SyncSender<Message>),
    Unbounded(mpsc::Sender<Message>),
}

pub(crate) fn standard(plan: &Plan) -> Result<Lane<End<Standard>, End<mpsc::Receiver<Message>>>> {
    let ends = match plan.capacity() {
        Some(capacity) => {
            let (sender, receiver) = mpsc::sync_channel(capacity);
            (Standard::Bounded(sender), receiver)
        }
        None => {
            let (sender, receiver) = mpsc::channel();
            (Standard::Unbounded(sender), receiver)
        }
    };
    shared_sender(plan, ends)
}

impl Outlet for End<Standard> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        let message = Message::new(stamp, self.1);
        let sent = match &self.0 {
            Standard::Bounded(sender) => sender.send(message),
            Standard::Unbounded(sender) => sender.send(message),
        };
        Ok(sent.map_err(|_| gone())?)
    }
}

impl Inlet for End<mpsc::Receiver<Message>> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.0.recv().ok().map(|message| message.stamp()).transpose()
    }
}

type Crossbeam = Lane<End<crossbeam_channel::Sender<Message>>, End<crossbeam_channel::Receiver<Message>>>;

pub(crate) fn crossbeam(plan: &Plan) -> Result<Crossbeam> {
    let ends = plan.capacity().map_or_else(crossbeam_channel::unbounded, crossbeam_channel::bounded);
    Ok(shared(plan, ends))
}

impl Outlet for End<crossbeam_channel::Sender<Message>> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        Ok(self.0.send(Message::new(stamp, self.1)).map_err(|_| gone())?)
    }
}

impl Inlet for End<crossbeam_channel::Receiver<Message>> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.0.recv().ok().map(|message| message.stamp()).transpose()
    }
}

type Flume = Lane<End<flume::Sender<Message>>, End<flume::Receiver<Message>>>;

pub(crate) fn flume(plan: &Plan) -> Result<Flume> {
    Ok(shared(plan, plan.capacity().map_or_else(flume::unbounded, flume::bounded)))
}

impl Outlet for End<flume::Sender<Message>> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        Ok(self.0.send(Message::new(stamp, self.1)).map_err(|_| gone())?)
    }
}

impl Inlet for End<flume::Receiver<Message>> {
    async fn receive(&mut self) -> Result<Option<Stamp>> {
        self.0.recv().ok().map(|message| message.stamp()).transpose()
    }
}
