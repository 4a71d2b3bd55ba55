use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::environment::is_of_one_thread;

/// How long it takes at first until a child is looked at again, and at most.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// What a process and the processes that it waited for have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of programs.
    pub user: Duration,
    /// Processor time of the kernel for them.
    pub system: Duration,
    /// How often a thread gave its processor up.
    pub voluntary_switches: u64,
    /// How often a processor was taken from a thread.
    pub involuntary_switches: u64,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
}

/// How many forks, each inside of the one before, lie between the program that was started and this process.
static FORKS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The number of this thread, and [`FORKS`] in the process to which it belonged when that was asked for.
    static THREAD: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// The number of the calling thread, which no other thread of the machine has while it lives: never 0, and at most 30 bits
/// long. The kernel is asked once for each thread of a process, since asking takes longer than taking a lock.
pub fn thread_id() -> u32 {
    let forks = FORKS.load(Ordering::Relaxed);
    match THREAD.get() {
        (id, of) if id != 0 && of == forks => id,
        _ => {
            // SAFETY: it takes nothing, and returns a number.
            let id = unsafe { libc::gettid() }.unsigned_abs();
            THREAD.set((id, forks));
            id
        }
    }
}

/// Forks this process, which may have no thread but one.
///
/// The folder of its threads is held open, so that one call, a fraction of a microsecond before a fork of some dozen,
/// shows that there is still none.
#[derive(Debug)]
pub struct Forker {
    threads: File,
    /// [`FORKS`] in the process whose threads these are.
    forks: u32,
}

impl Forker {
    /// One for this process.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] when this process has other threads, or another kind when the kernel does not say.
    pub fn new() -> io::Result<Self> {
        let threads = File::open("/proc/self/task")?;
        let forker = Self { threads, forks: FORKS.load(Ordering::Relaxed) };
        forker.require_one_thread()?;
        Ok(forker)
    }

    /// Forks; the child runs `child` and exits with what it returns, without running any destructor or exit handler of
    /// the parent's.
    ///
    /// # Errors
    ///
    /// That this process has other threads by now: the child would have copies of their locks, which nobody opens any
    /// more. That this forker was inherited, and so sees the threads of the parent. Or whatever `fork` answers: usually
    /// that a limit on processes is reached.
    pub fn fork(&self, child: impl FnOnce() -> i32) -> io::Result<i32> {
        if self.forks != FORKS.load(Ordering::Relaxed) {
            return Err(io::Error::other("a forked process needs a forker of its own"));
        }
        self.require_one_thread()?;
        // SAFETY: this thread is the only one, and nobody else is there to start another: the child's copy of every lock
        // is as this thread left it, and any code may run in it.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => {
                FORKS.fetch_add(1, Ordering::Relaxed);
                let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(101);
                // SAFETY: `_exit` ends the process at once; nothing runs after it.
                unsafe { libc::_exit(code) }
            }
            pid => Ok(pid),
        }
    }

    fn require_one_thread(&self) -> io::Result<()> {
        match is_of_one_thread(&self.threads.metadata()?) {
            true => Ok(()),
            false => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "forking needs a process with one thread, and this one has more",
            )),
        }
    }
}

/// Has the kernel end what a command starts, with SIGKILL, once the thread has ended that starts it: another program does not
/// know that it must not outlive this one.
pub fn end_with_this_thread(command: &mut Command) {
    let parent = std::process::id();
    let ask = move || {
        // SAFETY: the call takes numbers only.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call cannot fail, and takes nothing.
        match u32::try_from(unsafe { libc::getppid() }) {
            Ok(now) if now == parent => Ok(()),
            // It ended before anybody asked.
            _ => Err(io::Error::from_raw_os_error(libc::ESRCH)),
        }
    };
    // SAFETY: between fork and exec it makes two system calls that are safe there, and neither allocates nor takes a lock.
    unsafe { command.pre_exec(ask) };
}

