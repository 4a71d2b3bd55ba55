use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;

/// Reads a variable and removes it, so that no process started from here inherits it: call it first thing in `main`. It
/// stays where other threads run already.
pub fn take_before_threads(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if is_single_threaded() {
        // SAFETY: this thread is the only one, so nobody reads the environment at the same time, and nobody else is
        // there to start another.
        unsafe { std::env::remove_var(name) };
    }
    value
}

/// Sets a variable for a library that reads its settings from nowhere else: call it before that library, or anything
/// else, has started a thread.
///
/// # Errors
///
/// When this process has more than one thread, or the kernel does not say.
pub fn set_before_threads(name: &str, value: impl AsRef<OsStr>) -> io::Result<()> {
    if !is_single_threaded() {
        return Err(io::Error::other(format!("{name} cannot be set while other threads may read it")));
    }
    // SAFETY: as above.
    unsafe { std::env::set_var(name, value) };
    Ok(())
}

/// Whether the calling thread is the only one of this process, as far as the kernel says.
fn is_single_threaded() -> bool {
    std::fs::metadata("/proc/self/task").is_ok_and(|threads| is_of_one_thread(&threads))
}

/// Whether a folder of threads holds one: it has a link for each beside its own two, so that one call counts them all.
pub(crate) fn is_of_one_thread(threads: &Metadata) -> bool {
    threads.nlink() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_other_threads_the_environment_is_left_alone() {
        let refused = std::thread::spawn(|| set_before_threads("CONCBENCH_NEVER", "x")).join().unwrap();
        assert!(refused.unwrap_err().to_string().starts_with("CONCBENCH_NEVER cannot be set"));
        assert_eq!(std::env::var_os("CONCBENCH_NEVER"), None);
        let path = std::thread::spawn(|| take_before_threads("PATH")).join().unwrap();
        assert_eq!(std::env::var("PATH").ok(), path);
        assert!(!std::thread::spawn(is_single_threaded).join().unwrap());
    }
}
