//! What is written to standard output and standard error.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use crate::record::StoreError;
use crate::report::text::clean;

/// Writes data to standard output. A reader that has closed it (`head`, say) has seen enough: that is no error.
///
/// # Errors
///
/// When standard output cannot be written to.
pub(crate) fn print(text: &str) -> Result<(), StoreError> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(StoreError::Write { path: "standard output".into(), source })
        }
        _ => Ok(()),
    }
}

/// How long standard error may have no room until whoever should read it counts as one who does not.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many bytes a pipe takes at once without waiting, if it takes any.
const PIECE: usize = 4096;

/// Whether whoever should read standard error was too late the last time.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// Writes a remark to standard error, in one line: what it quotes from a record must not act on the terminal. Where
/// standard error is closed, nobody wants to read it.
pub(crate) fn remark(text: &str) {
    say(&clean(text));
}

/// Writes a line to standard error that may hold what only a terminal shows; nothing where nobody reads it: a run does not
/// wait for its reader.
pub(crate) fn say(line: &str) {
    for piece in format!("{line}\n").as_bytes().chunks(PIECE) {
        if !is_read() || std::io::stderr().write_all(piece).is_err() {
            return;
        }
    }
}

/// Whether standard error takes a line without waiting for its reader: a full pipe does not, nor a terminal that was
/// stopped. The reader has a moment, the first time.
pub(crate) fn is_read() -> bool {
    let patience = if UNREAD.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
    let timeout = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: 0 };
    let error = rustix::stdio::stderr();
    let ready = retry_on_intr(|| poll(&mut [PollFd::new(&error, PollFlags::OUT)], Some(&timeout)));
    let read = !matches!(ready, Ok(0));
    UNREAD.store(!read, Ordering::Relaxed);
    read
}

/// Whether a panic comes from printing to where nobody reads: the standard library's macros, and so criterion, panic.
pub(crate) fn is_closed_output(message: &str) -> bool {
    message.starts_with("failed printing to std")
}
