//! Channels between processes, threads and tasks, and what hands messages over each of them.
//!
//! A [`Channel`] hands messages from producers to consumers. [`Channel::stream`] has producers send as fast as it goes;
//! [`Channel::round_trip`] has one side send and wait for the answer. Both ends are written once, in `ends`, for whatever
//! carries the messages: a thread that blocks polls a future that is ready at once. Every message names its producer and
//! its number, and all of its words follow from these, so that each word is looked at: whatever is lost, doubled,
//! reordered or damaged is found by `tally`.
//!
//! - `stamp`, `tally`: what a message says, and what came of all of them
//! - `ends`: who sends and who receives
//! - `lane`: the ends of a channel, before anything runs
//! - `processes`, `threads`, `tasks`: what runs the ends, and the channels between them

mod channels;
mod cores;
#[doc(hidden)]
pub mod doubles;
mod ends;
mod lane;
mod plan;
mod processes;
mod stamp;
mod tally;
mod tasks;
mod threads;

pub use channels::{CHANNELS, Channel};
pub use ends::RoundTrips;
pub use lane::Streamed;
pub use plan::{Between, Capacity, Cores, MANY, MessagingError, Plan, Shape};
pub use tally::Wrong;
