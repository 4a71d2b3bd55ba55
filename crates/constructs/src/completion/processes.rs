//! Worker processes on two pipes that all share: one for tasks, one for results.

use std::fs::File;
use std::io::{Read, Write};

use concbench_model::process::{Child, REPLIED, fork_child, forker, pipe};
use concbench_model::{ModelError, limits};

use super::{Form, InOrder, Running, Seen, TASKS, call, shared, taken, task};
use crate::{Result, gone};

/// Workers that were forked.
pub(super) struct Processes {
    tasks: File,
    results: File,
    _workers: Vec<Child>,
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
        Ok(Self { tasks, results, _workers: started })
    }
}

/// Runs one task after the other. A number, and a result, are short enough for a pipe to keep them whole.
fn serve(mut tasks: &File, results: &mut File) -> i32 {
    let mut index = [0; 8];
    while tasks.read_exact(&mut index).is_ok() {
        let number = u64::from_ne_bytes(index);
        if results.write_all(&result_bytes(number, task(number))).is_err() {
            return 1;
        }
    }
    REPLIED
}

fn result_bytes(index: u64, value: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&index.to_ne_bytes());
    bytes[8..].copy_from_slice(&value.to_ne_bytes());
    bytes
}

/// The result of any task.
fn receive(results: &mut impl Read) -> Result<(u64, u64)> {
    let (mut index, mut value) = ([0; 8], [0; 8]);
    let read = results.read_exact(&mut index).and_then(|()| results.read_exact(&mut value));
    read.map_err(ModelError::system("receive a result"))?;
    Ok((u64::from_ne_bytes(index), u64::from_ne_bytes(value)))
}

impl Running for Processes {
    fn batch(&mut self, form: Form) -> Result<Seen> {
        // A thousand of them fill less than a pipe holds, so that handing out never waits for handing in.
        let numbers: Vec<u8> = (0..TASKS).flat_map(u64::to_ne_bytes).collect();
        let system = ModelError::system("hand tasks out");
        if form == Form::Callback {
            let seen = shared();
            self.tasks.write_all(&numbers).map_err(system)?;
            let (results, callers) = (&mut self.results, seen.clone());
            std::thread::scope(|scope| {
                let calls = move || {
                    (0..TASKS)
                        .try_for_each(|_| receive(results).map(|(index, value)| call(&callers, index, value)))
                };
                scope.spawn(calls).join().unwrap_or_else(|_| Err(gone("the thread that calls back")))
            })?;
            return taken(seen);
        }
        let (mut seen, mut in_order) = (Seen::begin(), InOrder::new());
        self.tasks.write_all(&numbers).map_err(system)?;
        for _ in 0..TASKS {
            let (index, value) = receive(&mut self.results)?;
            match form {
                Form::Ordered => in_order.see(index, value, &mut seen),
                _ => seen.see(index, value),
            }
        }
        Ok(seen)
    }
}
