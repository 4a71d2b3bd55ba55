//! Workloads that misbehave, and two that do not.

use std::process::{Command, Stdio};
use std::time::Duration;

use concbench::{Io, Result, TaskError, Workload};

/// Does what it should, after a pause.
pub(crate) struct Work {
    pub(crate) pause_us: u64,
}

impl Workload for Work {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        if self.pause_us > 0 {
            io.sleep(Duration::from_micros(self.pause_us)).await;
        }
        Ok(index.wrapping_mul(0xd134_2543_de82_ef95))
    }
}

pub(crate) struct Fails;

impl Workload for Fails {
    async fn task<I: Io>(&self, _: &I, index: u64) -> Result<u64> {
        match index {
            3 => Err(TaskError::new("fails on purpose")),
            _ => Ok(index),
        }
    }
}

pub(crate) struct Panics;

impl Workload for Panics {
    async fn task<I: Io>(&self, _: &I, index: u64) -> Result<u64> {
        assert_ne!(index, 3, "panics on purpose");
        Ok(index)
    }
}

/// Returns something else in every process.
pub(crate) struct Differs;

impl Workload for Differs {
    async fn task<I: Io>(&self, _: &I, index: u64) -> Result<u64> {
        Ok(index + u64::from(std::process::id()))
    }
}

/// Leaves a process behind that is nobody's child and in no group of ours.
pub(crate) struct Daemon;

impl Workload for Daemon {
    async fn task<I: Io>(&self, _: &I, index: u64) -> Result<u64> {
        if index == 0 {
            let mut shell = Command::new("sh");
            shell.args(["-c", "setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 </dev/null &"]);
            shell.stdout(Stdio::null()).status()?;
        }
        Ok(index)
    }
}

pub(crate) struct Sleeps;

impl Workload for Sleeps {
    async fn task<I: Io>(&self, io: &I, index: u64) -> Result<u64> {
        io.sleep(Duration::from_secs(3600)).await;
        Ok(index)
    }
}

/// Opens the lock that a model may hold.
pub(crate) struct Locks;

impl Workload for Locks {
    async fn task<I: Io>(&self, _: &I, index: u64) -> Result<u64> {
        drop(crate::doubles::COPIED.lock());
        Ok(index)
    }
}
