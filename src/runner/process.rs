//! A runner as its supervisor sees it: a process that is asked, waited for with a deadline, and always ended.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::gap::absence;
use super::interrupt::Interrupt;
use super::launcher::RunnerError;
use super::mark::Mark;
use super::orphans::{KILL_GRACE, state};
use super::protocol::{self, Answer, LONGEST_LINE, Order};
use crate::model::process::{Role, StderrTail};
use crate::record::{Failure, Status};
use concbench_sys::{self as sys, Ended, Usage};

/// How long a runner that has been told to stop may take to exit.
const EXIT_GRACE: Duration = Duration::from_secs(5);
/// How long one that has closed its channel may take: it is about to end by itself, and how it does is the reason.
const DEATH_GRACE: Duration = Duration::from_secs(2);
/// How long its supervisor waits at most before it looks again: how late it wakes tells whether it was kept from running.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// How many reads of one pipe come between two looks at the clock: a runner that writes without end would keep its
/// supervisor reading without end.
const READS_AT_ONCE: usize = 64;

/// A runner process.
#[derive(Debug)]
pub(crate) struct Runner {
    pid: i32,
    channel: UnixStream,
    line: Vec<u8>,
    stderr: StderrTail,
    reaped: bool,
    /// Its state, if it was killed and has not ended.
    stuck: Option<char>,
}

impl Runner {
    /// The number of its process.
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Starts one, with this much padding in its environment: where the stack starts must not be the same in every
    /// observation, or a model's luck with alignment would look like its speed (Mytkowicz et al. 2009). Without a mark it
    /// bears that of this process.
    ///
    /// # Errors
    ///
    /// When the kernel refuses a process or a descriptor.
    pub(super) fn start(padding: usize, mark: Option<&Mark>) -> io::Result<Self> {
        let (channel, theirs) = UnixStream::pair()?;
        let (stderr, write) = io::pipe()?;
        let stderr = StderrTail::new(stderr.into())?;
        channel.set_nonblocking(true)?;
        let mut command = Role::Runner.command();
        command.env("CONCBENCH_PADDING", "x".repeat(padding)).process_group(0);
        if let Some(mark) = mark {
            mark.put_on(&mut command);
        }
        // What a workload prints is no data of ours: it goes where its errors go.
        command.stdin(OwnedFd::from(theirs)).stdout(write.try_clone()?).stderr(write);
        let pid = command.spawn()?.id() as i32;
        Ok(Self { pid, channel, line: Vec::new(), stderr, reaped: false, stuck: None })
    }

    /// Asks, and waits for the answer until the deadline.
    pub(super) fn ask(
        &mut self,
        order: Order,
        deadline: Duration,
        interrupt: &Interrupt,
    ) -> Result<Answer, RunnerError> {
        match self.await_answer(order, deadline, interrupt) {
            // A signal to the whole control group reaches the runner, too, and not always last.
            Err(RunnerError::Failure(_)) if interrupt.signal().is_some() => Err(RunnerError::Interrupted),
            outcome => outcome,
        }
    }

