//! Worker processes on two pipes that all share: one for tasks, one for results.

use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

use concbench_model::process::{Child, REPLIED, fork_child, forker, pipe};
use concbench_model::{ModelError, limits};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{Form, InOrder, Running, Seen, TASKS, call, shared, taken, task};
use crate::{Result, gone};

/// How long no result may come before it is looked whether a worker has died.
const LOOK_AFTER: Duration = Duration::from_millis(20);

/// Workers that were forked.
pub(super) struct Processes {
    tasks: File,
    results: File,
    workers: Vec<Child>,
}

impl Processes {
    pub(super) fn start(workers: usize) -> Result<Self> {
        limits::allow_processes(workers)?;
        let forker = forker()?;
        let (tasks, hand_out) = pipe()?;
        let (results, hand_in) = pipe()?;
        let mut hand_out = Some(File::from(hand_out));
        let mut hand_in = File::from(hand_in);
        let mut started = Vec::with_capacity(workers);
        for _ in 0..workers {
            started.push(fork_child(&forker, "a worker process", || {
                // Its copy of the end that hands tasks out: while it is open, there is no end of them.
                drop(hand_out.take());
                serve(&tasks, &mut hand_in)
            })?);
        }
        let tasks = hand_out.ok_or_else(|| gone("a worker process"))?;
        Ok(Self { tasks, results, workers: started })
    }

    fn hand_out(&mut self) -> Result<()> {
        // A thousand of them fill less than a pipe holds, so that handing out never waits for handing in.
        let numbers: Vec<u8> = (0..TASKS).flat_map(u64::to_ne_bytes).collect();
        Ok(self.tasks.write_all(&numbers).map_err(ModelError::system("hand tasks out"))?)
    }

    /// Receives the results of all tasks, and hands each on as it comes.
    fn receive_all(&mut self, mut then: impl FnMut(u64, u64)) -> Result<()> {
        for _ in 0..TASKS {
            while !self.has_result()? {
                self.look_after_workers()?;
            }
            let mut result = [[0; 8]; 2];
            let read = self.results.read_exact(result.as_flattened_mut());
            read.map_err(ModelError::system("receive a result"))?;
            let [index, value] = result.map(u64::from_ne_bytes);
            then(index, value);
        }
        Ok(())
    }

    /// Waits for a result, but not for long; nor for the end of the pipe, which comes when all workers have died.
    fn has_result(&self) -> Result<bool> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_AFTER.subsec_nanos().into() };
        let mut polled = [PollFd::new(&self.results, PollFlags::IN)];
        match poll(&mut polled, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(polled[0].revents().contains(PollFlags::IN)),
            Err(error) => Err(ModelError::System { what: "wait for a result", source: error.into() }.into()),
        }
    }

    /// An error if a worker has died: its task is lost, and with fewer workers a batch takes longer.
    fn look_after_workers(&mut self) -> Result<()> {
        self.workers.iter_mut().try_for_each(|worker| Ok(worker.death()?.map_or(Ok(()), Err)?))
    }
}

/// Runs one task after the other. A number, and a result, are short enough for a pipe to keep them whole.
fn serve(mut tasks: &File, results: &mut File) -> i32 {
    let mut index = [0; 8];
    while tasks.read_exact(&mut index).is_ok() {
        let number = u64::from_ne_bytes(index);
        let result = [number, task(number)].map(u64::to_ne_bytes);
        if results.write_all(result.as_flattened()).is_err() {
            return 1;
        }
    }
    REPLIED
}

impl Running for Processes {
    fn batch(&mut self, form: Form) -> Result<Seen> {
        let seen = match form {
            Form::Ordered => {
                let (mut seen, mut in_order) = (Seen::begin(), InOrder::new());
                self.hand_out()?;
                self.receive_all(|index, value| in_order.see(index, value, &mut seen))?;
                seen
            }
            Form::AsCompleted => {
                let mut seen = Seen::begin();
                self.hand_out()?;
                self.receive_all(|index, value| seen.see(index, value))?;
                seen
            }
            Form::Callback => {
                let seen = shared();
                self.hand_out()?;
                std::thread::scope(|scope| {
                    let calls = || self.receive_all(|index, value| call(&seen, index, value));
                    scope.spawn(calls).join().unwrap_or_else(|_| Err(gone("the thread that calls back")))
                })?;
                taken(seen)?
            }
        };
        self.look_after_workers()?;
        Ok(seen)
    }
}
