use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;

use concbench_model::process::{Child, Role, join_all, pipe};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing,
    Waiting, limits,
};
use concbench_workloads::Workload;

use super::TASK_PROCESS;
use super::frame::{Frames, Reply};

/// A new process with a new program image for each task.
#[derive(Debug)]
pub(crate) struct ProcessSpawn {
    task_spec: String,
}

impl Model for ProcessSpawn {
    const INFO: ModelInfo = ModelInfo {
        id: "process-spawn",
        family: Family::Processes,
        summary: "a new process with a fresh program image for each task",
        right_when: "tasks are long, few, and must not be able to harm each other",
        elsewhere: "Python multiprocessing.Process with start method spawn; Go os/exec",
        sizing: Sizing::PerTask,
        waiting: Waiting::Tasks,
        dispatch: Dispatch::Single,
        all_cores: true,
        survives_crash: true,
        isolates_tasks: true,
        global: false,
        limits: &["nproc", "kernel.pid_max"],
        default: true,
        tuned: None,
        discontinued: None,
    };

    type Shared = concbench_sharing::Processes;

    fn start(settings: &Settings) -> Result<Self> {
        Ok(Self { task_spec: settings.task_spec.clone() })
    }

    fn run<W: Workload>(&mut self, _workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        self.spawn_each(tasks.end - tasks.start, tasks)
    }

    fn run_as_due<W: Workload>(&mut self, _workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        self.spawn_each(arrivals.tasks(), arrivals)
    }

    fn stop(self) -> Result<()> {
        Ok(())
    }
}

impl ProcessSpawn {
    /// Starts a process for each of `tasks`, of which there are so many, as they come.
    fn spawn_each(&self, count: u64, tasks: impl Iterator<Item = u64>) -> Result<Digest> {
        limits::allow_processes(count as usize)?;
        let (replies, write) = pipe()?;
        let (children, refused) = start_each(tasks, |index| self.spawn(index, &write));
        drop(write);
        gather(replies, children, refused)
    }

    fn spawn(&self, index: u64, replies: &OwnedFd) -> Result<Child> {
        let replies = replies.try_clone().map_err(ModelError::system("share the pipe for replies"))?;
        let role = Role::Task { task_spec: self.task_spec.clone(), index };
        let mut command = role.command();
        command.stdin(Stdio::null()).stdout(replies);
        Child::spawn(&mut command, TASK_PROCESS)
    }
}

/// Starts a process for each task, up to the first that is refused.
pub(super) fn start_each(
    tasks: impl Iterator<Item = u64>,
    mut start: impl FnMut(u64) -> Result<Child>,
) -> (Vec<Child>, Option<ModelError>) {
    let mut children = Vec::with_capacity(tasks.size_hint().0);
    for index in tasks {
        match start(index) {
            Ok(child) => children.push(child),
            Err(error) => return (children, Some(error)),
        }
    }
    (children, None)
}

/// Reads replies until every process has closed its end of the pipe, then waits for all of them.
pub(super) fn gather(mut replies: File, children: Vec<Child>, refused: Option<ModelError>) -> Result<Digest> {
    let mut fold = Fold::default();
    let mut frames = Frames::default();
    let mut buffer = [0; 4096];
    loop {
        let read = replies.read(&mut buffer).map_err(ModelError::system("read replies"))?;
        if read == 0 {
            break;
        }
        frames.extend(&buffer[..read]);
        while let Some(frame) = frames.next()? {
            let reply = Reply::decode(frame)?;
            fold.push(reply.index, reply.into_result());
        }
    }
    let ends = join_all(children);
    refused.map_or(Ok(()), Err)?;
    ends?;
    fold.finish()
}