    fn await_answer(
        &mut self,
        order: Order,
        deadline: Duration,
        interrupt: &Interrupt,
    ) -> Result<Answer, RunnerError> {
        let mut until = Instant::now() + deadline;
        let mut stopped = false;
        self.order(order).map_err(RunnerError::Failure)?;
        loop {
            if let Some(answer) = self.take_answer() {
                return answer.map_err(RunnerError::Failure);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() && absence(interrupt).is_some() && !stopped {
                // The deadline passed while nobody was there to look.
                stopped = true;
                until = Instant::now() + deadline;
                continue;
            }
            if left.is_zero() {
                let end = self.end();
                let reason = format!("no answer within {} s; it {end}", deadline.as_secs_f64());
                return Err(RunnerError::Failure(self.failure(Status::TimedOut, reason)));
            }
            self.wait_readable(left, Some(interrupt));
            if interrupt.signal().is_some() {
                return Err(RunnerError::Interrupted);
            }
            self.read().map_err(RunnerError::Failure)?;
        }
    }

    /// Asks, and waits for nothing.
    pub(super) fn order(&mut self, order: Order) -> Result<(), Failure> {
        // An order is far smaller than a socket's buffer, and the runner reads each before it is sent another.
        match self.channel.write_all(&protocol::encode(order)) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.gone()),
        }
    }

    /// The answer, if there is one within this time; or why there will be none.
    pub(super) fn answer_within(&mut self, time: Duration) -> Option<Result<Answer, Failure>> {
        self.wait_readable(time, None);
        match self.read() {
            Ok(()) => self.take_answer(),
            Err(failure) => Some(Err(failure)),
        }
    }

    /// The answer, if it has arrived.
    fn take_answer(&mut self) -> Option<Result<Answer, Failure>> {
        let end = self.line.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.line.drain(..=end).collect();
        Some(match protocol::decode(&line) {
            Ok(Answer::Failed { status, reason }) => Err(self.failure(status, reason)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failure(Status::Failed, format!("the runner sent {error}"))),
        })
    }

    /// Takes what has arrived.
    fn read(&mut self) -> Result<(), Failure> {
        self.stderr.drain();
        let open = self.read_answer();
        // What was said before the end counts.
        if !open && !self.line.contains(&b'\n') {
            return Err(self.gone());
        }
        if self.line.len() > LONGEST_LINE {
            let end = self.end();
            let reason = format!("the runner sent a line of more than {LONGEST_LINE} bytes; it {end}");
            return Err(self.failure(Status::Failed, reason));
        }
        Ok(())
    }

    /// Closes the channel, waits until the runner has exited, and says what it used.
    pub(crate) fn finish(mut self) -> Option<Usage> {
        let _ = self.channel.shutdown(std::net::Shutdown::Both);
        let until = Instant::now() + EXIT_GRACE;
        let mut pause = Duration::from_micros(50);
        loop {
            self.stderr.drain();
            match sys::wait(self.pid, false) {
                Ok(Some((_, usage))) => {
                    self.reaped = true;
                    return Some(usage);
                }
                Ok(None) if Instant::now() < until => std::thread::sleep(pause),
                Ok(None) | Err(_) => return None,
            }
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }

    fn wait_readable(&self, left: Duration, interrupt: Option<&Interrupt>) {
        let began = Instant::now();
        let slice = if interrupt.is_some() { left.min(LONGEST_WAIT) } else { left };
        let mut files = vec![PollFd::from_borrowed_fd(self.channel.as_fd(), PollFlags::IN)];
        files.extend(interrupt.map(|interrupt| PollFd::from_borrowed_fd(interrupt.as_fd(), PollFlags::IN)));
        files.extend(self.stderr.pipe().map(|stderr| PollFd::from_borrowed_fd(stderr, PollFlags::IN)));
        // An interrupted poll is as good as one that timed out: the caller looks at everything again.
        let _ = poll(&mut files, Some(&timespec(slice)));
        if let Some(interrupt) = interrupt {
            interrupt.woke_late(began.elapsed().saturating_sub(slice));
        }
    }

    /// Takes what has arrived; false once the runner has closed its end.
    fn read_answer(&mut self) -> bool {
        let mut buffer = [0; 4096];
        for _ in 0..READS_AT_ONCE {
            match self.channel.read(&mut buffer) {
                Ok(0) => return false,
                Ok(read) => self.line.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// The runner closed its end before it had answered.
    fn gone(&mut self) -> Failure {
        let ended_itself = self.await_end();
        self.kill();
        self.stderr.drain();
        let reason = match self.reap() {
            Some(ended) if ended_itself => format!("the runner {ended}{}", self.out_of_memory(ended)),
            _ => format!("the runner closed its channel before its work was done; it {}", self.fate()),
        };
        self.failure(Status::Crashed, reason)
    }

    /// Waits for the runner to end by itself; whether it has. It stays a zombie, so that its number, which is also that
    /// of its process group, is nobody else's yet.
    fn await_end(&mut self) -> bool {
        let until = Instant::now() + DEATH_GRACE;
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let Some(pid) = Pid::from_raw(self.pid) else {
            return false;
        };
        while matches!(waitid(WaitId::Pid(pid), look), Ok(None) | Err(rustix::io::Errno::INTR)) {
            if Instant::now() > until {
                return false;
            }
            self.stderr.drain();
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// An allocation that fails aborts, and says so on standard error only.
    fn out_of_memory(&self, ended: Ended) -> &'static str {
        let said = || self.stderr.text().unwrap_or_default();
        match ended {
            Ended::Signalled(_) if said().contains("memory allocation of") => ", out of memory",
            _ => "",
        }
    }

    fn failure(&mut self, status: Status, reason: String) -> Failure {
        self.stderr.drain();
        Failure { status, reason, stderr_tail: self.stderr.text() }
    }

    /// Waits for what was killed, and no longer than that may take.
    fn reap(&mut self) -> Option<Ended> {
        if self.reaped || self.stuck.is_some() {
            return None;
        }
        match sys::wait_within(self.pid, KILL_GRACE) {
            Ok(Some((ended, _))) => {
                self.reaped = true;
                Some(ended)
            }
            Ok(None) => {
                self.stuck = Some(state(self.pid.unsigned_abs()));
                None
            }
            // It is no child of this process, so its number is not to be used again.
            Err(_) => {
                self.reaped = true;
                None
            }
        }
    }

    /// Ends the runner; what came of that.
    fn end(&mut self) -> String {
        self.kill();
        self.reap();
        self.fate()
    }

    /// What came of ending it.
    fn fate(&self) -> String {
        match self.stuck {
            Some(state) => format!("could not be ended (state {state})"),
            None => "was ended".to_owned(),
        }
    }

    /// Ends the runner and all that it has started in its process group. A runner that has exited already keeps its
    /// exit code: it is a zombie until it is waited for, and a signal does not change how it ended.
    fn kill(&mut self) {
        if let Some(group) = Pid::from_raw(self.pid).filter(|_| !self.reaped) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.kill();
        let _ = self.reap();
    }
}
