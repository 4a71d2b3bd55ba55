//! The channels, and how each is measured.

use crate::cores::{Sides, keep_to};
use crate::ends::{Inlet, Outlet, RoundTrips};
use crate::lane::{Lane, Outcome, Scene, Streamed};
use crate::plan::{Between, Plan, Result, Shape};
use crate::{processes, tasks, threads};

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
    ($id:expr, $summary:expr, $between:ident, $has_capacity:literal, $lane:expr) => {
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

/// What a macro makes of every channel: its id, what it is, what it connects, whether it can be told what it may hold, and
/// what makes its ends.
macro_rules! every_channel {
    ($make:ident) => {
        $make![
            ("pipe", "a pipe", Processes, false, $crate::processes::pipe::lane),
            (
                "unix-socket",
                "a pair of stream sockets",
                Processes,
                false,
                $crate::processes::connections::unix
            ),
            (
                "tcp",
                "TCP over the loopback, without delays",
                Processes,
                false,
                $crate::processes::connections::tcp
            ),
            (
                "shared-ring",
                "a ring in shared memory, with a futex to sleep at",
                Processes,
                true,
                $crate::processes::ring::lane
            ),
            (
                "broker",
                "a queue in a process between them, over sockets",
                Processes,
                true,
                $crate::processes::broker::lane
            ),
            (
                "manager",
                "a queue in a process, used through proxies",
                Processes,
                true,
                $crate::processes::manager::lane
            ),
            (
                "std-mpsc",
                "the channel of the standard library",
                Threads,
                true,
                $crate::threads::channels::standard
            ),
            ("crossbeam", "crossbeam's channel", Threads, true, $crate::threads::channels::crossbeam),
            ("flume", "flume's channel", Threads, true, $crate::threads::channels::flume),
            ("tokio-mpsc", "tokio's channel", Tasks, true, $crate::tasks::tokio_mpsc),
            ("async-channel", "the channel of smol and async-std", Tasks, true, $crate::tasks::async_channel),
            ("flume-async", "flume's channel", Tasks, true, $crate::tasks::flume),
        ]
    };
}
pub(crate) use every_channel;

macro_rules! as_they_are {
    ($(($id:literal, $summary:literal, $between:ident, $has_capacity:literal, $lane:path)),* $(,)?) => {
        [$(channel!($id, $summary, $between, $has_capacity, $lane)),*]
    };
}

/// All of them.
pub const CHANNELS: [Channel; 12] = every_channel!(as_they_are);
