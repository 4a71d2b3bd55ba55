//! Who sends and who receives, each written once for whatever carries the messages.

use std::time::Duration;

use concbench_model::{ModelError, clock_ns};
use concbench_stats::{FEWEST_FOR_P99, quantile, sorted};
use futures::FutureExt;
use serde::{Deserialize, Serialize};

use crate::plan::{Capacity, Plan, Result};
use crate::stamp::Stamp;
use crate::tally::{Tally, Wrong};

/// How many round trips come before those that count, at most, and for which part of the time.
const WARM_UP: u64 = 20;
const WARM_UP_PART: u64 = 4;
/// How many round trips there are at most: more would only take memory.
const MOST_ROUNDS: u64 = 200_000;
/// How many messages are sent between two looks at the clock, at most.
const MOST_AT_ONCE: u64 = 64;
/// For how long, about: where a message waits for a core each time, a look after every one costs nothing.
const AT_ONCE_NS: u64 = 50_000;
/// How many bytes an unbounded channel may come to hold, and how many messages.
const MOST_BYTES: usize = 64 << 20;
const MOST_MESSAGES: usize = 1_000_000;

/// The end of a channel that sends.
///
/// Where waiting blocks, its futures are ready at the first poll.
pub(crate) trait Outlet: Send + 'static {
    /// Hands a message over.
    fn send(&mut self, stamp: Stamp) -> impl Future<Output = Result<()>> + Send;

    /// Says that no more will come. An end that is closed by being dropped needs none of its own.
    fn close(self)
    where
        Self: Sized,
    {
    }
}

/// The end of a channel that receives, likewise.
pub(crate) trait Inlet: Send + 'static {
    /// Waits for a message; `None` once no more will come.
    fn receive(&mut self) -> impl Future<Output = Result<Option<Stamp>>> + Send;
}

/// The other end has left.
pub(crate) fn gone() -> ModelError {
    ModelError::Protocol { who: "the other end", what: "it has left".to_owned() }
}

/// How much a producer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    time: Duration,
    most: u64,
}

impl Quota {
    pub(crate) fn of(plan: &Plan) -> Self {
        let most = match plan.capacity {
            Capacity::Unbounded => (MOST_BYTES / plan.bytes.max(1)).min(MOST_MESSAGES) as u64,
            _ => u64::MAX,
        };
        Self { time: plan.time, most }
    }
}

/// What an end tells when it has done its part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Told {
    /// A producer.
    Sent { producer: usize, messages: u64, begun_ns: u64 },
    /// A consumer.
    Received { tally: Tally, ended_ns: u64 },
    /// Who asked and waited for answers.
    Asked(RoundTrips),
    /// Who answered.
    Answered(u64),
    /// What lies between the ends has handed everything over.
    Served,
}

/// What round trips took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RoundTrips {
    /// How many there were.
    pub rounds: u64,
    /// The median, in nanoseconds.
    pub p50_ns: f64,
    /// The 99th percentile, in nanoseconds; `None` for fewer than [`FEWEST_FOR_P99`].
    pub p99_ns: Option<f64>,
}

impl RoundTrips {
    fn of(took_ns: &[f64]) -> Option<Self> {
        let ascending = sorted(took_ns);
        let p99_ns = (ascending.len() as u64 >= FEWEST_FOR_P99).then(|| quantile(&ascending, 0.99)).flatten();
        Some(Self { rounds: ascending.len() as u64, p50_ns: quantile(&ascending, 0.5)?, p99_ns })
    }
}

/// Sends until the time is over, or as much as may be.
pub(crate) async fn produce<O: Outlet>(mut outlet: O, producer: usize, quota: Quota) -> Result<Told> {
    let begun_ns = clock_ns();
    let end_ns = begun_ns + quota.time.as_nanos() as u64;
    let (mut messages, mut at_once, mut before_ns) = (0, 1, begun_ns);
    while messages < quota.most && before_ns < end_ns {
        for _ in 0..at_once.min(quota.most - messages) {
            outlet.send(Stamp::new(producer, messages)).await?;
            messages += 1;
        }
        let now_ns = clock_ns();
        at_once = if now_ns - before_ns < AT_ONCE_NS { at_once * 2 } else { at_once / 2 };
        at_once = at_once.clamp(1, MOST_AT_ONCE);
        before_ns = now_ns;
    }
    outlet.close();
    Ok(Told::Sent { producer, messages, begun_ns })
}

