use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{Mode, OFlags, fstat, open};
use serde::{Deserialize, Serialize};

/// By what the processes of a model open a file that their runner has open, and no other file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHandle {
    /// The process that has it open.
    process: u32,
    /// Its descriptor there.
    descriptor: i32,
    /// The device and the number of the file.
    device: u64,
    inode: u64,
}

impl FileHandle {
    /// That of a file which this process keeps open.
    ///
    /// # Errors
    ///
    /// When the kernel does not say which file it is.
    pub fn of(file: &(impl AsFd + AsRawFd)) -> io::Result<Self> {
        let (device, inode) = identity(file)?;
        Ok(Self { process: std::process::id(), descriptor: file.as_raw_fd(), device, inode })
    }

    /// Opens it as `options` say.
    ///
    /// # Errors
    ///
    /// When the process is gone, or has another file there: its number may be somebody else's by now.
    pub fn open(&self, options: &OpenOptions) -> io::Result<File> {
        let path = format!("/proc/{}/fd/{}", self.process, self.descriptor);
        // Only looked at: to open a pipe or a device that is somebody else's is to act on it.
        let seen = open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        if identity(&seen)? != (self.device, self.inode) {
            return Err(io::Error::other(format!("{path} is another file than it was")));
        }
        options.open(format!("/proc/self/fd/{}", seen.as_raw_fd()))
    }
}

fn identity(file: impl AsFd) -> io::Result<(u64, u64)> {
    let stat = fstat(file)?;
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_that_stands_where_another_stood_is_not_touched() {
        let [ours, theirs] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
        let handle = FileHandle::of(&ours).unwrap();
        let mut append = handle.open(OpenOptions::new().append(true)).unwrap();
        append.write_all(b"note").unwrap();
        let wrong = FileHandle { descriptor: theirs.as_raw_fd(), ..handle.clone() };
        let refused = wrong.open(OpenOptions::new().append(true).truncate(false)).unwrap_err();
        assert!(refused.to_string().ends_with("is another file than it was"), "{refused}");
        assert_eq!(std::fs::read(theirs.path()).unwrap(), b"");
        assert_eq!(std::fs::read(ours.path()).unwrap(), b"note");
        drop(ours);
        assert!(handle.open(OpenOptions::new().append(true)).is_err());
    }
}
