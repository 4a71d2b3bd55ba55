//! Channels that misbehave, for tests: each is caught by what `tally` makes of its messages.

use crate::channels::{Channel, channel, there_and_back};
use crate::ends::Outlet;
use crate::lane::Lane;
use crate::plan::{Between, Plan, Result};
use crate::processes::pipe;
use crate::stamp::Stamp;
use crate::threads::channels;

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

/// All of them.
pub const DOUBLES: [Channel; 6] = [
    channel!("pipe-loses", "", Processes, false, |plan| Ok(faulty(pipe::lane(plan)?, Fault::Loses))),
    channel!("pipe-doubles", "", Processes, false, |plan| Ok(faulty(pipe::lane(plan)?, Fault::Doubles))),
    channel!("pipe-reorders", "", Processes, false, |plan| Ok(faulty(pipe::lane(plan)?, Fault::Reorders))),
    channel!("flume-loses", "", Threads, true, |plan| Ok(faulty(channels::flume(plan)?, Fault::Loses))),
    channel!("flume-doubles", "", Threads, true, |plan| Ok(faulty(channels::flume(plan)?, Fault::Doubles))),
    channel!("flume-reorders", "", Threads, true, |plan| Ok(faulty(channels::flume(plan)?, Fault::Reorders))),
];
