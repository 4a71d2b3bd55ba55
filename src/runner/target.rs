//! The HTTP target as its supervisor sees it: a process of its own, alive as long as the supervisor wants it.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::role::Role;

/// How long a target may take until it listens.
const START: Duration = Duration::from_secs(10);

/// A running target.
#[derive(Debug)]
pub(crate) struct Target {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("the HTTP target cannot be started: {0}")]
    Start(#[from] io::Error),
    #[error("the HTTP target said `{0}` instead of its address")]
    Address(String),
}

impl Target {
    /// Starts one on a free port of the loopback interface.
    pub(crate) fn start() -> Result<Self, TargetError> {
        let mut command = Role::Target.command();
        // Its standard input ends with the supervisor, and the target with it.
        // A group of its own: Ctrl-C asks the supervisor to end, and the observation under way still needs its target.
        let mut child = command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let line = child.stdout.as_mut().and_then(first_line).unwrap_or_default();
        match line.trim().rsplit(' ').next().and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(TargetError::Address(line.trim().to_owned()))
            }
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// How long it has computed so far, where the kernel says: on the thread that serves, which is its first.
    pub(crate) fn computed(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", self.pid())).ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// What the target says, if it says anything in time.
fn first_line(stdout: &mut ChildStdout) -> Option<String> {
    let timeout = Timespec { tv_sec: START.as_secs() as i64, tv_nsec: 0 };
    poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&timeout)).ok().filter(|&ready| ready > 0)?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).ok()?;
    Some(line)
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
