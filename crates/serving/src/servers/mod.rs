//! The servers: one for each construct that programs are written by, all of which do the same.

mod async_std;
mod compio;
mod event_loop;
mod http;
#[allow(unsafe_code, reason = "coroutines with stacks of their own are started by unsafe code only")]
mod may;
mod processes;
mod smol;
mod threads;
mod tokio;

use std::convert::Infallible;

use concbench_model::Family;
use concbench_model::limits::Kind;

use crate::{Life, Protocol, Result, Service, ServingError};

/// The most processes or threads of a server that has a fixed number of them, and of which each serves one connection:
/// what Apache allows its processes unless somebody says otherwise (`MaxRequestWorkers`).
pub const MOST_WORKERS: usize = 256;
/// The most processes of a server that has one for each connection: each takes page tables of its own, and ten thousand
/// of them more memory and time than a cell may.
pub const MOST_PROCESSES: usize = 1000;
/// How many workers for each core there are where each serves one short connection after the other.
const SHORT_PER_CORE: usize = 4;

/// How the number of threads or processes of a server follows from what it is to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// One, whatever comes.
    One,
    /// One for each connection.
    PerConnection,
    /// A fixed number, of which each serves one connection at a time: as many as there are long ones, or a few for each
    /// core where they are short.
    PerConnectionBeforehand,
    /// The same, where the kernel decides beforehand which of them a connection waits for.
    PerConnectionSharedOut,
    /// One for each core, each of which serves any number of connections.
    PerCore,
}

/// A server, after one construct.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// Its name: that of the model that it is written after, where there is one.
    pub id: &'static str,
    /// The kind of its construct.
    pub family: Family,
    /// What it is, in a line.
    pub summary: &'static str,
    /// What decides how many threads or processes it has.
    pub sizing: Sizing,
    /// Whether it can carry hyper, and so HTTP.
    pub http: bool,
    /// What each connection is to it that counts against a limit of the system, beside its descriptor.
    pub each: Option<Kind>,
    serve: fn(&Service) -> Result<Infallible>,
}

/// The server that has nothing but the kernel's events: what the fleet can do at most is seen with it.
pub const REFERENCE: &str = "event-loop";

/// All servers; the first is [`REFERENCE`].
pub const SERVERS: &[Server] = &[
    Server {
        id: REFERENCE,
        family: Family::Baseline,
        summary: "the kernel's events and no runtime, a loop and a listener for each core",
        sizing: Sizing::PerCore,
        http: true,
        each: None,
        serve: event_loop::event_loop,
    },
    Server {
        id: "one-at-a-time",
        family: Family::Baseline,
        summary: "one connection after the other",
        sizing: Sizing::One,
        http: false,
        each: None,
        serve: threads::one_at_a_time,
    },
    Server {
        id: "process-per-client",
        family: Family::Processes,
        summary: "forks for each connection",
        sizing: Sizing::PerConnection,
        http: false,
        each: Some(Kind::Process),
        serve: processes::process_per_client,
    },
    Server {
        id: "prefork",
        family: Family::Processes,
        summary: "processes forked beforehand accept from one socket, each one connection at a time",
        sizing: Sizing::PerConnectionBeforehand,
        http: false,
        each: Some(Kind::Process),
        serve: processes::prefork,
    },
    Server {
        id: "prefork-reuseport",
        family: Family::Processes,
        summary: "processes forked beforehand, each with a listener of its own (`SO_REUSEPORT`)",
        sizing: Sizing::PerConnectionSharedOut,
        http: false,
        each: Some(Kind::Process),
        serve: processes::prefork_reuseport,
    },
    Server {
        id: "thread-per-client",
        family: Family::Threads,
        summary: "starts a thread for each connection",
        sizing: Sizing::PerConnection,
        http: false,
        each: Some(Kind::Thread),
        serve: threads::thread_per_client,
    },
    Server {
        id: "thread-pool",
        family: Family::Pools,
        summary: "threads take connections from a queue, each one at a time",
        sizing: Sizing::PerConnectionBeforehand,
        http: false,
        each: Some(Kind::Thread),
        serve: threads::thread_pool,
    },
    Server {
        id: "tokio-current-thread",
        family: Family::Coroutines,
        summary: "tokio's runtime for one thread",
        sizing: Sizing::One,
        http: true,
        each: None,
        serve: tokio::current_thread,
    },
    Server {
        id: "tokio-multi-thread",
        family: Family::Coroutines,
        summary: "tokio's runtime whose threads take tasks from each other",
        sizing: Sizing::PerCore,
        http: true,
        each: None,
        serve: tokio::multi_thread,
    },
    Server {
        id: "tokio-per-core",
        family: Family::Coroutines,
        summary: "a tokio runtime and a listener for each core (`SO_REUSEPORT`)",
        sizing: Sizing::PerCore,
        http: true,
        each: None,
        serve: tokio::per_core,
    },
    Server {
        id: "smol",
        family: Family::Coroutines,
        summary: "threads that run one executor of smol",
        sizing: Sizing::PerCore,
        http: true,
        each: None,
        serve: smol::smol,
    },
    Server {
        id: "async-std",
        family: Family::Coroutines,
        summary: "async-std's global runtime, discontinued upstream",
        sizing: Sizing::PerCore,
        http: false,
        each: None,
        serve: async_std::async_std,
    },
    Server {
        id: "may",
        family: Family::Coroutines,
        summary: "coroutines with a stack of their own",
        sizing: Sizing::PerCore,
        http: false,
        each: Some(Kind::Stack),
        serve: may::may,
    },
    Server {
        id: "compio",
        family: Family::Coroutines,
        summary: "an io_uring and a listener for each core (`SO_REUSEPORT`)",
        sizing: Sizing::PerCore,
        http: false,
        each: None,
        serve: compio::compio,
    },
    Server {
        id: "process-loops",
        family: Family::Hybrids,
        summary: "a process for each core, with a tokio runtime and a listener of its own (`SO_REUSEPORT`)",
        sizing: Sizing::PerCore,
        http: true,
        each: None,
        serve: processes::process_loops,
    },
];

