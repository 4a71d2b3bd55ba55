//! Processes that a model starts: none of them outlives the one that started it.
//!
//! A copy of this process is a [`fork_child`]. A new one is this executable again in a [`Role`], which says what it is
//! there for and from what it builds its workload, and is started as a [`Child`]. Either exits with [`REPLIED`] once all
//! is said.

mod child;
mod file_handle;
mod role;
mod stderr_tail;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use crate::{ModelError, Result};
pub use child::Child;
pub use concbench_sys::Forker;
pub use file_handle::FileHandle;
use role::die_with;
pub use role::{Role, RoleError, Transport};
pub use stderr_tail::StderrTail;

/// The exit code of a process that has sent its reply: any other end, an early exit 0 included, has lost the task.
pub const REPLIED: i32 = 90;

/// What forks this process: forking copies only the thread that calls, and with others about, a lock that one of them
/// held would stay locked.
///
/// # Errors
///
/// When this process has other threads.
pub fn forker() -> Result<Forker> {
    Forker::new().map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => ModelError::Unsupported(error.to_string()),
        _ => ModelError::System { what: "look for other threads", source: error },
    })
}

/// Forks a process that ends with this one, and exits with what `run` returns: [`REPLIED`] if all is well.
///
/// # Errors
///
/// When this process has more than one thread by now, or the system refuses another process.
pub fn fork_child(forker: &Forker, who: &'static str, run: impl FnOnce() -> i32) -> Result<Child> {
    let parent = rustix::process::getpid().as_raw_nonzero().get();
    let child = || match die_with(parent) {
        Ok(()) => run(),
        Err(_) => 1,
    };
    let pid = forker.fork(child).map_err(ModelError::system("fork a process"))?;
    Ok(Child::of(pid, who))
}

/// Waits for all of them; the first that ended badly is the error.
///
/// # Errors
///
/// How that one has ended.
pub fn join_all(children: impl IntoIterator<Item = Child>) -> Result<()> {
    // Not a fold that stops at the first error: every one of them is waited for.
    let ends: Vec<_> = children.into_iter().map(Child::join).collect();
    ends.into_iter().collect()
}

/// The standard output of a process that gives its own up to the protocol: what a task prints goes where errors go.
///
/// # Errors
///
/// When the system refuses another descriptor.
pub fn stdout() -> Result<OwnedFd> {
    let take = || {
        let replies = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok(replies)
    };
    take().map_err(|error: Errno| ModelError::System {
        what: "take the pipe for replies",
        source: error.into(),
    })
}

/// The standard input of a worker, likewise: a task that reads its own finds nothing.
///
/// # Errors
///
/// When the system refuses another descriptor.
pub fn stdin() -> Result<OwnedFd> {
    let take = || {
        let requests = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(requests)
    };
    take().map_err(ModelError::system("take the channel to the parent"))
}

/// A pipe: the end to read, and the end to write.
///
/// # Errors
///
/// When the system refuses two descriptors more.
pub fn pipe() -> Result<(File, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| ModelError::System { what: "make a pipe", source: error.into() })?;
    Ok((File::from(read), write))
}
