use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::environment::is_of_one_thread;

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
    fn an_inherited_forker_forks_nothing() {
        let inherited = Forker { threads: File::open("/proc/self/task").unwrap(), forks: 1 };
        let refused = inherited.fork(|| 0).unwrap_err().to_string();
        assert_eq!(refused, "a forked process needs a forker of its own");
    }
}
