//! Channels that misbehave, for tests: each is caught by what `tally` makes of its messages.

use crate::channels::{CHANNELS, Channel, channel, every_channel, there_and_back};
use crate::ends::Outlet;
use crate::lane::Lane;
use crate::plan::{Between, Plan, Result};
use crate::stamp::Stamp;

/// Which message the fault hits.
const HIT: u64 = 2;

/// What goes wrong.
#[derive(Clone, Copy)]
enum Fault {
    Loses,
    Doubles,
    Reorders,
}

/// An end that does something wrong with one of its messages.
struct Faulty<O> {
    inner: O,
    fault: Fault,
    /// A message that is sent after the one behind it.
    held: Option<Stamp>,
}

impl<O: Outlet> Outlet for Faulty<O> {
    async fn send(&mut self, stamp: Stamp) -> Result<()> {
        match self.fault {
            Fault::Loses if stamp.number() == HIT => return Ok(()),
            Fault::Doubles if stamp.number() == HIT => self.inner.send(stamp).await?,
            Fault::Reorders if stamp.number() == HIT => {
                self.held = Some(stamp);
                return Ok(());
            }
            _ => {}
        }
        self.inner.send(stamp).await?;
        match self.held.take() {
            Some(held) => self.inner.send(held).await,
            None => Ok(()),
        }
    }

    fn close(self) {
        self.inner.close();
    }
}

fn faulty<O, I>(lane: Lane<O, I>, fault: Fault) -> Lane<Faulty<O>, I> {
    let outlet = |inner| Faulty { inner, fault, held: None };
    Lane {
        outlets: lane.outlets.into_iter().map(outlet).collect(),
        inlets: lane.inlets,
        between: lane.between,
    }
}

macro_rules! with_each_fault {
    ($(($id:literal, $summary:literal, $between:ident, $has_capacity:literal, $lane:path)),* $(,)?) => {
        [$(
            with_fault!($id, "-loses", $summary, $between, $has_capacity, $lane, Fault::Loses),
            with_fault!($id, "-doubles", $summary, $between, $has_capacity, $lane, Fault::Doubles),
            with_fault!($id, "-reorders", $summary, $between, $has_capacity, $lane, Fault::Reorders),
        )*]
    };
}
macro_rules! with_fault {
    ($id:literal, $does:literal, $summary:literal, $between:ident, $has_capacity:literal, $lane:path, $fault:expr) => {
        channel!(concat!($id, $does), $summary, $between, $has_capacity, |plan| Ok(faulty(
            $lane(plan)?,
            $fault
        )))
    };
}

/// Every channel with each fault.
pub const DOUBLES: [Channel; 3 * CHANNELS.len()] = every_channel!(with_each_fault);
