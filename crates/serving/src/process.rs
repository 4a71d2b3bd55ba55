//! A server and a fleet as whoever measures them sees them: processes of their own, with deadlines, that end with it.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use concbench_sys as sys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::listen::{ANNOUNCEMENT, REFUSAL};
use crate::{Outcome, Phase, Result, Service, ServingError};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);
/// The longest line that is read of either: the latencies of a load, with room to spare.
const LONGEST_LINE: usize = 256 << 20;

/// What a fleet says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Event {
    /// Its connections are open.
    Connected { connected_ns: u64 },
    /// From here on the load counts; said again when it ends to.
    Counts,
    /// What it saw.
    Outcome(Box<Outcome>),
    /// It cannot go on.
    Failed { why: String, stalled: bool },
}

/// A server in a process of its own.
#[derive(Debug)]
pub struct ServerProcess {
    child: Watched,
    address: SocketAddr,
    name: String,
}

impl ServerProcess {
    /// Starts a server by a command that does so, and waits until it listens.
    ///
    /// # Errors
    ///
    /// When it cannot be started, ends, or does not say where it listens.
    pub fn start(mut command: Command, service: &Service) -> Result<Self> {
        let name = format!("the server {}", service.server);
        command.stdin(Stdio::null());
        let mut child = Watched::start(command, &name)?;
        let deadline = Instant::now() + START;
        let line = loop {
            match child.line(Duration::from_millis(100))? {
                Some(line) => break line,
                None if Instant::now() > deadline => {
                    return Err(ServingError::Process {
                        who: name,
                        how: "did not listen within 10 s".to_owned(),
                    });
                }
                None => {}
            }
        };
        if let Some(why) = line.strip_prefix(REFUSAL) {
            return Err(ServingError::Unsupported(why.to_owned()));
        }
        let address = line.strip_prefix(ANNOUNCEMENT).and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| ServingError::Process {
            who: name.clone(),
            how: format!("said {:?} instead of where it listens", line.chars().take(80).collect::<String>()),
        })?;
        Ok(Self { child, address, name })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its first process.
    pub fn pid(&self) -> u32 {
        self.child.child.id()
    }

    /// How it has ended, if it has.
    fn death(&mut self) -> Option<ServingError> {
        let how = self.child.ended()?;
        Some(ServingError::Process { who: self.name.clone(), how })
    }
}

/// A fleet in a process of its own.
#[derive(Debug)]
pub struct FleetProcess {
    child: Watched,
    stdin: ChildStdin,
}

impl FleetProcess {
    /// Starts a fleet by a command that does so.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped());
        let mut child = Watched::start(command, "the client fleet")?;
        let stdin = child.child.stdin.take().expect("it was asked for");
        Ok(Self { child, stdin })
    }

    /// Waits until its connections are open: how long that took, in nanoseconds.
    ///
    /// # Errors
    ///
    /// When it or the server ends or breaks, or the time is over.
    pub fn connected(&mut self, server: &mut ServerProcess, within: Duration) -> Result<u64> {
        match self.next(server, within)? {
            Event::Connected { connected_ns } => Ok(connected_ns),
            _ => Err(out_of_turn()),
        }
    }

    /// Has it load the server like this, and waits for the end; `note` is called when the load begins to count, and when it ends to.
    ///
    /// # Errors
    ///
    /// When it or the server ends or breaks, an answer is wrong, or the time is over.
    pub fn run(
        &mut self,
        server: &mut ServerProcess,
        phase: &Phase,
        within: Duration,
        mut note: impl FnMut(),
    ) -> Result<Outcome> {
        let line = serde_json::to_string(phase).map_err(io::Error::other);
        let told = line.and_then(|line| writeln!(self.stdin, "{line}"));
        told.map_err(ServingError::system("speak to the client fleet"))?;
        for _ in 0..2 {
            match self.next(server, within)? {
                Event::Counts => note(),
                _ => return Err(out_of_turn()),
            }
        }
        match self.next(server, within)? {
            Event::Outcome(outcome) => Ok(*outcome),
            _ => Err(out_of_turn()),
        }
    }

    fn next(&mut self, server: &mut ServerProcess, within: Duration) -> Result<Event> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(line) = self.child.line(Duration::from_millis(100))? {
                let event = serde_json::from_str(&line).map_err(|error| ServingError::Process {
                    who: "the client fleet".to_owned(),
                    how: format!("said what nobody understands: {error}"),
                })?;
                return match event {
                    // A connection breaks when the server ends, and why it ended says more.
                    Event::Failed { why, stalled } => {
                        Err(self.death_of(server).unwrap_or(ServingError::Process {
                            who: server.name.clone(),
                            how: if stalled {
                                format!("stalls: {why}")
                            } else {
                                format!("was found wrong: {why}")
                            },
                        }))
                    }
                    event => Ok(event),
                };
            }
            if let Some(death) = server.death() {
                return Err(death);
            }
            if Instant::now() > deadline {
                let how = format!("said nothing for {} s", within.as_secs_f64());
                return Err(ServingError::Process { who: "the client fleet".to_owned(), how });
            }
        }
    }

    /// How the server has ended: a moment may pass until its end shows.
    fn death_of(&self, server: &mut ServerProcess) -> Option<ServingError> {
        let deadline = Instant::now() + Duration::from_millis(200);
        loop {
            match server.death() {
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                death => return death,
            }
        }
    }
}

