//! Ctrl-C and kin: the first asks the run to end cleanly, the second ends it at once. Ctrl-Z stops it, and that is seen.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

/// Signals that ask a run to end.
#[derive(Debug)]
pub(crate) struct Interrupt {
    /// Readable once a signal has come: for polls.
    wake: UnixStream,
    /// The signal, 0 until then.
    signal: Arc<AtomicUsize>,
    /// Whether this process was stopped and goes on.
    continued: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes the signals over.
    ///
    /// # Errors
    ///
    /// When the kernel refuses a socket pair or a handler.
    pub(crate) fn install() -> io::Result<Self> {
        let (wake, write) = UnixStream::pair()?;
        let signal = Arc::new(AtomicUsize::new(0));
        let armed = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the handler that ends the process looks at what the first signal has set before.
            signal_hook::flag::register_conditional_default(number, Arc::clone(&armed))?;
            signal_hook::flag::register(number, Arc::clone(&armed))?;
            signal_hook::flag::register_usize(number, Arc::clone(&signal), number as usize)?;
            signal_hook::low_level::pipe::register(number, write.try_clone()?)?;
        }
        let continued = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGCONT, Arc::clone(&continued))?;
        // A file that grows past its limit is an error of the write then, and not the end of this process.
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        Ok(Self { wake, signal, continued })
    }

    /// Whether this process was stopped and went on since [`forget_stops`](Self::forget_stops).
    pub(super) fn was_stopped(&self) -> bool {
        self.continued.load(Ordering::Relaxed)
    }

    /// From here on, only later stops count.
    pub(super) fn forget_stops(&self) {
        self.continued.store(false, Ordering::Relaxed);
    }

    /// The signal that asked the run to end, if one has.
    pub(crate) fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
