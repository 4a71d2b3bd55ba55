//! Servers, each written after one concurrency model, and the fleet of clients that loads them.
//!
//! Every server does the same: it answers what it is sent in upper case, over plain TCP or as the body of an HTTP
//! request. The fleet sends from a process of its own, and holds every byte of every answer against what it has sent.
//!
//! A server and a fleet are processes: [`be_server`] and [`be_fleet`] are what they do, [`ServerProcess`] and
//! [`FleetProcess`] how they look to whoever measures them.

mod answer;
mod error;
mod fleet;
mod listen;
mod process;
mod servers;
mod service;

use std::convert::Infallible;

pub use error::{Result, ServingError};
pub use fleet::Fleet;
pub use listen::BACKLOG;
pub use process::{FleetProcess, ServerProcess};
pub use servers::{MOST_PROCESSES, MOST_WORKERS, REFERENCE, SERVERS, Server, Sizing, find};
pub use service::{Lie, Life, Load, Outcome, Phase, Protocol, Service};

/// The variable by which async-std's global runtime is told how many threads it has.
const ASYNC_STD_THREADS: &str = "ASYNC_STD_THREAD_COUNT";
/// For how many connections a server and its clients have room from the start.
const ROOM: u64 = 16_384;

/// Serves until this process is ended. Call it before anything else has started a thread.
///
/// # Errors
///
/// When there is no such server, the system refuses something, or a part of the server ends.
pub fn be_server(service: &Service) -> Result<Infallible> {
    process::confine(&service.cores)?;
    make_room();
    concbench_sys::set_before_threads(ASYNC_STD_THREADS, service.workers.to_string())
        .map_err(ServingError::system("set a variable of the environment"))?;
    let served = servers::serve(service);
    if let Err(ServingError::Unsupported(why)) = &served {
        listen::refuse(why)?;
    }
    served
}

/// Loads a server as it is told on standard input, and says what it sees on standard output.
///
/// # Errors
///
/// When standard output takes no line; what is wrong with the server is said.
pub fn be_fleet(load: Load) -> Result<()> {
    process::confine(&load.cores)?;
    make_room();
    fleet::load(load)
}

/// Has room for a crowd before it comes. Whether the hard limit of descriptors is enough was looked at before.
fn make_room() {
    let _ = concbench_sys::raise_descriptor_limit();
    let _ = concbench_sys::widen_descriptor_table(ROOM);
}
