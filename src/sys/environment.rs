use std::ffi::OsStr;

/// Reads a variable and removes it, so that no process started from here inherits it.
///
/// Call it first thing in `main`, before any thread exists.
pub(crate) fn take_before_threads(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    // SAFETY: the only callers run at the start of `main`, when this thread is the only one, so nobody reads the
    // environment at the same time.
    unsafe { std::env::remove_var(name) };
    value
}

/// Sets a variable for a library that reads its settings from nowhere else.
///
/// Call it before that library, or anything else, has started a thread.
pub(crate) fn set_before_threads(name: &str, value: impl AsRef<OsStr>) {
    // SAFETY: it is called at the start of a bench file's `main`, or once for each library when the first model of a
    // runner starts that uses it. The process is single-threaded until then, so nobody reads the environment at the
    // same time.
    unsafe { std::env::set_var(name, value) };
}
