use std::fs::File;
use std::io::{Read, Write};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use concbench_model::process::{Child, REPLIED, Role, forker, pipe, stdin, stdout};
use concbench_model::{
    Arrivals, Digest, Dispatch, Family, Fold, Model, ModelError, ModelInfo, Result, Settings, Sizing,
    Waiting, limits,
};
use concbench_workloads::Workload;

use super::fork_to_answer;
use super::frame::{Frames, Reply, decode_request, encode_request};

/// A small server process that forks on request.
#[derive(Debug)]
pub(crate) struct ProcessForkserver {
    server: Child,
    requests: UnixStream,
    replies: File,
    frames: Frames,
}

/// Instead of an index: the batch is whole, and the server waits for what it has forked.
const END_OF_BATCH: u64 = u64::MAX;

impl Model for ProcessForkserver {
    const INFO: ModelInfo = ModelInfo {
        id: "process-forkserver",
        family: Family::Processes,
        summary: "a small single-threaded server that forks for each task",
        right_when: "isolation is needed and the program itself is large or has threads",
        elsewhere: "Python multiprocessing.Process with start method forkserver",
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
        let (requests, theirs) = UnixStream::pair().map_err(ModelError::system("make a socket pair"))?;
        let (replies, write) = pipe()?;
        let role = Role::Forkserver { task_spec: settings.task_spec.clone() };
        let mut command = role.command();
        command.stdin(OwnedFd::from(theirs)).stdout(write);
        let server = Child::spawn(&mut command, "the fork server")?;
        // It holds this end of the pipe: as long as it is open here, the end of the server would not be seen.
        drop(command);
        let mut model = Self { server, requests, replies, frames: Frames::default() };
        // An empty batch: the server has started once it answers.
        model.batch(0..0)?;
        Ok(model)
    }

    fn run<W: Workload>(&mut self, _workload: &Arc<W>, tasks: Range<u64>) -> Result<Digest> {
        limits::allow_processes((tasks.end - tasks.start) as usize)?;
        self.batch(tasks)
    }

    fn run_as_due<W: Workload>(&mut self, _workload: &Arc<W>, arrivals: Arrivals) -> Result<Digest> {
        limits::allow_processes(arrivals.tasks() as usize)?;
        for index in arrivals {
            let mut bytes = Vec::new();
            encode_request(index, &mut bytes);
            self.send(&bytes)?;
        }
        self.batch(0..0)
    }

    fn stop(self) -> Result<()> {
        drop(self.requests);
        self.server.join()
    }
}

impl ProcessForkserver {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.requests.write_all(bytes).map_err(|_| self.server.lost())
    }

    fn batch(&mut self, tasks: Range<u64>) -> Result<Digest> {
        let mut bytes = Vec::new();
        tasks.for_each(|index| encode_request(index, &mut bytes));
        encode_request(END_OF_BATCH, &mut bytes);
        self.send(&bytes)?;
        let mut fold = Fold::default();
        let mut buffer = [0; 4096];
        loop {
            while let Some(frame) = self.frames.next()? {
                let reply = Reply::decode(frame)?;
                if reply.index == END_OF_BATCH {
                    return fold.finish();
                }
                fold.push(reply.index, reply.into_result());
            }
            let read = self.replies.read(&mut buffer).map_err(ModelError::system("read replies"))?;
            if read == 0 {
                return Err(self.server.lost());
            }
            self.frames.extend(&buffer[..read]);
        }
    }
}

/// The server: forks for each request, and reports those that die without a reply.
pub(super) fn serve<W: Workload>(workload: &W) -> Result<i32> {
    let forker = forker()?;
    serve_requests(File::from(stdin()?), File::from(stdout()?), |index, replies| {
        fork_to_answer(&forker, workload, index, replies)
    })
}

/// Serves batches until there are no more requests.
///
/// Before the end of a batch the server only reads: the parent writes a whole batch before it reads, so a server that
/// waited for space in the pipe of replies would wait for ever. Refused forks are therefore reported at the end.
fn serve_requests(
    mut requests: impl Read,
    mut replies: File,
    mut fork: impl FnMut(u64, &mut File) -> Result<Child>,
) -> Result<i32> {
    let mut frames = Frames::default();
    let mut forked = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some(frame) = frames.next()? {
            match decode_request(frame)? {
                END_OF_BATCH => end_batch(&mut forked, &mut replies)?,
                index => forked.push((fork(index, &mut replies), index)),
            }
        }
        let read = requests.read(&mut buffer).map_err(ModelError::system("read requests"))?;
        if read == 0 {
            return Ok(REPLIED);
        }
        frames.extend(&buffer[..read]);
    }
}

fn end_batch(forked: &mut Vec<(Result<Child>, u64)>, replies: &mut File) -> Result<()> {
    for (child, index) in forked.drain(..) {
        if let Err(lost) = child.and_then(Child::join) {
            send(replies, &Reply::of(index, Err(lost)))?;
        }
    }
    send(replies, &Reply::of(END_OF_BATCH, Ok(0)))
}

fn send(replies: &mut File, reply: &Reply) -> Result<()> {
    let mut bytes = Vec::new();
    reply.encode(&mut bytes);
    replies.write_all(&bytes).map_err(ModelError::system("send a reply"))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn more_refusals_than_a_pipe_holds_keep_nobody_waiting() {
        const TASKS: u64 = 100_000;
        let (requests, theirs) = UnixStream::pair().unwrap();
        let (replies, write) = pipe().unwrap();
        let server = std::thread::spawn(move || {
            serve_requests(theirs, write.into(), |_, _| Err(ModelError::Unsupported("no more".to_owned())))
        });
        let process = Child::spawn(Command::new("cat").stdin(Stdio::piped()), "the fork server").unwrap();
        let mut model = ProcessForkserver { server: process, requests, replies, frames: Frames::default() };
        let (done, outcome) = mpsc::channel();
        std::thread::spawn(move || done.send(model.batch(0..TASKS)));
        // A deadlock is an answer that never comes, and so is one behind this.
        let refused = outcome.recv_timeout(Duration::from_secs(60)).expect("both sides wait for each other");
        assert!(matches!(refused, Err(ModelError::Died { .. })), "{refused:?}");
        assert_eq!(server.join().unwrap().unwrap(), REPLIED);
    }
}
