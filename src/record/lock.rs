//! One run into one folder: a second is refused, and told who is there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::store::StoreError;

/// The name of the lock in the folder of its run.
const LOCK: &str = "lock";

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
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // A lock that somebody else has made need not hold text, nor end.
                let read = (&mut file).take(64).read_to_string(&mut holder);
                let known = read.is_ok() && !holder.trim().is_empty();
                return Ok(Attempt::Held(if known {
                    holder.trim().to_owned()
                } else {
                    "unknown".to_owned()
                }));
            }
            Err(error) => return Err(error.into()),
        }
        let here = file.metadata()?;
        if !std::fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (here.dev(), here.ino()))
        {
            return Ok(Attempt::Gone);
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Attempt::Taken(file))
    }
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
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(lock);
        assert!(!folder.path().join(LOCK).exists());
        drop(Lock::take(folder.path()).unwrap());
    }
}
