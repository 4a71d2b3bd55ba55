//! The HTTP target as its supervisor sees it: a process of its own, alive as long as the supervisor wants it.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use serde::{Deserialize, Serialize};

use crate::machine::proc::cpu_time_of_first_thread;
use crate::model::process::Role;

/// How long a target may take until it listens.
const START: Duration = Duration::from_secs(10);

/// A running target.
#[derive(Debug)]
pub(crate) struct Target {
    child: Child,
    address: SocketAddr,
}

/// Where a target is found: by those who ask it, and by those who look at what it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// Where it listens.
    pub(crate) socket: SocketAddr,
    /// The number of its process.
    pub(crate) pid: i32,
}

impl Address {
    /// How long the target has computed so far, where the kernel says: on the thread that serves, which is its first.
    pub(crate) fn computed(self) -> Option<Duration> {
        cpu_time_of_first_thread(self.pid.unsigned_abs())
    }
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
        let said = child.stdout.as_mut().map_or_else(|| Ok(String::new()), first_line);
        match said.map_err(TargetError::Start).and_then(address) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Where it is found.
    pub(crate) fn address(&self) -> Address {
        Address { socket: self.address, pid: self.pid() }
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// What the target says; nothing if it says nothing in time.
fn first_line(stdout: &mut ChildStdout) -> io::Result<String> {
    let timeout = Timespec { tv_sec: START.as_secs() as i64, tv_nsec: 0 };
    // A signal meanwhile is the supervisor's business, and no fault of the target's.
    let ready = retry_on_intr(|| poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&timeout)))?;
    let mut line = String::new();
    if ready > 0 {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    Ok(line)
}

fn address(line: String) -> Result<SocketAddr, TargetError> {
    let said = line.trim();
    let address = said.rsplit(' ').next().and_then(|address| address.parse().ok());
    address.ok_or_else(|| TargetError::Address(said.to_owned()))
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