/// Waits for a child: how it ended, and what it has used; with `block` false, `None` if it has not ended yet.
///
/// # Errors
///
/// `ECHILD` where there is no such child.
pub fn wait(pid: i32, block: bool) -> io::Result<Option<(Ended, Usage)>> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    let options = if block { 0 } else { libc::WNOHANG };
    let ended = loop {
        // SAFETY: both pointers are to locals that outlive the call.
        let ended = unsafe { libc::wait4(pid, &mut status, options, usage.as_mut_ptr()) };
        if ended >= 0 {
            break ended;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    };
    if ended == 0 {
        return Ok(None);
    }
    // SAFETY: it was zeroed, which is a valid `rusage`, and the kernel has filled it in.
    let usage = unsafe { usage.assume_init() };
    let how = if libc::WIFSIGNALED(status) {
        Ended::Signalled(libc::WTERMSIG(status))
    } else {
        Ended::Exited(libc::WEXITSTATUS(status))
    };
    Ok(Some((how, convert(&usage))))
}

/// Waits for a child for so long at most; `None` if it has not ended by then. One that was killed need not end: a debugger
/// can keep it, a frozen control group, or a call of the kernel that nothing interrupts.
///
/// # Errors
///
/// `ECHILD` where there is no such child.
pub fn wait_within(pid: i32, time: Duration) -> io::Result<Option<(Ended, Usage)>> {
    let until = Instant::now() + time;
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Some(ended) = wait(pid, false)? {
            return Ok(Some(ended));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn convert(usage: &libc::rusage) -> Usage {
    Usage {
        user: duration(usage.ru_utime),
        system: duration(usage.ru_stime),
        voluntary_switches: u64::try_from(usage.ru_nvcsw).unwrap_or(0),
        involuntary_switches: u64::try_from(usage.ru_nivcsw).unwrap_or(0),
    }
}

pub(crate) fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Exited(code) => write!(formatter, "exited with code {code} before its work was done"),
            Self::Signalled(signal) => {
                let name = signal_hook::low_level::signal_name(signal).unwrap_or("an unnamed signal");
                write!(formatter, "was ended by {name} (signal {signal})")?;
                if signal == libc::SIGKILL { write!(formatter, ", possibly out of memory") } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_other_threads_nothing_is_forked() {
        let refused = std::thread::spawn(Forker::new).join().unwrap().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
        // As after a thread was started that was not there at first.
        let too_late = Forker { threads: File::open("/proc/self/task").unwrap(), forks: 0 };
        let refused = std::thread::spawn(move || too_late.fork(|| 0)).join().unwrap().unwrap_err();
        assert!(refused.to_string().starts_with("forking needs a process with one thread"), "{refused}");
    }

    #[test]
    #[expect(clippy::zombie_processes, reason = "what is tested waits for it")]
    fn a_child_that_does_not_end_is_waited_for_no_longer_than_was_asked() {
        let mut child = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = child.id() as i32;
        assert_eq!(wait_within(pid, Duration::from_millis(20)).unwrap(), None);
        drop(child.stdin.take());
        let (ended, _) = wait_within(pid, Duration::from_secs(60)).unwrap().expect("its input has ended");
        assert_eq!(ended, Ended::Exited(0));
        assert!(wait_within(pid, Duration::from_secs(60)).is_err(), "it was waited for");
    }

    #[test]
    fn every_thread_has_a_number_of_its_own_which_stays() {
        let here = thread_id();
        assert_eq!(
            (here, thread_id()),
            (rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs(), here)
        );
        assert_ne!(std::thread::spawn(thread_id).join().unwrap(), here);
    }

    #[test]
    fn an_inherited_forker_forks_nothing() {
        let inherited = Forker { threads: File::open("/proc/self/task").unwrap(), forks: 1 };
        let refused = inherited.fork(|| 0).unwrap_err().to_string();
        assert_eq!(refused, "a forked process needs a forker of its own");
    }
}
