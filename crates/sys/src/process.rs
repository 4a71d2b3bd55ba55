use std::io;
use std::time::Duration;

use crate::is_single_threaded;

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

/// Forks this process; the child runs `child` and exits with what it returns, without running any destructor or exit
/// handler of the parent's.
///
/// # Errors
///
/// That this process has other threads: the child would have copies of their locks, which nobody opens any more. Or
/// whatever `fork` answers: usually that a limit on processes is reached.
pub fn fork(child: impl FnOnce() -> i32) -> io::Result<i32> {
    if !is_single_threaded() {
        return Err(io::Error::other("only a process with one thread can be forked"));
    }
    // SAFETY: this thread is the only one, and nobody else is there to start another: the child's copy of every lock is
    // as this thread left it, and any code may run in it.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(101);
            // SAFETY: `_exit` ends the process at once; nothing runs after it.
            unsafe { libc::_exit(code) }
        }
        pid => Ok(pid),
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

fn duration(time: libc::timeval) -> Duration {
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
        let refused = std::thread::spawn(|| fork(|| 0)).join().unwrap();
        assert!(refused.unwrap_err().to_string().starts_with("only a process with one thread"));
    }
}
