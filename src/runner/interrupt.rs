//! Ctrl-C and kin: the first asks the run to end cleanly, the second ends it at once. Ctrl-Z stops it, and that is seen.
//!
//! One wish to end is often told twice: `timeout` signals its child and the group of it, a terminal that closes is
//! reported by the kernel and by the shell. So what follows the first within [`ECHO`] is the same wish.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGTERM};

use crate::machine::proc::ignored_signals;
use crate::time::nanoseconds;

/// How long after the first signal another is its echo.
const ECHO: Duration = Duration::from_millis(300);

/// Signals that ask a run to end.
#[derive(Debug)]
pub(crate) struct Interrupt {
    /// Readable once a signal has come: for polls.
    wake: UnixStream,
    /// The signal, 0 until then.
    signal: Arc<AtomicUsize>,
    /// Whether this process was told to go on.
    continued: Arc<AtomicBool>,
    /// How much later than it should this process has woken from a wait, at most, in nanoseconds.
    late_ns: AtomicU64,
}

impl Interrupt {
    /// Takes the signals over, the first time: a signal that comes between two runs of one process ends the second.
    ///
    /// # Errors
    ///
    /// When the kernel refuses a socket pair or a handler.
    pub(crate) fn install() -> io::Result<&'static Self> {
        static INSTALLED: OnceLock<Interrupt> = OnceLock::new();
        if let Some(installed) = INSTALLED.get() {
            return Ok(installed);
        }
        let taken_over = Self::take_over(Ignored(ignored_signals()))?;
        Ok(INSTALLED.get_or_init(|| taken_over))
    }

    fn take_over(ignored: Ignored) -> io::Result<Self> {
        let (wake, write) = UnixStream::pair()?;
        let (first, alarm) = UnixStream::pair()?;
        let signal = Arc::new(AtomicUsize::new(0));
        let armed = Arc::new(AtomicBool::new(false));
        arm_after(first, Arc::clone(&armed))?;
        // The kernel ends no process 1 by a signal's default; whatever else takes its place there is no clean end.
        let end_at_once = |number| match std::process::id() {
            1 => signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&armed)),
            _ => signal_hook::flag::register_conditional_default(number, Arc::clone(&armed)),
        };
        // Whoever started this process with one of them ignored (nohup, a shell's `&`) wants it to live through that.
        for number in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&number| !ignored.has(number)) {
            end_at_once(number)?;
            signal_hook::low_level::pipe::register(number, alarm.try_clone()?)?;
            signal_hook::flag::register_usize(number, Arc::clone(&signal), number as usize)?;
            signal_hook::low_level::pipe::register(number, write.try_clone()?)?;
        }
        let continued = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGCONT, Arc::clone(&continued))?;
        // While it is ignored, children vanish and nobody can say how they ended; runners inherit that.
        if ignored.has(SIGCHLD) {
            signal_hook::flag::register(SIGCHLD, Arc::new(AtomicBool::new(false)))?;
        }
        Ok(Self { wake, signal, continued, late_ns: AtomicU64::new(0) })
    }

    /// Whether this process was told to go on since [`forget_gaps`](Self::forget_gaps). Whoever is told so need not have been
    /// stopped.
    pub(super) fn was_continued(&self) -> bool {
        self.continued.load(Ordering::Relaxed)
    }

    /// How much later than it should it has woken since then, at most.
    pub(super) fn late(&self) -> Duration {
        Duration::from_nanos(self.late_ns.load(Ordering::Relaxed))
    }

    /// It woke so much later than it should.
    pub(super) fn woke_late(&self, by: Duration) {
        self.late_ns.fetch_max(nanoseconds(by), Ordering::Relaxed);
    }

    /// From here on, only later gaps count.
    pub(super) fn forget_gaps(&self) {
        self.continued.store(false, Ordering::Relaxed);
        self.late_ns.store(0, Ordering::Relaxed);
    }

    /// The signal that asked the run to end, if one has.
    pub(crate) fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }
}

/// Has another signal end this process once the first is no news any more: a thread waits for that, since no handler can.
fn arm_after(mut first: UnixStream, armed: Arc<AtomicBool>) -> io::Result<()> {
    let wait = move || {
        if first.read_exact(&mut [0]).is_ok() {
            std::thread::sleep(ECHO);
            armed.store(true, Ordering::Relaxed);
        }
    };
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(wait).map(drop)
}

/// The signals that a process ignores, a bit for each.
#[derive(Debug, Clone, Copy)]
struct Ignored(u64);

impl Ignored {
    fn has(self, signal: i32) -> bool {
        self.0 >> (signal - 1) & 1 == 1
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_bit_by_bit() {
        let ignored = Ignored(0x0001_0001);
        assert!(ignored.has(SIGHUP) && ignored.has(SIGCHLD));
        assert!(!ignored.has(SIGINT) && !ignored.has(SIGTERM));
    }
}
