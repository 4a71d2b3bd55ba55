//! What runners leave behind: processes that outlived them become children of the supervisor, which ends them.

use std::collections::HashSet;
use std::io;

use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::machine::proc::children;
use concbench_sys as sys;

/// The children of this process that it did not start itself.
#[derive(Debug)]
pub(super) struct Orphans {
    /// Children that were there before: those of a shell that became this program, say.
    strangers: HashSet<u32>,
}

impl Orphans {
    /// Has whatever loses its parent below this process become a child of it.
    ///
    /// # Errors
    ///
    /// When the kernel refuses, or does not tell which children there are.
    pub(super) fn adopt() -> io::Result<Self> {
        rustix::process::set_child_subreaper(Some(getpid()))?;
        Ok(Self { strangers: children(std::process::id())?.into_iter().collect() })
    }

    /// Ends every child but `spared`; how many there were. Those that they have started in turn become children of this
    /// process, and are ended as well.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell which there are.
    pub(super) fn sweep(&self, spared: Option<u32>) -> io::Result<usize> {
        let mut swept = 0;
        loop {
            let mut left = children(std::process::id())?;
            left.retain(|pid| Some(*pid) != spared && !self.strangers.contains(pid));
            if left.is_empty() {
                return Ok(swept);
            }
            for pid in left.into_iter().map(u32::cast_signed) {
                if matches!(sys::wait(pid, false), Ok(Some(_)) | Err(_)) {
                    continue;
                }
                if let Some(pid) = Pid::from_raw(pid) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                let _ = sys::wait(pid, true);
                swept += 1;
            }
        }
    }
}
