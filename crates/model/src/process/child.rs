use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use super::REPLIED;
use crate::{ModelError, Result};
use concbench_sys::{self as sys, Ended};

/// A process that a model has started, and that does not outlive it: dropped before it was waited for, which happens
/// when the model is given up, it is killed.
#[derive(Debug)]
pub struct Child {
    /// `None` once it was waited for: its number may belong to another process by then.
    pid: Option<i32>,
    /// Its role, for errors.
    who: &'static str,
}

impl Child {
    /// Starts a program.
    pub fn spawn(command: &mut Command, who: &'static str) -> Result<Self> {
        let child = command.spawn().map_err(ModelError::system("start a process"))?;
        Ok(Self::of(child.id() as i32, who))
    }

    /// Takes over a process that was forked.
    pub fn of(pid: i32, who: &'static str) -> Self {
        Self { pid: Some(pid), who }
    }

    /// Waits until it has ended; an error unless it exits as a process does that has sent all its replies.
    pub fn join(mut self) -> Result<()> {
        match self.wait(true)? {
            None | Some(Ended::Exited(REPLIED)) => Ok(()),
            Some(ended) => Err(self.error(ended)),
        }
    }

    /// Kills it; it is still to be waited for, or dropped.
    pub fn kill(&self) {
        // It cannot fail for a child that was not waited for yet.
        if let Some(pid) = self.pid.and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Why it has ended, if it has.
    pub fn death(&mut self) -> Result<Option<ModelError>> {
        let ended = self.wait(false)?;
        Ok(ended.map(|ended| self.error(ended)))
    }

    /// Why its end of a connection is closed: it has ended, or is about to.
    pub fn lost(&mut self) -> ModelError {
        match self.wait(true) {
            Ok(Some(ended)) => self.error(ended),
            Ok(None) => ModelError::Died { who: self.who, how: "ended in an earlier batch".to_owned() },
            Err(error) => error,
        }
    }

    /// Waits for its end, or with `block` false looks whether it has come; `None` if not, or if it was seen before.
    fn wait(&mut self, block: bool) -> Result<Option<Ended>> {
        let Some(pid) = self.pid else {
            return Ok(None);
        };
        let ended = sys::wait(pid, block).map_err(ModelError::system("wait for a process"))?;
        Ok(ended.map(|(ended, _)| {
            self.pid = None;
            ended
        }))
    }

    fn error(&self, ended: Ended) -> ModelError {
        ModelError::Died { who: self.who, how: ended.to_string() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        // Nor can this.
        if let Some(pid) = self.pid {
            let _ = sys::wait(pid, true);
        }
    }
}
