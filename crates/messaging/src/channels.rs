//! The channels, and how each is measured.

use crate::cores::{Sides, keep_to};
use crate::ends::{Inlet, Outlet, RoundTrips};
use crate::lane::{Lane, Outcome, Scene, Streamed};
use crate::plan::{Between, Plan, Result, Shape};
use crate::processes::{self, broker, connections, manager, pipe, ring};
use crate::tasks;
use crate::threads::{self, channels};

/// What hands messages over.
#[derive(Debug, Clone, Copy)]
pub struct Channel {
    /// Its name.
    pub id: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// What it connects.
    pub between: Between,
    /// Whether it can be told how many messages it may hold: the kernel decides for what it keeps itself.
    pub has_capacity: bool,
    pub(crate) stream: fn(&Plan) -> Result<Scene>,
    pub(crate) round_trip: fn(&Plan) -> Result<Scene>,
}

impl Channel {
    /// Hands messages over as fast as it goes, in a process that has done nothing else.
    ///
    /// # Errors
    ///
    /// When the channel cannot do it, when a process of it dies, or when messages are lost, doubled, reordered or damaged.
    pub fn stream(&self, plan: &Plan) -> Result<Streamed> {
        let sides = keep_to(plan.cores)?;
        Streamed::of(self.run(plan, sides, (self.stream)(plan)?)?)
    }

    /// Sends messages and waits for the answer to each: there and back through a channel each, between one and one.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn round_trip(&self, plan: &Plan) -> Result<RoundTrips> {
        let plan = &Plan { shape: Shape::OneToOne, ..*plan };
        let sides = keep_to(plan.cores)?;
        RoundTrips::among(&self.run(plan, sides, (self.round_trip)(plan)?)?)
    }

    fn run(&self, plan: &Plan, sides: Sides, scene: Scene) -> Result<Outcome> {
        match self.between {
            Between::Processes => processes::run(scene.parts(sides)),
            Between::Threads => threads::run(scene.parts(sides)),
            Between::Tasks => tasks::run(scene, plan.cores),
        }
    }
}

/// Both measurements of the channel whose ends this function makes.
macro_rules! channel {
    ($id:expr, $summary:literal, $between:ident, $has_capacity:literal, $lane:expr) => {
        $crate::Channel {
            id: $id,
            summary: $summary,
            between: Between::$between,
            has_capacity: $has_capacity,
            stream: |plan| {
                let lane: fn(&Plan) -> Result<_> = $lane;
                Ok(lane(plan)?.stream(plan))
            },
            round_trip: |plan| {
                let lane: fn(&Plan) -> Result<_> = $lane;
                there_and_back(lane(plan)?, lane(plan)?, plan)
            },
        }
    };
}
pub(crate) use channel;

pub(crate) fn there_and_back<O: Outlet, I: Inlet>(
    there: Lane<O, I>,
    back: Lane<O, I>,
    plan: &Plan,
) -> Result<Scene> {
    there.round_trip(back, plan.time)
}

/// All of them.
pub const CHANNELS: [Channel; 12] = [
    channel!("pipe", "a pipe", Processes, false, pipe::lane),
    channel!("unix-socket", "a pair of stream sockets", Processes, false, connections::unix),
    channel!("tcp", "TCP over the loopback, without delays", Processes, false, connections::tcp),
    channel!("shared-ring", "a ring in shared memory, with a futex to sleep at", Processes, true, ring::lane),
    channel!("broker", "a queue in a process between them, over sockets", Processes, true, broker::lane),
    channel!("manager", "a queue in a process, used through proxies", Processes, true, manager::lane),
    channel!("std-mpsc", "the channel of the standard library", Threads, true, channels::standard),
    channel!("crossbeam", "crossbeam's channel", Threads, true, channels::crossbeam),
    channel!("flume", "flume's channel", Threads, true, channels::flume),
    channel!("tokio-mpsc", "tokio's channel", Tasks, true, tasks::tokio_mpsc),
    channel!("async-channel", "the channel of smol and async-std", Tasks, true, tasks::async_channel),
    channel!("flume-async", "flume's channel", Tasks, true, tasks::flume),
];
