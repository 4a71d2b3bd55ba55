//! Models whose tasks run in processes of their own.

pub(crate) mod coroutines;
mod feed;
pub(crate) mod fork;
pub(crate) mod forkserver;
mod frame;
pub mod hostile;
mod outbox;
pub(crate) mod pool;
pub(crate) mod shm;
pub(crate) mod spawn;
pub(crate) mod threads;
mod workers;

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use concbench_model::process::{Child, Forker, REPLIED, Role, Transport, fork_child, stdout};
use concbench_model::{ModelError, Result, attempt_blocking, bind};
use concbench_workloads::Workload;

use frame::Reply;

/// What a process that runs one task is called in errors.
const TASK_PROCESS: &str = "the process of a task";

/// Plays the part of a model's process, if this process was started as one; `None` if it was not.
///
/// For a program that runs models without a harness: call it first thing in `main`, with a
/// function that builds the workload from [`Settings::task_spec`](concbench_model::Settings::task_spec).
#[doc(hidden)]
pub fn serve_role<W: Workload>(build: impl FnOnce(&str) -> W) -> Option<ExitCode> {
    let served = match Role::take() {
        Ok(role) => {
            let role = role?;
            serve(&role, &Arc::new(build(role.task_spec()?))).map_err(|error| error.to_string())
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
        Role::PoolWorker { transport, core, .. } => {
            if let Some(core) = *core {
                bind(core);
            }
            match *transport {
                Transport::Frames { dispatch } => pool::serve(workload.as_ref(), dispatch),
                Transport::Threads { threads } => threads::serve(workload.as_ref(), threads),
                Transport::Coroutines => coroutines::serve(workload),
                Transport::Rings { worker, workers, spin } => {
                    shm::serve(workload.as_ref(), worker, workers, spin)
                }
            }
        }
        Role::Runner
        | Role::Target { .. }
        | Role::Manager
        | Role::External
        | Role::Server { .. }
        | Role::Fleet { .. } => {
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
fn fork_to_answer<W: Workload>(
    forker: &Forker,
    workload: &W,
    index: u64,
    replies: &mut File,
) -> Result<Child> {
    fork_child(forker, TASK_PROCESS, || answer(workload, index, replies))
}
