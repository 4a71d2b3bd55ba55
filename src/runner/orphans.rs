//! What runners leave behind: processes that outlived them become children of the supervisor, which ends them.

use std::collections::HashSet;
use std::io;

use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::sys;

/// The children of this process that it did not start itself.
#[derive(Debug)]
pub(super) struct Orphans {
    /// Children that were there before: those of a shell that became this program, say.
    strangers: HashSet<i32>,
}

impl Orphans {
    /// Has whatever loses its parent below this process become a child of it.
    pub(super) fn adopt() -> io::Result<Self> {
        rustix::process::set_child_subreaper(Some(getpid()))?;
        Ok(Self { strangers: children().into_iter().collect() })
    }

    /// Ends every child but `spared`; how many there were. Those that they have started in turn become children of this
    /// process, and are ended as well.
    pub(super) fn sweep(&self, spared: Option<i32>) -> usize {
        let mut swept = 0;
        loop {
            let mut left = children();
            left.retain(|pid| Some(*pid) != spared && !self.strangers.contains(pid));
            if left.is_empty() {
                return swept;
            }
            for pid in left {
                if matches!(sys::wait(Some(pid), false), Ok(Some(_)) | Err(_)) {
                    continue;
                }
                if let Some(pid) = Pid::from_raw(pid) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                let _ = sys::wait(Some(pid), true);
                swept += 1;
            }
        }
    }
}

/// The children of this process, whichever of its threads started or adopted them.
fn children() -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
