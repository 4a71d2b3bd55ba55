//! The HTTP target as its supervisor sees it: a process of its own, alive as long as the supervisor wants it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use concbench_sys::{self as sys, Ended};
use concbench_text::one_line;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::retry_on_intr;
use serde::{Deserialize, Serialize};

use super::apart::Apart;
use super::mark::Mark;
use super::orphans::KILL_GRACE;
use crate::model::ModelError;
use crate::model::process::Role;

/// How long a target may take until it listens.
const START: Duration = Duration::from_secs(10);

/// From which share of the time in which it computes a target is named as the limit, and not the model that asks it.
pub(crate) const BUSY: f64 = 0.7;
/// How much of what it writes to standard error is told, in bytes.
const COMPLAINT: u64 = 400;

/// A running target.
#[derive(Debug)]
pub(crate) struct Target {
    child: Child,
    address: SocketAddr,
    apart: Option<Apart>,
}

/// Where a target is found: by those who ask it, and by those who look at what it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// Where it listens.
    pub(crate) socket: SocketAddr,
    /// The number of its process.
    pub(crate) pid: i32,
    /// How many threads serve.
    pub(crate) threads: NonZeroUsize,
}

impl Address {
    /// How long each thread of the target has computed so far, on average, where the kernel says.
    pub(crate) fn computed(self) -> Option<Duration> {
        let threads = u32::try_from(self.threads.get()).ok()?;
        Some(sys::cpu_time(self.pid).ok()? / threads)
    }
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("the HTTP target cannot be started: {0}")]
    Start(#[from] io::Error),
    #[error("the HTTP target cannot have cores of its own: {0}")]
    Place(#[from] ModelError),
    #[error("the HTTP target said `{0}` instead of its address")]
    Address(String),
    #[error("the HTTP target said no address within {} s; it was ended", START.as_secs())]
    Silent,
    #[error("the HTTP target closed its output before it said its address; it was ended")]
    Closed,
    #[error("the HTTP target {ended}: {complaint}")]
    Ended { ended: Ended, complaint: String },
}

impl Target {
    /// Starts one on a free port of the loopback interface, with a thread on each core that it has to itself, or with one
    /// thread where it has none.
    pub(super) fn start(mark: &Mark) -> Result<Self, TargetError> {
        let apart = Apart::here()?;
        let mut command = Role::Target { threads: threads(apart.as_ref()) }.command();
        mark.put_on(&mut command);
        // Not a pipe: nobody reads it as long as all is well.
        let complaints = File::from(memfd_create("concbench", MemfdFlags::CLOEXEC).map_err(io::Error::from)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints.try_clone()?);
        // Its standard input ends with the supervisor, and the target with it.
        // A group of its own: Ctrl-C asks the supervisor to end, and the observation under way still needs its target.
        let mut child = command.process_group(0).spawn()?;
        if let Some(apart) = &apart
            && let Err(error) = apart.place_target(child.id() as i32)
        {
            return Err(explain(error.into(), &mut child, complaints));
        }
        let said = child.stdout.as_mut().map_or_else(|| Ok(String::new()), first_line);
        match said.and_then(address) {
            Ok(address) => Ok(Self { child, address, apart }),
            Err(error) => Err(explain(error, &mut child, complaints)),
        }
    }

    /// The same for whoever starts no runners beside it.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or does not say where it listens.
    pub(crate) fn start_alone() -> Result<Self, TargetError> {
        Self::start(&Mark::new())
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Where it is found.
    pub(crate) fn address(&self) -> Address {
        Address { socket: self.address, pid: self.pid(), threads: threads(self.apart()) }
    }

    /// Which processors it has to itself, if it has any.
    pub(super) fn apart(&self) -> Option<&Apart> {
        self.apart.as_ref()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// How many threads a target serves on that has these cores to itself, or none.
fn threads(apart: Option<&Apart>) -> NonZeroUsize {
    apart.map_or(NonZeroUsize::MIN, Apart::threads)
}

/// Ends a target that is of no use, and says why that is, where it has ended by itself.
fn explain(error: TargetError, child: &mut Child, mut complaints: File) -> TargetError {
    let pid = child.id() as i32;
    // What has closed its output is about to end.
    let closed = matches!(error, TargetError::Closed);
    let by_itself = if closed { sys::wait_within(pid, KILL_GRACE) } else { Ok(None) };
    if let Ok(Some((ended, _))) = by_itself {
        let mut said = Vec::new();
        let read = complaints.rewind().and_then(|()| complaints.take(COMPLAINT).read_to_end(&mut said));
        let complaint = match read {
            Ok(1..) => one_line(String::from_utf8_lossy(&said).trim()),
            _ => "it did not say why".to_owned(),
        };
        return TargetError::Ended { ended, complaint };
    }
    end(child);
    error
}

/// What the target says.
///
/// # Errors
///
/// When it closes its output before, or says nothing in time.
fn first_line(stdout: &mut ChildStdout) -> Result<String, TargetError> {
    let timeout = Timespec { tv_sec: START.as_secs() as i64, tv_nsec: 0 };
    // A signal meanwhile is the supervisor's business, and no fault of the target's.
    let ready = retry_on_intr(|| poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&timeout)));
    if ready.map_err(io::Error::from)? == 0 {
        return Err(TargetError::Silent);
    }
    let mut line = String::new();
    match BufReader::new(stdout).read_line(&mut line)? {
        0 => Err(TargetError::Closed),
        _ => Ok(line),
    }
}

fn address(line: String) -> Result<SocketAddr, TargetError> {
    let said = line.trim();
    let address = said.rsplit(' ').next().and_then(|address| address.parse().ok());
    address.ok_or_else(|| TargetError::Address(one_line(said)))
}

/// Ends a target, and waits for its end no longer than that may take: one that is frozen does not end.
fn end(child: &mut Child) {
    // After `try_wait` has seen its end, its number may be somebody else's.
    if matches!(child.try_wait(), Ok(None)) {
        let _ = child.kill();
        let _ = sys::wait_within(child.id() as i32, KILL_GRACE);
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