/// Receives until no more will come.
pub(crate) async fn consume<I: Inlet>(mut inlet: I, producers: usize) -> Result<Told> {
    let mut tally = Tally::new(producers);
    while let Some(stamp) = inlet.receive().await? {
        tally.add(stamp)?;
    }
    Ok(Told::Received { tally, ended_ns: clock_ns() })
}

/// Sends and waits for the answer, until the time is over.
pub(crate) async fn ask<O: Outlet, I: Inlet>(mut outlet: O, mut inlet: I, time: Duration) -> Result<Told> {
    let time_ns = time.as_nanos() as u64;
    let warm_ns = clock_ns() + time_ns / WARM_UP_PART;
    let mut first = 0;
    while first == 0 || (first < WARM_UP && clock_ns() < warm_ns) {
        exchange(&mut outlet, &mut inlet, first).await?;
        first += 1;
    }
    let mut took_ns = Vec::new();
    let mut before_ns = clock_ns();
    let end_ns = before_ns + time_ns;
    for number in first..first + MOST_ROUNDS {
        exchange(&mut outlet, &mut inlet, number).await?;
        let after_ns = clock_ns();
        took_ns.push((after_ns - before_ns) as f64);
        before_ns = after_ns;
        if after_ns >= end_ns {
            break;
        }
    }
    outlet.close();
    Ok(Told::Asked(RoundTrips::of(&took_ns).ok_or_else(gone)?))
}

async fn exchange<O: Outlet, I: Inlet>(outlet: &mut O, inlet: &mut I, number: u64) -> Result<()> {
    outlet.send(Stamp::new(0, number)).await?;
    match inlet.receive().await? {
        Some(answer) if answer == answer_to(number) => Ok(()),
        Some(_) => Err(Wrong::Damaged.into()),
        None => Err(gone().into()),
    }
}

/// The answer is another message than the question, so that none can pass for its own answer.
fn answer_to(number: u64) -> Stamp {
    Stamp::new(1, number)
}

/// Answers until no more will come.
pub(crate) async fn answer<O: Outlet, I: Inlet>(mut outlet: O, mut inlet: I) -> Result<Told> {
    let mut answered = 0;
    while let Some(stamp) = inlet.receive().await? {
        if stamp != Stamp::new(0, answered) {
            return Err(Wrong::Damaged.into());
        }
        outlet.send(answer_to(answered)).await?;
        answered += 1;
    }
    outlet.close();
    Ok(Told::Answered(answered))
}

/// Runs an end whose waiting blocks.
pub(crate) fn blocking<T>(end: impl Future<Output = Result<T>>) -> Result<T> {
    let waited = || ModelError::Protocol { who: "an end that blocks", what: "it waited".to_owned() };
    end.now_or_never().unwrap_or_else(|| Err(waited().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_99th_percentile_needs_as_many_round_trips_as_bound_it() {
        let trips = |count: u32| RoundTrips::of(&(0..count).map(f64::from).collect::<Vec<_>>());
        assert_eq!(trips(0), None);
        assert_eq!(trips(297), Some(RoundTrips { rounds: 297, p50_ns: 148.0, p99_ns: None }));
        assert_eq!(trips(301), Some(RoundTrips { rounds: 301, p50_ns: 150.0, p99_ns: Some(297.0) }));
    }

    #[test]
    fn what_an_unbounded_channel_may_come_to_hold_is_bounded() {
        let plan = |bytes, capacity| Plan {
            bytes,
            shape: crate::Shape::OneToOne,
            capacity,
            cores: crate::Cores::One,
            time: Duration::ZERO,
        };
        assert_eq!(Quota::of(&plan(8, Capacity::Unbounded)).most, 1_000_000);
        assert_eq!(Quota::of(&plan(1 << 20, Capacity::Unbounded)).most, 64);
        assert_eq!(Quota::of(&plan(1 << 20, Capacity::Bytes)).most, u64::MAX);
    }
}
