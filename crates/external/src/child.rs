//! An external runner as a process: it is spoken to in lines, waited for with a deadline, and always ended.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use concbench_model::process::StderrTail;
use concbench_sys::{self as sys, Ended, Usage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::{Kind, LONGEST_LINE, Trouble};

/// How many reads of one pipe come between two looks at the clock: a runner that writes without end would keep its reader
/// reading without end.
const READS_AT_ONCE: usize = 16;
/// How long a runner that has closed its output may take to end by itself: how it does is the reason.
const DEATH_GRACE: Duration = Duration::from_secs(2);
/// How long one that was killed may take to be gone: a debugger or a frozen control group can keep it.
const KILL_GRACE: Duration = Duration::from_secs(3);
/// How much may be written behind the last line, in bytes, before it counts as rubbish.
const LONGEST_REST: usize = 4096;

/// How a process is started.
#[derive(Debug)]
pub struct Launch {
    /// What it is called in messages: `python3`.
    pub called: String,
    /// The command, with its folder, arguments and environment.
    pub command: Command,
    /// What helps where the program is not there.
    pub remedy: String,
}

/// An external runner's process. It has a process group of its own, which ends with the value.
#[derive(Debug)]
pub struct Child {
    pid: i32,
    called: String,
    stdin: Option<ChildStdin>,
    stdout: Option<File>,
    stderr: StderrTail,
    /// What was read and is no whole line yet.
    line: Vec<u8>,
    until: Instant,
    deadline: Duration,
    reaped: bool,
}

impl Child {
    /// Starts it; from then on all that is said to it and all that it says has to be done by the deadline.
    ///
    /// # Errors
    ///
    /// When the program is not there, which is [`Kind::Unsupported`], or cannot be started.
    pub fn start(launch: Launch, deadline: Duration) -> Result<Self, Trouble> {
        let Launch { called, mut command, remedy } = launch;
        let until = Instant::now() + deadline;
        let unreadable =
            |error: io::Error| Trouble::new(Kind::Failed, format!("cannot read what it says: {error}"));
        let (stderr, write) = io::pipe().map_err(unreadable)?;
        let stderr = StderrTail::new(stderr.into()).map_err(unreadable)?;
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(write);
        sys::end_with_this_thread(&mut command);
        let mut started = command.spawn().map_err(|error| unstartable(&called, &error, &remedy))?;
        let child = Self {
            pid: started.id().cast_signed(),
            called,
            stdin: started.stdin.take(),
            stdout: started.stdout.take().map(|stdout| File::from(OwnedFd::from(stdout))),
            stderr,
            line: Vec::new(),
            until,
            deadline,
            reaped: false,
        };
        if let Some(stdout) = &child.stdout {
            fcntl_setfl(stdout, OFlags::NONBLOCK).map_err(|error| unreadable(error.into()))?;
        }
        Ok(child)
    }

    /// The number of its process, which is that of its group.
    pub fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Says something to it. What is said is far shorter than what a pipe holds, so that this does not wait.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn say(&mut self, text: &str) -> Result<(), Trouble> {
        let said = match &mut self.stdin {
            Some(stdin) => stdin.write_all(text.as_bytes()),
            None => Err(io::Error::from(ErrorKind::BrokenPipe)),
        };
        said.map_err(|_| self.gone())
    }

    /// Tells it that nothing more is coming.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Its next line, without what ends it.
    ///
    /// # Errors
    ///
    /// When it ends before one, says a line without end, or says none until the deadline.
    pub fn line(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            if let Some(line) = self.line_within(Duration::from_secs(3600))? {
                return Ok(line);
            }
        }
    }

    /// The same if there is one within this time.
    ///
    /// # Errors
    ///
    /// See [`line`](Self::line).
    pub fn line_within(&mut self, time: Duration) -> Result<Option<Vec<u8>>, Trouble> {
        let pause = Instant::now() + time;
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            if self.line.len() >= LONGEST_LINE {
                self.kill();
                let what = format!("a line of more than {LONGEST_LINE} bytes; it was ended");
                return Err(self.trouble(Kind::Failed, what));
            }
            let now = Instant::now();
            if now >= self.until {
                return Err(self.hung("it said nothing more"));
            }
            if now >= pause {
                return Ok(None);
            }
            // What was said before the end counts, and there is nothing to wait for behind it.
            if self.stdout.is_none() {
                return Err(self.gone());
            }
            self.wait(self.until.min(pause) - now);
            self.stderr.drain();
            self.read_stdout();
        }
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.line.iter().position(|&byte| byte == b'\n')?;
        let mut line: Vec<u8> = self.line.drain(..=end).collect();
        line.pop();
        Some(line)
    }

    /// Tells it that nothing more is coming, and waits until it has ended: what it and all that it waited for have used, and
    /// what it has used itself.
    ///
    /// # Errors
    ///
    /// When it does not end by the deadline, says something more, or ends otherwise than with 0.
    pub fn finish(mut self) -> Result<(Usage, Option<Duration>), Trouble> {
        self.hang_up();
        let mut pause = Duration::from_micros(100);
        let (own, (ended, usage)) = loop {
            self.stderr.drain();
            self.read_stdout();
            if self.line.len() > LONGEST_REST {
                self.kill();
                return Err(
                    self.trouble(Kind::Failed, "it went on saying something behind its end; it was ended")
                );
            }
            // It keeps a clock of its own until it is waited for.
            let own = if self.has_ended() { sys::cpu_time(self.pid).ok() } else { None };
            match sys::wait(self.pid, false) {
                Ok(Some(ended)) => break (own, ended),
                Ok(None) if Instant::now() < self.until => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(2));
                }
                Ok(None) => return Err(self.hung("it did not end when nothing more was asked")),
                Err(error) => return Err(self.trouble(Kind::Failed, format!("cannot wait for it: {error}"))),
            }
        };
        self.reaped = true;
        self.read_stdout();
        if !self.line.is_empty() {
            let rest = concbench_text::clip(&String::from_utf8_lossy(&self.line), 80);
            return Err(self.trouble(Kind::Failed, format!("`{rest}` behind its last answer")));
        }
        match ended {
            Ended::Exited(0) => Ok((usage, own)),
            Ended::Exited(code) => Err(self.trouble(Kind::Failed, format!("it ended with code {code}"))),
            Ended::Signalled(_) => Err(self.trouble(Kind::Crashed, format!("{} {ended}", self.called))),
        }
    }

    fn wait(&self, time: Duration) {
        let stdout = self.stdout.as_ref().map(AsFd::as_fd);
        let pipes = stdout.into_iter().chain(self.stderr.pipe());
        let mut files: Vec<PollFd<'_>> =
            pipes.map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)).collect();
        let timeout = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) };
        // An interrupted poll is as good as one that timed out: the caller looks at everything again.
        let _ = poll(&mut files, Some(&timeout));
    }

    /// Takes what has arrived.
    fn read_stdout(&mut self) {
        let Some(stdout) = &mut self.stdout else { return };
        let mut buffer = [0; 4096];
        for _ in 0..READS_AT_ONCE {
            match stdout.read(&mut buffer) {
                Ok(read) if read > 0 => self.line.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => {
                    self.stdout = None;
                    return;
                }
            }
        }
    }

    /// It closed its output before it had answered.
    fn gone(&mut self) -> Trouble {
        let ended_itself = self.await_end();
        self.kill();
        let reason = match self.reap() {
            Some(ended) if ended_itself => format!("{} {ended}", self.called),
            Some(_) => format!("{} closed its output before its work was done; it was ended", self.called),
            None => {
                format!("{} closed its output before its work was done, and could not be ended", self.called)
            }
        };
        self.trouble(Kind::Crashed, reason)
    }

    fn hung(&mut self, what: &str) -> Trouble {
        self.kill();
        let reason = format!("{what} within {} s; it was ended", self.deadline.as_secs_f64());
        self.trouble(Kind::TimedOut, reason)
    }

    /// Waits for it to end by itself; whether it has. It stays a zombie, so that its number, which is also that of its
    /// process group, is nobody else's yet.
    fn await_end(&mut self) -> bool {
        let until = self.until.min(Instant::now() + DEATH_GRACE);
        while !self.has_ended() {
            if Instant::now() > until {
                return false;
            }
            self.stderr.drain();
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// Whether it has ended, and is still to be waited for.
    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let Some(pid) = Pid::from_raw(self.pid) else { return true };
        !matches!(waitid(WaitId::Pid(pid), look), Ok(None) | Err(rustix::io::Errno::INTR))
    }

    /// Something that is wrong with it, and what it wrote to standard error.
    pub fn trouble(&mut self, kind: Kind, reason: impl Into<String>) -> Trouble {
        self.stderr.drain();
        Trouble { stderr_tail: self.stderr.text(), ..Trouble::new(kind, reason) }
    }

    /// How it ended; `None` where it was waited for already, or cannot be.
    fn reap(&mut self) -> Option<Ended> {
        if self.reaped {
            return None;
        }
        let (ended, _) = sys::wait_within(self.pid, KILL_GRACE).ok()??;
        self.reaped = true;
        Some(ended)
    }

    /// Ends it and all that it has started in its process group, unless it was waited for: its number may be another's then.
    fn kill(&mut self) {
        if let Some(group) = Pid::from_raw(self.pid).filter(|_| !self.reaped) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        let _ = self.reap();
    }
}

fn unstartable(called: &str, error: &io::Error, remedy: &str) -> Trouble {
    let because = |what: &str| match remedy {
        "" => what.to_owned(),
        remedy => format!("{what}; {remedy}"),
    };
    match error.kind() {
        ErrorKind::NotFound => Trouble::unsupported(because(&format!("{called} is not there"))),
        ErrorKind::PermissionDenied => Trouble::unsupported(because(&format!("{called} may not be run"))),
        _ => Trouble::failed(format!("{called} cannot be started: {error}")),
    }
}
