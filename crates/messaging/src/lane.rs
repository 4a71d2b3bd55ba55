//! The ends of a channel before anything runs, and what follows from what they tell.

use std::pin::Pin;
use std::time::Duration;

use crate::cores::Sides;
use crate::ends::{Inlet, Outlet, Quota, RoundTrips, Told, answer, ask, blocking, consume, gone, produce};
use crate::plan::{Plan, Result};
use crate::tally::agree;

/// What a part does once all have been told to begin.
pub(crate) type Work = Box<dyn FnOnce() -> Result<Told> + Send>;

/// A thread or a process: an end of a channel, or something between its ends.
pub(crate) struct Part {
    /// What it is called: in errors, and by the kernel.
    pub(crate) who: &'static str,
    /// The core that it is bound to, if it is.
    pub(crate) core: Option<usize>,
    pub(crate) work: Work,
}

/// The ends of one channel, and what lies between them.
pub(crate) struct Lane<O, I> {
    pub(crate) outlets: Vec<O>,
    pub(crate) inlets: Vec<I>,
    pub(crate) between: Option<Part>,
}

/// The one end of those that there should be one of.
fn only<T>(ends: Vec<T>) -> Result<T> {
    ends.into_iter().next().ok_or_else(|| gone().into())
}

/// What an end does, for whatever runs it.
pub(crate) type Task = Pin<Box<dyn Future<Output = Result<Told>> + Send>>;

/// All that takes part in one measurement.
pub(crate) struct Scene {
    between: Vec<Part>,
    pub(crate) producers: Vec<Task>,
    pub(crate) consumers: Vec<Task>,
}

impl Scene {
    /// The parts for what blocks while it waits: what lies between the ends first.
    pub(crate) fn parts(self, sides: Sides) -> Vec<Part> {
        let part = |who, core, task: Task| Part { who, core: Some(core), work: Box::new(|| blocking(task)) };
        let producers = self.producers.into_iter().map(|task| part("a producer", sides.producers, task));
        let consumers = self.consumers.into_iter().map(|task| part("a consumer", sides.consumers, task));
        self.between.into_iter().chain(producers).chain(consumers).collect()
    }
}

impl<O: Outlet, I: Inlet> Lane<O, I> {
    /// Hands messages over as fast as it goes.
    pub(crate) fn stream(self, plan: &Plan) -> Scene {
        let (quota, producers) = (Quota::of(plan), self.outlets.len());
        let produce = |(producer, outlet)| Box::pin(produce(outlet, producer, quota)) as Task;
        let consume = |inlet| Box::pin(consume(inlet, producers)) as Task;
        Scene {
            between: self.between.into_iter().collect(),
            producers: self.outlets.into_iter().enumerate().map(produce).collect(),
            consumers: self.inlets.into_iter().map(consume).collect(),
        }
    }

    /// Sends messages over this lane, and waits for the answer to each over another.
    pub(crate) fn round_trip(self, back: Self, time: Duration) -> Result<Scene> {
        let (there, came_back) = (only(self.outlets)?, only(back.inlets)?);
        let (arrived, sent_back) = (only(self.inlets)?, only(back.outlets)?);
        Ok(Scene {
            between: self.between.into_iter().chain(back.between).collect(),
            producers: vec![Box::pin(ask(there, came_back, time))],
            consumers: vec![Box::pin(answer(sent_back, arrived))],
        })
    }
}

/// What all parts have told, and the CPU time that they took together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) told: Vec<Told>,
    pub(crate) cpu: Duration,
}

/// What came of sending as fast as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streamed {
    /// How many messages were handed over.
    pub messages: u64,
    /// How long that took, from the first that was sent until the last consumer had all.
    pub elapsed: Duration,
    /// The CPU time of every process and thread that took part.
    pub cpu: Duration,
}

impl Streamed {
    /// What follows from what the parts have told.
    ///
    /// # Errors
    ///
    /// When messages were lost or came twice.
    pub(crate) fn of(outcome: Outcome) -> Result<Self> {
        let (mut sent, mut tallies) = (Vec::new(), Vec::new());
        let (mut first, mut last) = (u64::MAX, 0);
        for told in outcome.told {
            match told {
                Told::Sent { producer, messages, begun_ns } => {
                    sent.push((producer, messages));
                    first = first.min(begun_ns);
                }
                Told::Received { tally, ended_ns } => {
                    tallies.push(tally);
                    last = last.max(ended_ns);
                }
                Told::Asked(_) | Told::Answered(_) | Told::Served => {}
            }
        }
        sent.sort_unstable();
        let sent: Vec<u64> = sent.into_iter().map(|(_, messages)| messages).collect();
        agree(&sent, &tallies)?;
        let elapsed = Duration::from_nanos(last.saturating_sub(first));
        Ok(Self { messages: sent.iter().sum(), elapsed, cpu: outcome.cpu })
    }
}

impl RoundTrips {
    /// What the side that asks has told.
    ///
    /// # Errors
    ///
    /// When it is not among them.
    pub(crate) fn among(outcome: &Outcome) -> Result<Self> {
        let asked = |told: &Told| match told {
            Told::Asked(trips) => Some(*trips),
            _ => None,
        };
        outcome.told.iter().find_map(asked).ok_or_else(|| gone().into())
    }
}
