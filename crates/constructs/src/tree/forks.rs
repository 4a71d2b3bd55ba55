//! A process for each task, forked by that of its parent.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use concbench_model::ModelError;
use concbench_model::process::{REPLIED, fork_child, forker, join_all, pipe};

use super::{Form, Grown, Growth, Running, children};
use crate::{Result, gone};

/// Copies of the process that asks, of these, and so on.
pub(super) struct Forks;

impl Running for Forks {
    fn grow(&mut self, growth: Growth, _: Form) -> Result<Grown> {
        forked(0, growth.depth, growth, None)
    }

    fn stand(&mut self, growth: Growth, look: &mut dyn FnMut()) -> Result<Option<Grown>> {
        let (mut arrivals, arrived) = pipe()?;
        let (opened, open) = pipe()?;
        let (mut replies, write) = pipe()?;
        let held = |end: OwnedFd| Cell::new(Some(File::from(end)));
        let gate = Gate { arrived: held(arrived), open: held(open), opened };
        let mut write = File::from(write);
        let root = fork_child(&forker()?, "the process of a task", || {
            gate.enter();
            reply(forked(0, growth.depth, growth, Some(&gate)), &mut write)
        })?;
        drop(write);
        gate.leave();
        let mut leaves = vec![0; growth.leaves() as usize];
        let all = arrivals.read_exact(&mut leaves);
        if all.is_ok() {
            look();
        }
        // It opens.
        drop(gate);
        let grown = collect(&mut replies)?;
        root.join()?;
        all.map_err(ModelError::system("wait for the leaves"))?;
        Ok(Some(grown))
    }
}

/// Where leaves wait until all have come.
struct Gate {
    /// Each leaf says so once. While anybody else holds it, a leaf that died is not missed.
    arrived: Cell<Option<File>>,
    /// Held by whoever opens the gate alone.
    open: Cell<Option<File>>,
    /// It ends once the gate is open.
    opened: File,
}

impl Gate {
    /// For the root of the tree: its copy of what would keep the gate shut.
    fn enter(&self) {
        drop(self.open.take());
    }

    /// For a process that has started all of its children: it is no leaf.
    fn leave(&self) {
        drop(self.arrived.take());
    }

    fn wait(&self) -> Result<()> {
        let mut arrived = self.arrived.take().ok_or_else(|| gone("the gate"))?;
        arrived.write_all(&[1]).map_err(ModelError::system("arrive at the gate"))?;
        drop(arrived);
        match (&self.opened).read(&mut [0]) {
            Ok(0) => Ok(()),
            _ => Err(gone("the process that opens the gate")),
        }
    }
}

fn forked(node: u64, levels: u32, growth: Growth, gate: Option<&Gate>) -> Result<Grown> {
    if levels == 0 {
        return gate.map_or(Ok(()), Gate::wait).map(|()| Grown::leaf(node));
    }
    // A process that was forked needs one of its own.
    let forker = forker()?;
    let (mut replies, write) = pipe()?;
    let mut write = File::from(write);
    let mut processes = Vec::with_capacity(growth.children as usize);
    for child in children(node, growth) {
        processes.push(fork_child(&forker, "the process of a task", || {
            reply(forked(child, levels - 1, growth, gate), &mut write)
        })?);
    }
    drop(write);
    gate.into_iter().for_each(Gate::leave);
    let grown = collect(&mut replies)?;
    join_all(processes)?;
    Ok(Grown::INNER.and(grown))
}

/// What children return, once all of them have.
fn collect(replies: &mut File) -> Result<Grown> {
    let mut bytes = Vec::new();
    replies.read_to_end(&mut bytes).map_err(ModelError::system("read what children return"))?;
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).unwrap_or_default();
    let returned =
        bytes.chunks_exact(16).map(|pair| Grown { sum: word(&pair[..8]), tasks: word(&pair[8..]) });
    Ok(returned.fold(Grown::default(), Grown::and))
}

/// Tells what came back, in one piece, so that replies of several processes do not mix; returns the exit code.
fn reply(grown: Result<Grown>, write: &mut File) -> i32 {
    let grown = match grown {
        Ok(grown) => grown,
        Err(error) => {
            eprintln!("concbench: {error}");
            return 1;
        }
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&grown.sum.to_ne_bytes());
    bytes[8..].copy_from_slice(&grown.tasks.to_ne_bytes());
    if write.write_all(&bytes).is_ok() { REPLIED } else { 1 }
}