fn out_of_turn() -> ServingError {
    ServingError::Process { who: "the client fleet".to_owned(), how: "spoke out of turn".to_owned() }
}

/// A child whose standard output is read line by line. It is ended with the value; what it has started is not.
#[derive(Debug)]
struct Watched {
    child: Child,
    stdout: ChildStdout,
    heard: Vec<u8>,
    name: String,
}

impl Watched {
    fn start(mut command: Command, name: &str) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(ServingError::system::<io::Error>("start a process"))?;
        let stdout = child.stdout.take().expect("it was asked for");
        Ok(Self { child, stdout, heard: Vec::new(), name: name.to_owned() })
    }

    /// The next line, if there is one within this time.
    fn line(&mut self, within: Duration) -> Result<Option<String>> {
        let deadline = Instant::now() + within;
        let system = ServingError::system::<io::Error>("hear a process");
        loop {
            if let Some(end) = self.heard.iter().position(|&byte| byte == b'\n') {
                let rest = self.heard.split_off(end + 1);
                let line = std::mem::replace(&mut self.heard, rest);
                return Ok(Some(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(|error| system(io::Error::other(error)))?;
            let mut watched = [PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN)];
            match poll(&mut watched, Some(&timeout)) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(system(error.into())),
            }
            let mut part = [0; 64 << 10];
            match self.stdout.read(&mut part).map_err(system)? {
                0 => {
                    let how = self.wait_for_end();
                    return Err(ServingError::Process { who: self.name.clone(), how });
                }
                read => self.heard.extend_from_slice(&part[..read]),
            }
            if self.heard.len() > LONGEST_LINE {
                let how = format!("said more than {LONGEST_LINE} bytes in one line");
                return Err(ServingError::Process { who: self.name.clone(), how });
            }
        }
    }

    /// How it has ended, if it has.
    fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(ended(status))
    }

    /// How it ends that has closed its standard output.
    fn wait_for_end(&mut self) -> String {
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            match self.ended() {
                Some(how) => return how,
                None if Instant::now() > deadline => return "closed its standard output".to_owned(),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

fn ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    let ended = match (status.code(), status.signal()) {
        (Some(code), _) => sys::Ended::Exited(code),
        (None, signal) => sys::Ended::Signalled(signal.unwrap_or_default()),
    };
    ended.to_string()
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Neither can fail for a child that was not waited for yet.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Confines this process to these cores, if there are any: before it starts a thread or another process.
pub(crate) fn confine(cores: &[usize]) -> Result<()> {
    if cores.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    cores.iter().for_each(|&core| set.set(core));
    sched_setaffinity(None, &set).map_err(ServingError::system("stay on some of the cores"))
}