/// The server with this name.
pub fn find(id: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.id == id)
}

impl Server {
    /// How many threads or processes it has for so many connections on so many cores.
    pub fn workers(&self, life: Life, connections: usize, cores: usize) -> usize {
        match (self.sizing, life) {
            (Sizing::One, _) => 1,
            (Sizing::PerCore, _) => cores,
            (Sizing::PerConnection, _) | (Sizing::PerConnectionBeforehand, Life::Long) => connections,
            (Sizing::PerConnectionSharedOut, Life::Long) => 1,
            (Sizing::PerConnectionBeforehand | Sizing::PerConnectionSharedOut, Life::Short) => {
                SHORT_PER_CORE * cores
            }
        }
    }

    /// Why its construct cannot serve so many connections of this kind, on whatever machine; `None` where it can.
    pub fn refuses(&self, protocol: Protocol, life: Life, connections: usize) -> Option<String> {
        if protocol == Protocol::Http && !self.http {
            return Some("hyper, which speaks HTTP here, needs an event loop that it knows".to_owned());
        }
        match (self.sizing, life) {
            (Sizing::One, Life::Long) if !self.waits_for_many() && connections > 1 => {
                Some(format!("it serves one connection until that closes, and {connections} stay open"))
            }
            (Sizing::PerConnectionSharedOut, Life::Long) if connections > 1 => Some(format!(
                "the kernel chooses a process for each connection without knowing which are free, and of {connections} \
                 that stay open some would wait for ever"
            )),
            (Sizing::PerConnectionBeforehand, Life::Long) if connections > MOST_WORKERS => Some(format!(
                "each of its workers serves one connection until that closes: {connections} stay open, and it has at most \
                 {MOST_WORKERS} workers"
            )),
            (Sizing::PerConnection, _)
                if self.family == Family::Processes && connections > MOST_PROCESSES =>
            {
                Some(format!(
                    "{connections} connections need as many processes, and at most {MOST_PROCESSES} are started"
                ))
            }
            _ => None,
        }
    }

    /// Whether it has processes beside its first.
    pub fn has_processes(&self) -> bool {
        matches!(self.family, Family::Processes | Family::Hybrids)
    }

    /// Whether one thread of it serves many connections.
    fn waits_for_many(&self) -> bool {
        matches!(self.family, Family::Coroutines | Family::Hybrids)
    }
}

/// Serves, and says where on standard output, until its process is ended.
///
/// # Errors
///
/// When there is no such server, the system refuses something, or a part of the server ends.
pub(crate) fn serve(service: &Service) -> Result<Infallible> {
    let server = find(&service.server).ok_or_else(|| ServingError::UnknownServer(service.server.clone()))?;
    if service.protocol == Protocol::Http && !server.http {
        let why = server.refuses(service.protocol, Life::Long, 1).unwrap_or_default();
        return Err(ServingError::Unsupported(why));
    }
    (server.serve)(service)
}
