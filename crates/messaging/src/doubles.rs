//! Channels that misbehave, for tests: each is caught by what `tally` makes of its messages.

use crate::channels::{CHANNELS, Channel, channel, there_and_back};
use crate::ends::Outlet;
use crate::lane::Lane;
use crate::plan::{Between, Plan, Result};
use crate::processes::{broker, connections, manager, pipe, ring};
use crate::stamp::Stamp;
use crate::tasks;
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

/// Each of these channels with each fault.
macro_rules! doubles {
    ($(($id:literal, $between:ident, $has_capacity:literal, $lane:path)),* $(,)?) => {
        [$(
            channel!(concat!($id, "-loses"), "", $between, $has_capacity, |plan| Ok(faulty($lane(plan)?, Fault::Loses))),
            channel!(concat!($id, "-doubles"), "", $between, $has_capacity, |plan| Ok(faulty($lane(plan)?, Fault::Doubles))),
            channel!(concat!($id, "-reorders"), "", $between, $has_capacity, |plan| Ok(faulty($lane(plan)?, Fault::Reorders))),
        )*]
    };
}

/// All of them: three for each channel.
pub const DOUBLES: [Channel; 3 * CHANNELS.len()] = doubles![
    ("pipe", Processes, false, pipe::lane),
    ("unix-socket", Processes, false, connections::unix),
    ("tcp", Processes, false, connections::tcp),
    ("shared-ring", Processes, true, ring::lane),
    ("broker", Processes, true, broker::lane),
    ("manager", Processes, true, manager::lane),
    ("std-mpsc", Threads, true, channels::standard),
    ("crossbeam", Threads, true, channels::crossbeam),
    ("flume", Threads, true, channels::flume),
    ("tokio-mpsc", Tasks, true, tasks::tokio_mpsc),
    ("async-channel", Tasks, true, tasks::async_channel),
    ("flume-async", Tasks, true, tasks::flume),
];
