//! Models whose tasks run in processes of their own.

mod child;
pub(super) mod coroutines;
mod feed;
pub(super) mod fork;
pub(super) mod forkserver;
mod frame;
#[cfg(test)]
pub(crate) mod hostile;
mod outbox;
pub(super) mod pool;
pub(super) mod shm;
pub(super) mod spawn;
pub(super) mod threads;
mod workers;

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::Arc;

use concbench_workloads::Workload;

use super::placement::bind;
use super::{ModelError, Result, attempt_blocking};
use crate::role::{Crew, Role, die_with};
use crate::sys;
use child::Child;
use frame::Reply;

/// The exit code of a process that has sent its reply: any other end, an early exit 0 included, has lost the task.
pub(crate) const REPLIED: i32 = 90;
/// What a process that runs one task is called in errors.
const TASK_PROCESS: &str = "the process of a task";

/// Plays the part of a model's process, if this process was started as one; `None` if it was not.
///
/// For a program that runs models without a [`Harness`](crate::Harness): call it first thing in `main`, with a
/// function that builds the workload from [`Settings::recipe`](super::Settings::recipe).
#[doc(hidden)]
pub fn serve_role<W: Workload>(build: impl FnOnce(&str) -> W) -> Option<ExitCode> {
    let served = match Role::take() {
        Ok(role) => {
            let role = role?;
            serve(&role, &Arc::new(build(role.recipe()?))).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    Some(match served {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Err(error) => {
            eprintln!("concbench: {error}");
            ExitCode::FAILURE
        }
    })
}

/// Does what a process of a process model is there for; returns its exit code.
///
/// # Errors
///
/// When its parent speaks another protocol, or the system refuses something.
pub(crate) fn serve<W: Workload>(role: &Role, workload: &Arc<W>) -> Result<i32> {
    match role {
        Role::Task { index, .. } => Ok(answer(workload.as_ref(), *index, &mut File::from(stdout()?))),
        Role::Forkserver { .. } => forkserver::serve(workload.as_ref()),
        Role::PoolWorker { crew, core, .. } => {
            if let Some(core) = *core {
                bind(core);
            }
            match *crew {
                Crew::Frames => pool::serve(workload.as_ref()),
                Crew::Threads { threads } => threads::serve(workload.as_ref(), threads),
                Crew::Coroutines => coroutines::serve(workload),
                Crew::Rings { worker, workers, spin } => shm::serve(workload.as_ref(), worker, workers, spin),
            }
        }
        Role::Runner | Role::Target => {
            Err(ModelError::Protocol { who: "the parent", what: "this role runs no tasks".to_owned() })
        }
    }
}

/// Runs one task and writes its reply in one piece, so that replies from several processes do not mix in one pipe.
fn answer<W: Workload>(workload: &W, index: u64, replies: &mut File) -> i32 {
    let mut bytes = Vec::new();
    Reply::of(index, attempt_blocking(workload, index)).encode(&mut bytes);
    match replies.write_all(&bytes) {
        Ok(()) => REPLIED,
        Err(_) => 1,
    }
}

/// Forks a process that answers for one task.
fn fork_to_answer<W: Workload>(workload: &W, index: u64, replies: &mut File) -> Result<Child> {
    fork_child(TASK_PROCESS, || answer(workload, index, replies))
}

/// Forks a process that ends with this one, and exits with what `run` returns: [`REPLIED`] if all is well.
pub(crate) fn fork_child(who: &'static str, run: impl FnOnce() -> i32) -> Result<Child> {
    let parent = rustix::process::getpid().as_raw_nonzero().get();
    let child = || match die_with(parent) {
        Ok(()) => run(),
        Err(_) => 1,
    };
    let pid = sys::fork(child).map_err(ModelError::system("fork a process"))?;
    Ok(Child::of(pid, who))
}

/// Waits for all of them; the first that ended badly is the error.
fn join_all(children: impl IntoIterator<Item = Child>) -> Result<()> {
    // Not a fold that stops at the first error: every one of them is waited for.
    let ends: Vec<_> = children.into_iter().map(Child::join).collect();
    ends.into_iter().collect()
}

/// The standard output of a process that gives its own up to the protocol: what a task prints goes where errors go.
fn stdout() -> Result<OwnedFd> {
    let take = || {
        let replies = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok(replies)
    };
    take().map_err(|error: rustix::io::Errno| ModelError::System {
        what: "take the pipe for replies",
        source: error.into(),
    })
}

/// The standard input of a worker, likewise: a task that reads its own finds nothing.
fn stdin() -> Result<OwnedFd> {
    let take = || {
        let requests = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(requests)
    };
    take().map_err(ModelError::system("take the channel to the parent"))
}

/// A pipe: the end to read, and the end to write.
pub(crate) fn pipe() -> Result<(File, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| ModelError::System { what: "make a pipe", source: error.into() })?;
    Ok((File::from(read), write))
}

/// Forking copies only the thread that calls: with others about, a lock that one of them held would stay locked.
pub(crate) fn require_single_thread() -> Result<()> {
    let status =
        std::fs::read_to_string("/proc/self/status").map_err(ModelError::system("count own threads"))?;
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")).map(str::trim);
    match threads {
        Some("1") => Ok(()),
        other => Err(ModelError::Unsupported(format!(
            "forking needs a process with one thread, this one has {}",
            other.unwrap_or("an unknown number")
        ))),
    }
}
