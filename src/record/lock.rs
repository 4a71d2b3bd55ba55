//! One run into one folder: a second is refused, and told who is there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::process::{Pid, test_kill_process};

use super::error::StoreError;
use super::names::LOCK;

/// The right to write into a folder. The kernel gives it back when this process ends, however it does.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// When another process has it, or the file cannot be made.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK);
        loop {
            match Self::attempt(&path) {
                Ok(Attempt::Taken(file)) => return Ok(Self { path, _file: file }),
                Ok(Attempt::Held(holder)) => {
                    return Err(StoreError::Held { path: folder.to_owned(), holder });
                }
                // Its last holder has removed the file meanwhile.
                Ok(Attempt::Gone) => {}
                Err(source) => return Err(StoreError::Write { path, source }),
            }
        }
    }

    fn attempt(path: &Path) -> io::Result<Attempt> {
        // Neither through a link nor for a pipe that nobody opens: the folder may be somebody else's work.
        let careful = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).custom_flags(careful);
        let mut file = options.open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // A lock that somebody else has made need not hold text, nor end.
                let read = (&mut file).take(64).read_to_string(&mut holder);
                let holder = holder.trim();
                let known = read.is_ok() && is_alive(holder);
                return Ok(Attempt::Held(if known {
                    format!("process {holder}")
                } else {
                    UNKNOWN.to_owned()
                }));
            }
            Err(error) => return Err(error.into()),
        }
        let here = file.metadata()?;
        if !std::fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (here.dev(), here.ino()))
        {
            return Ok(Attempt::Gone);
        }
        let mut last = String::new();
        let read = (&mut file).take(64).read_to_string(&mut last);
        let is_ours = read.is_ok() && last.trim().bytes().all(|byte| byte.is_ascii_digit());
        if !here.is_file() || !is_ours {
            return Err(io::Error::other("it holds something else than the number of a process; remove it"));
        }
        file.rewind()?;
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Attempt::Taken(file))
    }
}

/// Whoever has it, and whose number cannot be told: it was not written yet, and that of a process before it stands there.
const UNKNOWN: &str = "another process";

/// Whether it is the number of a process that is there, whoever's it is.
fn is_alive(number: &str) -> bool {
    let pid = number.parse().ok().filter(|&number| number > 0).and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

enum Attempt {
    Taken(File),
    Held(String),
    Gone,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that cannot be removed holds nobody up: what counts is who has locked it.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_the_first_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("in use by process {};", std::process::id())), "{error}");
        // What stands there until its holder has written its own.
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        for stale in [ended.id().to_string(), String::new(), "-1".to_owned(), "0".to_owned()] {
            std::fs::write(folder.path().join(LOCK), &stale).unwrap();
            let error = Lock::take(folder.path()).unwrap_err().to_string();
            assert!(error.contains("in use by another process;"), "{stale}: {error}");
        }
        drop(lock);
        assert!(!folder.path().join(LOCK).exists());
        drop(Lock::take(folder.path()).unwrap());
        // That of a process that was killed.
        std::fs::write(folder.path().join(LOCK), "4711\n").unwrap();
        drop(Lock::take(folder.path()).unwrap());
    }

    #[test]
    fn what_is_no_lock_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (lock, precious) = (folder.path().join(LOCK), folder.path().join("precious"));
        std::fs::write(&precious, "kept").unwrap();
        std::os::unix::fs::symlink(&precious, &lock).unwrap();
        assert!(Lock::take(folder.path()).is_err());
        std::fs::remove_file(&lock).unwrap();
        std::fs::copy(&precious, &lock).unwrap();
        assert!(Lock::take(folder.path()).is_err());
        for path in [precious, lock] {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "kept");
        }
    }
}
