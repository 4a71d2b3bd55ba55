//! The same executable again, as something else: a runner, a worker process, the HTTP target.
//!
//! A mark in the environment says so. It is read first thing in `main`, before any thread exists, and removed, so that
//! no process started from there inherits it.

use std::io;
use std::num::NonZeroUsize;
use std::process::Command;

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use crate::Dispatch;

/// The variable that holds the mark.
const MARK: &str = "CONCBENCH_ROLE";

/// What a process that concbench starts from its own executable is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Measures one cell, as ordered over its standard input.
    Runner,
    /// Serves the HTTP target.
    Target {
        /// On so many threads.
        threads: NonZeroUsize,
    },
    /// Serves shared objects to the tasks of other processes.
    Manager,
    /// Measures as a runner in another language does, over plain lines on its standard input and output.
    External,
    /// Serves connections, as one of the servers that are measured.
    Server {
        /// Which server, and how.
        service: String,
    },
    /// Loads such a server with many clients.
    Fleet {
        /// With how many, and how.
        load: String,
    },
    /// Runs one task and ends.
    Task {
        /// What its workload is built from.
        task_spec: String,
        /// Which task.
        index: u64,
    },
    /// Forks for each task that it is asked for.
    Forkserver {
        /// What its workload is built from.
        task_spec: String,
    },
    /// Stays, and runs the tasks that it is sent.
    PoolWorker {
        /// What its workload is built from.
        task_spec: String,
        /// How it is sent its tasks.
        transport: Transport,
        /// The core that it is bound to.
        core: Option<usize>,
    },
}

/// How a worker process is sent its tasks, and what runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Frames on its standard input; one task after the other.
    Frames {
        /// How they come, and the replies go: each in a message of its own, or several together.
        dispatch: Dispatch,
    },
    /// Frames on its standard input; this many threads.
    Threads {
        /// How many.
        threads: usize,
    },
    /// Frames on its standard input; an event loop.
    Coroutines,
    /// Rings in shared memory, which is its standard input; one task after the other.
    Rings {
        /// Which of the workers it is, from 0.
        worker: usize,
        /// How many there are.
        workers: usize,
        /// Whether it may spin before it sleeps.
        spin: bool,
    },
}

#[derive(Serialize, Deserialize)]
struct Mark {
    role: Role,
    /// The process that started this one, and without which it must not live on.
    parent: i32,
}

/// Why this process cannot be what its mark says.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// The mark is none.
    #[error("the variable {MARK} is set, but not by concbench: {0}; unset it")]
    Mark(#[from] serde_json::Error),
    /// It was started by a process that has ended.
    #[error("the process that started this one is gone")]
    Orphan,
    /// The kernel refuses to watch the parent.
    #[error("cannot ask the kernel to end this process with its parent: {0}")]
    DeathSignal(#[from] io::Error),
}

impl Role {
    /// What the workload of a model's process is built from; `None` for a role that is no model's.
    pub fn task_spec(&self) -> Option<&str> {
        match self {
            Self::Runner | Self::Manager | Self::External => None,
            Self::Target { .. } | Self::Server { .. } | Self::Fleet { .. } => None,
            Self::Task { task_spec, .. }
            | Self::Forkserver { task_spec }
            | Self::PoolWorker { task_spec, .. } => Some(task_spec),
        }
    }

    /// The role of this process, if it has one: call it first thing in `main`.
    ///
    /// # Errors
    ///
    /// When the mark is none, or the process that set it has ended.
    pub fn take() -> Result<Option<Self>, RoleError> {
        let Some(text) = concbench_sys::take_before_threads(MARK) else {
            return Ok(None);
        };
        let mark: Mark = serde_json::from_str(&text)?;
        die_with(mark.parent)?;
        Ok(Some(mark.role))
    }

    /// A command that starts this executable again in this role. It ends when the calling thread does.
    pub fn command(self) -> Command {
        let mark = Mark { role: self, parent: getpid().as_raw_nonzero().get() };
        // Not the path of the executable: a build meanwhile would put another program there.
        let mut command = Command::new("/proc/self/exe");
        command
            .env(MARK, serde_json::to_string(&mark).expect("a role has no map with keys other than strings"));
        command
    }
}

/// Has the kernel end this process when `parent` ends, and ends it now if that has happened already.
///
/// # Errors
///
/// When that has happened, or the kernel refuses.
pub(crate) fn die_with(parent: i32) -> Result<(), RoleError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)?;
    match getppid().map(|pid| pid.as_raw_nonzero().get()) {
        Some(pid) if pid == parent => Ok(()),
        _ => Err(RoleError::Orphan),
    }
}
