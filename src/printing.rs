//! What is written to standard output and standard error.

use std::io::{ErrorKind, Write};

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

/// Writes a remark to standard error, in one line: what it quotes from a record must not act on the terminal. Where
/// standard error is closed, nobody wants to read it.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", clean(text));
}

/// Whether a panic comes from printing to where nobody reads: the standard library's macros, and so criterion, panic.
pub(crate) fn is_closed_output(message: &str) -> bool {
    message.starts_with("failed printing to std")
}
